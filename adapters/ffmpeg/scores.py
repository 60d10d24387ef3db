"""What a comparison has found: the logs of libvmaf and ssim, and what they come to. Pure, but for reading the file.

A log is written by a process that has read a stranger's file: it is read bounded, and odd values are left out.
"""

import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from statistics import fmean

from adapters.ffmpeg.fields import count, mapping, number
from adapters.ffmpeg.outputs import OutputRefused, check
from adapters.ffmpeg.quality import Comparison, Window

MOST_POINTS = 300
_MAX_LOG_BYTES = 16 << 20
_MAX_SCORES = 20_000
_SSIM_LINE = re.compile(r"^n:(\d{1,9}) .*\bAll:(\S{1,20}) ", re.MULTILINE)
_RANGES = {"vmaf": (0.0, 100.0), "ssim": (-1.0, 1.0)}

Point = tuple[float, float]
"""Seconds into the film, and the score of the frame that is shown then."""


class ScoresUnreadable(Exception):
    """The log is missing, too large, or holds no score. The message says which."""


@dataclass(frozen=True, slots=True)
class Scores:
    """What the scores of the frames come to, on the metric's scale: 0 to 100 for VMAF, up to 1 for SSIM."""

    frames: int
    mean: float
    harmonic_mean: float
    """Bad frames count more in it. As libvmaf has it: of the scores plus 1, less 1."""
    percentile_5: float
    lowest: float
    lowest_at_seconds: float
    curve: tuple[Point, ...]
    """At most MOST_POINTS, in the order of time; each the lowest of those that it stands for."""


def read_scores(log: Path, comparison: Comparison, window: Window, every: int) -> list[Point]:
    """The frames of one window, in the order of time. Raises ScoresUnreadable."""
    try:
        check(log)
        if log.stat().st_size > _MAX_LOG_BYTES:
            raise ScoresUnreadable("the log of the scores is too large")
        text = log.read_text("utf-8", "replace")
    except (OutputRefused, FileNotFoundError) as error:
        raise ScoresUnreadable(f"the log of the scores: {error}") from error
    found = _of_ssim(text, every) if comparison.metric == "ssim" else _of_vmaf(text)
    low, high = _RANGES[comparison.metric]
    points = [
        (round(float(window.start + Fraction(frame) / comparison.frame_rate), 3), score)
        for frame, score in found
        if low <= score <= high
    ]
    if not points:
        raise ScoresUnreadable("the log holds no score")
    return sorted(points)[:_MAX_SCORES]


def _of_vmaf(text: str) -> list[tuple[int, float]]:
    try:
        document = mapping(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise ScoresUnreadable("libvmaf's log is no JSON") from error
    frames = document.get("frames")
    found = []
    for frame in map(mapping, frames if isinstance(frames, list) else ()):
        position, score = count(frame.get("frameNum")), number(mapping(frame.get("metrics")).get("vmaf"))
        if position is not None and score is not None:
            found.append((position, score))
    return found


def _of_ssim(text: str, every: int) -> list[tuple[int, float]]:
    scores = [(int(match[1]), number(match[2])) for match in _SSIM_LINE.finditer(text)]
    return [(max(0, n - 1) * every, score) for n, score in scores if score is not None]


def summarise(points: Sequence[Point]) -> Scores:
    """Raises ValueError where there are none."""
    if not points:
        raise ValueError("no scores")
    scores = sorted(score for _, score in points)
    at, lowest = min(points, key=lambda point: (point[1], point[0]))
    return Scores(
        frames=len(scores),
        mean=fmean(scores),
        harmonic_mean=_harmonic(scores),
        percentile_5=scores[math.ceil(0.05 * len(scores)) - 1],
        lowest=lowest,
        lowest_at_seconds=at,
        curve=tuple(thinned(points)),
    )


def _harmonic(scores: Sequence[float]) -> float:
    if min(scores) <= -1:
        return -1.0
    return len(scores) / math.fsum(1 / (score + 1) for score in scores) - 1


def thinned(points: Sequence[Point], most: int = MOST_POINTS) -> Iterable[Point]:
    """At most `most` points, each the lowest of its neighbours: what is thinned out must not hide a bad moment."""
    size = math.ceil(len(points) / most)
    for begin in range(0, len(points), max(1, size)):
        yield min(points[begin : begin + size], key=lambda point: point[1])
