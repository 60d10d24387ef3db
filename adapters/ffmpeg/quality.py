"""How near a rendition comes to its source: what is compared, and the commands that do it. Pure.

Both pictures pass through one filter graph: the rendition as it is, and the source by the chain of its encode
(rotation, fields, frame rate, size, colours), so that what differs is what the encoder lost. Frames are paired by
their times.
https://ffmpeg.org/ffmpeg-filters.html#libvmaf-1, https://ffmpeg.org/ffmpeg-filters.html#ssim
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any, Literal, get_args

from adapters.ffmpeg.command import HEAD, filters_after, filters_before, scale_filter
from adapters.ffmpeg.encode import Encode
from adapters.ffmpeg.inputs import input_arguments

Metric = Literal["vmaf", "ssim"]
METRICS: tuple[Metric, ...] = get_args(Metric)
CompareAt = Literal["rendition", "source"]
COMPARE_AT: tuple[CompareAt, ...] = get_args(CompareAt)

# Films up to this length are compared whole; of longer ones so many windows, spread evenly.
WHOLE_SECONDS = 60.0
WINDOWS = 12
WINDOW_SECONDS = 5.0
# A command gives about so many scores; of the frames between them SSIM compares none, and VMAF no more than it must.
SCORES = 600
# libvmaf holds pictures for each of its threads.
THREADS = 2
# Read a little further than the window: the picture that is nearest to its last one may come after it.
_BEYOND_SECONDS = 1.0
_DEFAULT_PIXEL_FORMAT = "yuv420p"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is compared with what. `width` and `height` are the size of both pictures."""

    metric: Metric
    model: str | None
    """libvmaf's name of the viewer that VMAF stands for; None for SSIM, which has none."""
    compare_at: CompareAt
    width: int
    height: int
    frame_rate: Fraction
    """Of the rendition."""
    gop_seconds: Fraction
    """Windows begin at multiples of it, where the rendition has a key frame."""
    can_seek: bool
    """Whether the source's format can be entered anywhere, at an exact time."""
    minimum: float | None = None
    """The gate: the least mean score, on the metric's scale; None: whatever comes out is told, and that is all."""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types; fractions as "num/den"."""
        return asdict(self) | {"frame_rate": str(self.frame_rate), "gop_seconds": str(self.gop_seconds)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Comparison":
        """The inverse of `to_json`. Raises KeyError, TypeError or ValueError for anything else."""
        fractions = {name: Fraction(document[name]) for name in ("frame_rate", "gop_seconds")}
        return cls(**{**document, **fractions})


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the film. `seconds` None: to its end."""

    start: Fraction
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Sample:
    """Which parts of the film are looked at, and every which frame of them is scored."""

    windows: tuple[Window, ...]
    every: int


def sample_of(comparison: Comparison, duration_seconds: float | None) -> Sample:
    """Short films whole, long ones in windows; a film of unknown length by its first minute.

    One that cannot be entered in its middle is read whole, with frames further apart.
    """
    if duration_seconds is None:
        return Sample((Window(Fraction(0), WHOLE_SECONDS),), _every(comparison, WHOLE_SECONDS))
    if duration_seconds <= WHOLE_SECONDS or not comparison.can_seek:
        return Sample((Window(Fraction(0), None),), _every(comparison, duration_seconds))
    share = Fraction(duration_seconds) / WINDOWS
    gop = comparison.gop_seconds
    middles = (share * number + (share - Fraction(WINDOW_SECONDS)) / 2 for number in range(WINDOWS))
    starts = [max(Fraction(0), middle) // gop * gop for middle in middles]
    windows = tuple(Window(start, WINDOW_SECONDS) for start in starts)
    return Sample(windows, _every(comparison, WINDOWS * WINDOW_SECONDS))


def _every(comparison: Comparison, seconds: float) -> int:
    return max(1, ceil(seconds * float(comparison.frame_rate) / SCORES))


def build_quality_argv(
    encode: Encode,
    comparison: Comparison,
    window: Window,
    *,
    every: int,
    ffmpeg: Path,
    source: Path,
    rendition: Path,
    log: Path,
) -> tuple[str, ...]:
    """The command that compares one window, all of them local files; it writes a score for each frame to `log`.

    Raises ValueError for an encode without a picture.
    """
    if encode.video is None:
        raise ValueError("there is no picture to compare")
    return (
        str(ffmpeg),
        *HEAD,
        *_enter(float(window.start), window.seconds),
        *input_arguments(rendition),
        *_enter_source(window, encode.delay_seconds),
        *input_arguments(source),
        "-filter_complex", _graph(encode, comparison, every, log),
        "-map", "[compared]", "-an", "-sn", "-dn", "-f", "null", "-",
    )  # fmt: skip


def _enter(start: float, seconds: float | None) -> tuple[str, ...]:
    at = ("-ss", f"{start:.6f}") if start else ()
    return at if seconds is None else (*at, "-t", f"{seconds:.6f}")


def _enter_source(window: Window, delay_seconds: float) -> tuple[str, ...]:
    """The rendition has silence or a still where its source begins late: what is at 0 there, is later here."""
    seconds = None if window.seconds is None else window.seconds + _BEYOND_SECONDS
    start = float(window.start) - delay_seconds
    late = ("-itsoffset", f"{-start:.6f}") if start < 0 else ()
    return (*late, *_enter(max(0.0, start), seconds))


def _graph(encode: Encode, comparison: Comparison, every: int, log: Path) -> str:
    video = encode.video
    assert video is not None  # noqa: S101 - the caller has looked
    pixels = f"format={video.pixel_format or _DEFAULT_PIXEL_FORMAT}"
    scaled = replace(video, width=comparison.width, height=comparison.height)
    is_ssim = comparison.metric == "ssim"
    mine = [f"framestep={every}"] if is_ssim and every > 1 else []
    if (video.width, video.height) != (comparison.width, comparison.height):
        mine.append(scale_filter(scaled))
    rendition = ",".join((*mine, "setsar=1", pixels))
    # The colours are mapped after scaling, as in the encode; its own size only where that is what is asked.
    reference = ",".join((*filters_before(video), scale_filter(scaled), *filters_after(video), pixels))
    # Without `shortest` the last picture of the one is compared with what the other has left.
    paired = "shortest=1:ts_sync_mode=nearest"
    if is_ssim:
        compare = f"ssim=stats_file={_escaped(log)}:{paired}"
    else:
        compare = (
            f"libvmaf=model=version={comparison.model}:n_threads={THREADS}:n_subsample={every}"
            f":log_fmt=json:log_path={_escaped(log)}:{paired}"
        )
    return (
        f"[0:v:0]{rendition}[rendition];[1:{video.stream_index}]{reference}[reference];"
        f"[rendition][reference]{compare}[compared]"
    )


def _escaped(path: Path) -> str:
    """A value in a filter graph: once as an option, once as a part of the graph.

    https://ffmpeg.org/ffmpeg-filters.html#Notes-on-filtergraph-escaping
    """
    option = re.sub(r"([\\':])", r"\\\1", str(path))
    return re.sub(r"([\\'\[\],; ])", r"\\\1", option)
