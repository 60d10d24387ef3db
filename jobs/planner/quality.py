"""How good a rendition has to be: what will be compared, what the score decides, and which setting is better. Pure."""

from dataclasses import dataclass, replace
from math import ceil
from typing import Literal

from adapters.ffmpeg.encode import Encode, VideoEncode
from adapters.ffmpeg.encoders import video_encoder
from adapters.ffmpeg.probe import Probe, VideoStream
from adapters.ffmpeg.quality import Comparison, Metric
from adapters.ffmpeg.scores import Scores
from jobs.planner.gop import Grid
from jobs.planner.pictures import size_of_source
from jobs.planner.plan import RenditionPlan
from jobs.planner.sizes import Size
from jobs.planner.specs import COPY, VIDEO_KBPS, QualityWish, Rung

# Libvmaf's names. Both stand for somebody who sits near enough to see each pixel of a screen of that size:
# https://github.com/Netflix/vmaf/blob/master/resource/doc/models.md
_MODEL, _MODEL_4K = "vmaf_v0.6.1", "vmaf_4k_v0.6.1"
# The long and the short side of what the first model was made for.
_SCREEN = (1920, 1080)
# Formats with an index of every frame, or at least of every key frame, by exact times.
_CAN_SEEK = frozenset({"mov", "mp4", "matroska", "webm"})
CRF_STEP = 3.0
BITRATE_FACTOR = 1.3

Verdict = Literal["good", "again", "bad"]


def comparison_of(
    wish: QualityWish, rung: Rung, encode: VideoEncode, video: VideoStream, probe: Probe, grid: Grid
) -> tuple[Comparison | None, str | None]:
    """How this rung is measured, if it is, and a note where that is not as the wish has it."""
    if encode.encoder == COPY:
        return None, f"The quality of {rung.name!r} is not measured: a copy loses nothing."
    rate = encode.frame_rate or grid.frame_rate
    if rate is None:
        return None, f"The quality of {rung.name!r} is not measured: its frame rate is not known."
    metric: Metric = wish.metric
    minimum = wish.minimum if rung.min_quality is None else rung.min_quality
    note = None
    if metric == "vmaf" and encode.hdr is not None:
        metric = "ssim"
        note = f"{rung.name!r} keeps its HDR, for which VMAF is not defined: its SSIM is measured."
        if minimum is not None:
            minimum = None
            note = f"{note[:-1]}, without a minimum."
    size = Size(encode.width, encode.height)
    if wish.compare_at == "source":
        size = _on_screen(size_of_source(video))
    comparison = Comparison(
        metric=metric,
        model=_model_of(size) if metric == "vmaf" else None,
        compare_at=wish.compare_at,
        width=size.width,
        height=size.height,
        frame_rate=rate,
        gop_seconds=grid.gop_seconds,
        can_seek=not _CAN_SEEK.isdisjoint(probe.format_name.split(",")),
        minimum=minimum,
    )
    return comparison, note


def _on_screen(source: Size) -> Size:
    factor = min(1.0, _SCREEN[0] / max(source), _SCREEN[1] / min(source))
    width, height = (max(2, int(side * factor / 2) * 2) for side in source)
    return Size(width, height)


def _model_of(size: Size) -> str:
    return _MODEL if max(size) <= _SCREEN[0] and min(size) <= _SCREEN[1] else _MODEL_4K


def verdict(planned: RenditionPlan, scores: Scores) -> Verdict:
    """ "again": below the minimum, and a better setting has not been tried yet. "bad": below, and that is the end."""
    minimum = planned.quality.minimum if planned.quality else None
    if minimum is None or scores.mean >= minimum:
        return "good"
    return "bad" if raised(planned) is None else "again"


@dataclass(frozen=True, slots=True)
class Raised:
    """The same rendition at a better setting. `change` says what was changed, for the evidence."""

    planned: RenditionPlan
    change: str


def raised(planned: RenditionPlan) -> Raised | None:
    """crf lower by CRF_STEP, or the bit rate times BITRATE_FACTOR; None where it was raised once, or cannot be.

    Of the fallback too, whichever of the two it was. A cap is what the customer's viewers can receive: it stays, and a
    bit rate does not grow beyond it.
    """
    if planned.raised:
        return None
    encode, change = _better(planned.encode)
    fallback, other = _better(planned.fallback) if planned.fallback else (None, None)
    changes = [one for one in (change, f"fallback: {other}" if other else None) if one]
    if not changes:
        return None
    return Raised(replace(planned, encode=encode, fallback=fallback, raised=True), "; ".join(changes))


def _better(encode: Encode) -> tuple[Encode, str | None]:
    """What was changed, if anything could be."""
    video = encode.video
    if video is None:
        return encode, None
    better, change = video, ""
    if video.crf is not None:
        crf = max(video_encoder(video.encoder).crf.low, video.crf - CRF_STEP)
        better, change = replace(video, crf=crf), f"crf {video.crf:g} > {crf:g}"
    elif video.bitrate_kbps is not None:
        most = int(VIDEO_KBPS.high) if video.maxrate_kbps is None else video.maxrate_kbps
        kbps = min(most, ceil(video.bitrate_kbps * BITRATE_FACTOR))
        better, change = replace(video, bitrate_kbps=kbps), f"bitrate_kbps {video.bitrate_kbps} > {kbps}"
    return (encode, None) if better == video else (replace(encode, video=better), change)
