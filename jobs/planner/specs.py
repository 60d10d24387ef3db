"""The wish: a ladder of rungs, as a customer spells it or a preset stores it.

A ladder knows nothing about a source; `ladder.resolve` brings the two together. What can be wrong with one stands in
`problems`. The ranges stand here once, those of an encoder with the encoder.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any, Literal, get_args

from adapters.ffmpeg.detections import DetectionKind
from adapters.ffmpeg.encode import Container
from adapters.ffmpeg.encoders import Range
from adapters.ffmpeg.extras import KINDS, ExtraFormat, ExtraKind
from adapters.ffmpeg.quality import CompareAt, Metric
from adapters.imaging.encode import KINDS as IMAGE_KINDS
from adapters.imaging.encode import ImageKind

Packaging = Literal["hls", "dash", "hls+dash", "mp4", "webm", "none"]
PACKAGINGS: tuple[Packaging, ...] = get_args(Packaging)
Segments = Literal["single_file", "separate"]
SEGMENTS: tuple[Segments, ...] = get_args(Segments)
Publish = Literal["final", "progressive"]
PUBLISH: tuple[Publish, ...] = get_args(Publish)
Passthrough = Literal["auto", "never"]
PASSTHROUGH: tuple[Passthrough, ...] = get_args(Passthrough)
Languages = Literal["default", "all"]
LANGUAGES: tuple[Languages, ...] = get_args(Languages)
Subtitles = Literal["none", "all"]
SUBTITLES: tuple[Subtitles, ...] = get_args(Subtitles)
HdrWish = Literal["tone_map", "keep"]
HDR: tuple[HdrWish, ...] = get_args(HdrWish)
Pool = Literal["cpu", "gpu", "highmem"]
POOLS: tuple[Pool, ...] = get_args(Pool)
Strategy = Literal["separate", "group"]
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
MEDIA_INFO: Literal["media_info"] = "media_info"
"""The extra that no FFmpeg makes: what is known of the source and of the plan, as JSON."""
AnyExtraKind = ExtraKind | ImageKind | Literal["media_info"]
EXTRA_KINDS: tuple[AnyExtraKind, ...] = (*KINDS, *IMAGE_KINDS, MEDIA_INFO)
# Packagings of whole files, without segments or a manifest, and what they are made of.
FILES: Mapping[str, Container] = {"mp4": "mp4", "webm": "webm"}
NO_PACKAGING: Literal["none"] = "none"
"""Of a ladder without rungs and sound, which is its extras."""

COPY = "copy"
PIXEL_FORMATS = ("yuv420p", "yuv420p10le")
MAX_RUNGS = 20
MAX_EXTRAS = 10
# Beyond it no player's menu goes, and each is an encode of the whole film.
MAX_LANGUAGES = 16
MAX_PASSES = 2
DIMENSION = Range(16, 8192)
VIDEO_KBPS = Range(16, 200_000)
BUFFER_KBITS = Range(16, 400_000)
FRAME_RATE = Range(1, 120)
CHANNELS = Range(1, 8)
# What loudnorm takes; EBU R128 asks for -23, streaming services for -14 to -18.
LOUDNESS_LUFS = Range(-70, -5)
GOP_SECONDS = Range(0.25, 10)
SSIM = Range(0, 1)
# A minimum on each metric's own scale. VMAF: https://github.com/Netflix/vmaf
SCORE_OF: Mapping[Metric, Range] = {"vmaf": Range(0, 100), "ssim": SSIM}
SEGMENT_SECONDS = Range(1, 30)
DEFAULT_GOP_SECONDS = 2.0
DEFAULT_SEGMENT_SECONDS = 4.0
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
# The manifest takes this name beside the playlists of the renditions.
RESERVED_NAME = "master"


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of the ladder. None: the planner's default.

    `height` is the picture's short side and `width` its long one, in pixels as displayed: "720p" of an
    upright phone clip is 720x1280. With both, the picture fits into them; `source_size` takes the source's own
    instead. Give `crf` or `bitrate_kbps`, not both; `maxrate_kbps` caps either, over a window of `bufsize_kbps`
    kilobits (twice the cap by default). `speed`, `codec_profile`, `level` and `tune` are words of the encoder's.
    `encoder` "copy" takes the source's stream as it is and none of the other settings.

    `max_frame_rate` caps frames per second: a whole fraction of the source's rate where that comes near.
    `hdr` "keep" leaves HLG and PQ as they are, in 10 bits. `pool` is where it should run. `min_quality` is the rung's
    own gate, on the scale of the ladder's metric.

    `fallback` makes a rung of a GPU encoder where no GPU can: an encoder of the CPU for the same codec. None: it waits
    for a GPU, or fails for want of one. `fallback_crf` is needed beside `crf`, since each encoder has its own scale.
    """

    name: str
    height: int | None = None
    width: int | None = None
    encoder: str = "libx264"
    crf: float | None = None
    bitrate_kbps: int | None = None
    maxrate_kbps: int | None = None
    bufsize_kbps: int | None = None
    speed: str | None = None
    codec_profile: str | None = None
    level: str | None = None
    pixel_format: str | None = None
    tune: str | None = None
    required: bool = True
    source_size: bool = False
    passes: int = 1
    max_frame_rate: float | None = None
    hdr: HdrWish = "tone_map"
    pool: Pool | None = None
    fallback: str | None = None
    fallback_crf: float | None = None
    fallback_speed: str | None = None
    min_quality: float | None = None


@dataclass(frozen=True, slots=True)
class AudioRung:
    """The sound of a ladder, encoded once and shared. None: as in the source, at the encoder's usual bit rate.

    `loudness_lufs` brings it to this integrated loudness (EBU R128), with true peaks of at most -1 dBTP.
    """

    name: str = "audio"
    encoder: str = "aac"
    bitrate_kbps: int | None = None
    channels: int | None = None
    sample_rate_hz: int | None = None
    required: bool = True
    loudness_lufs: float | None = None


@dataclass(frozen=True, slots=True)
class Extra:
    """What is made beside the ladder: pictures, short clips, media info. None: the planner's default.

    `at_seconds` is where it is taken from, `height` its short side and `width` its long one, `interval_seconds` the
    distance of a sprite sheet's pictures. `format` is one of the kind's (`adapters.ffmpeg.extras.FORMATS`,
    `adapters.imaging.encode.FORMATS`). `pages` are a document's, such as "1-3,7"; the first one by default.
    """

    name: str
    kind: AnyExtraKind
    at_seconds: float | None = None
    duration_seconds: float | None = None
    interval_seconds: float | None = None
    format: ExtraFormat | None = None
    height: int | None = None
    width: int | None = None
    required: bool = False
    pages: str | None = None


@dataclass(frozen=True, slots=True)
class QualityWish:
    """Measure each encoded picture after its encode, beside the source.

    `minimum` is the gate: a rendition whose mean score stays below it is encoded once more at a better setting, and
    then fails. None: nothing fails. `compare_at` "rendition": both in the rendition's size, which tells what the
    encode has lost; "source": both in the source's, at most 1920x1080, as it is seen on a screen.
    """

    metric: Metric = "vmaf"
    minimum: float | None = None
    compare_at: CompareAt = "rendition"


@dataclass(frozen=True, slots=True)
class Ladder:
    """The whole wish. A segment is a whole number of GOPs.

    `segments`: byte ranges of one file for each rendition, or an object for each segment. `publish`: one manifest
    when all is there, or the first as soon as it can be played, and a fuller one with each rendition. Whole files
    (MP4, WebM) have neither segments nor a manifest.

    `passthrough` "auto" copies a stream of the source that is what its rung asks for already. `audio_languages`:
    the default audio stream, or the first of each language. `subtitles` "all" carries the source's subtitles of text as
    WebVTT, at most MAX_LANGUAGES.

    `strategy` "separate": each rung is a process of its own. "group": rungs that fit into a worker's memory share
    one that decodes once. `cascade_min_ssim` then scales a rung from the next larger one where its picture stays so
    near to one that is scaled from the source (`groups.ssim_of_step`); None scales all from the source.

    `detections` looks for parts that are black, frozen or silent, and tells of them; nothing fails for them.
    """

    packaging: Packaging
    rungs: tuple[Rung, ...]
    audio: AudioRung | None
    segment_seconds: float = DEFAULT_SEGMENT_SECONDS
    gop_seconds: float = DEFAULT_GOP_SECONDS
    segments: Segments = "single_file"
    publish: Publish = "final"
    passthrough: Passthrough = "never"
    audio_languages: Languages = "default"
    strategy: Strategy = "separate"
    cascade_min_ssim: float | None = None
    extras: tuple[Extra, ...] = ()
    subtitles: Subtitles = "none"
    quality: QualityWish | None = None
    detections: tuple[DetectionKind, ...] = ()

    @property
    def container(self) -> Container:
        """Of each rendition."""
        return FILES.get(self.packaging, "cmaf")

    @property
    def has_segments(self) -> bool:
        """Whether players change the rendition at segments, so that all of them share a grid."""
        return self.packaging not in (*FILES, NO_PACKAGING)

    def to_json(self) -> dict[str, Any]:
        document = _fields(self)
        document["rungs"] = [_fields(rung) for rung in self.rungs]
        document["audio"] = None if self.audio is None else _fields(self.audio)
        document["extras"] = [_fields(extra) for extra in self.extras]
        document["quality"] = None if self.quality is None else _fields(self.quality)
        document["detections"] = list(self.detections)
        return document

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Ladder":
        """The inverse of `to_json`; what has a default may be missing. Types are the caller's to check.

        Raises KeyError or TypeError for missing and unknown fields.
        """
        audio, quality = document.get("audio"), document.get("quality")
        return cls(
            **{
                **document,
                "rungs": tuple(Rung(**rung) for rung in document["rungs"]),
                "audio": None if audio is None else AudioRung(**audio),
                "extras": tuple(Extra(**extra) for extra in document.get("extras", ())),
                "quality": None if quality is None else QualityWish(**quality),
                "detections": tuple(document.get("detections", ())),
            }
        )


def exact(seconds: float) -> Fraction:
    """The decimal number that was written, not its nearest float: 0.1 is 1/10."""
    return Fraction(str(seconds))


def _fields(value: Ladder | Rung | AudioRung | Extra | QualityWish) -> dict[str, Any]:
    # `dataclasses.asdict` copies deeply: ten times the work, on values that cannot change.
    return {field.name: getattr(value, field.name) for field in fields(value)}
