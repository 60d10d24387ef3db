"""Black, frozen and silent parts of a film: the command that looks for them, and what it says. Pure.

https://ffmpeg.org/ffmpeg-filters.html#blackdetect, #freezedetect and #silencedetect
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from adapters.ffmpeg.command import HEAD
from adapters.ffmpeg.fields import number
from adapters.ffmpeg.inputs import input_arguments

DetectionKind = Literal["black", "freeze", "silence"]
DETECTIONS: tuple[DetectionKind, ...] = get_args(DetectionKind)
MOST_FOUND = 100

# Parts shorter than these are cuts, not faults. FFmpeg's own thresholds: pixels below 10 % of white are black, 98 %
# of them make a black picture; noise of -60 dB still counts as frozen, and as silent.
_OF_PICTURE = {"black": "blackdetect=d=1:pic_th=0.98:pix_th=0.1", "freeze": "freezedetect=n=-60dB:d=2"}
_OF_SOUND = {"silence": "silencedetect=n=-60dB:d=2"}

# Anchored to the filter that speaks: file names and tags are the customer's text.
_FROM = r"^\[(?:Parsed_)?{name}(?:_\d+)? @ 0x[0-9a-f]+\] \[info\] "
_BLACK = re.compile(
    _FROM.format(name="blackdetect") + r"black_start:\s*(\S+) black_end:\s*(\S+) ", re.MULTILINE
)
_FREEZE = re.compile(
    _FROM.format(name="freezedetect") + r"lavfi\.freezedetect\.freeze_(start|end): (\S+)", re.MULTILINE
)
_SILENCE = re.compile(_FROM.format(name="silencedetect") + r"silence_(start|end): (\S+)", re.MULTILINE)
# What is black does not move either.
_NEAR_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Detection:
    """A part of the film in which nothing is seen, nothing moves, or nothing is heard."""

    kind: DetectionKind
    start_seconds: float
    end_seconds: float


def build_detect_argv(
    wanted: Collection[DetectionKind], *, ffmpeg: Path, picture: Path | None, sound: Path | None
) -> tuple[str, ...] | None:
    """The command that looks through local files, which may be one; None where there is nothing to look at."""
    files = list(dict.fromkeys(file for file in (picture, sound) if file is not None))
    looks = [
        ("v", picture, [_OF_PICTURE[kind] for kind in DETECTIONS if kind in wanted and kind in _OF_PICTURE]),
        ("a", sound, [_OF_SOUND[kind] for kind in DETECTIONS if kind in wanted and kind in _OF_SOUND]),
    ]
    streams: list[str] = []
    for kind, file, filters in looks:
        if file is not None and filters:
            streams += ["-map", f"{files.index(file)}:{kind}:0", f"-filter:{kind}", ",".join(filters)]
    if not streams:
        return None
    inputs = [argument for file in files for argument in input_arguments(file)]
    # The filters speak in the log, one level below warnings.
    return (str(ffmpeg), *HEAD, "-loglevel", "level+info", *inputs, *streams, "-sn", "-dn", "-f", "null", "-")


def read_detections(stderr: str, duration_seconds: float | None) -> tuple[Detection, ...]:
    """What was found, in the order of time, at most MOST_FOUND. What has no end lasts until the film's."""
    black = [
        Detection("black", start, end)
        for match in _BLACK.finditer(stderr)
        if (start := _moment(match[1])) is not None and (end := _moment(match[2])) is not None
    ]
    frozen = [
        one for one in _pairs("freeze", _FREEZE, stderr, duration_seconds) if not _lies_within(one, black)
    ]
    silent = list(_pairs("silence", _SILENCE, stderr, duration_seconds))
    found = sorted((*black, *frozen, *silent), key=lambda one: (one.start_seconds, one.kind))
    return tuple(one for one in found if one.end_seconds > one.start_seconds)[:MOST_FOUND]


def _pairs(
    kind: DetectionKind, pattern: re.Pattern[str], stderr: str, duration_seconds: float | None
) -> Iterator[Detection]:
    start: float | None = None
    for match in pattern.finditer(stderr):
        moment = _moment(match[2])
        if match[1] == "start":
            start = moment
        elif start is not None and moment is not None:
            yield Detection(kind, start, moment)
            start = None
    if start is not None and duration_seconds is not None:
        yield Detection(kind, start, round(duration_seconds, 3))


def _moment(text: str) -> float | None:
    found = number(text)
    return None if found is None else round(max(0.0, found), 3)


def _lies_within(one: Detection, others: Sequence[Detection]) -> bool:
    return any(
        other.start_seconds - _NEAR_SECONDS <= one.start_seconds
        and one.end_seconds <= other.end_seconds + _NEAR_SECONDS
        for other in others
    )
