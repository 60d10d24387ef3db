"""Subtitles as WebVTT (https://www.w3.org/TR/webvtt1/): read, checked, cut into segments for HLS.

Our media start at 0 on their own clock, where a WebVTT segment without X-TIMESTAMP-MAP starts too
(draft-pantos-hls-rfc8216bis, section "WebVTT"), so none is written.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from adapters.packaging.timeline import BitRate, rate_of

MAX_CHARACTERS = 8 * 1024 * 1024

_TIME = r"(?:(\d{2,}):)?([0-5]\d):([0-5]\d)\.(\d{3})"
_TIMING = re.compile(rf"{_TIME}[ \t]+-->[ \t]+{_TIME}(?:[ \t].*)?")


class SubtitlesUnreadable(ValueError):
    """The text is no WebVTT. The message names the line, counted from 1."""


@dataclass(frozen=True, slots=True)
class Cue:
    """`text` is the whole block, with its identifier and timing line; times in milliseconds."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Subtitles:
    """`head` is what comes before the cues: signature, styles and regions. Every segment needs it."""

    head: str
    cues: tuple[Cue, ...]

    @property
    def text(self) -> str:
        """The whole as one file."""
        return "\n\n".join([self.head, *(cue.text for cue in self.cues)]) + "\n"


def parse(text: str) -> Subtitles:
    """Read a WebVTT file, with its line ends made one; comments are left out. Raises SubtitlesUnreadable."""
    if len(text) > MAX_CHARACTERS:
        raise SubtitlesUnreadable(f"the text has more than {MAX_CHARACTERS} characters")
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    if not re.match(r"WEBVTT(?:[ \t\n]|\Z)", text):
        raise SubtitlesUnreadable("line 1: a WebVTT file begins with WEBVTT")
    head, cues = [], []
    for line, block in _blocks(text):
        timing = next((one for one in block[:2] if "-->" in one), None)
        if timing is not None:
            cues.append(_cue(line, timing, block))
        elif line == 1 or block[0].startswith(("STYLE", "REGION")):
            # An offset on somebody else's clock means nothing beside our files.
            head.append("\n".join(one for one in block if not one.startswith("X-TIMESTAMP-MAP")))
        elif not block[0].startswith("NOTE"):
            raise SubtitlesUnreadable(f"line {line}: this is no cue: it has no timing line")
    return Subtitles("\n\n".join(head), tuple(cues))


def bit_rate(written: Sequence[str], durations: Sequence[Fraction]) -> BitRate:
    """What these files, of so many seconds, cost a player. To the millisecond."""
    sizes = (len(text.encode()) for text in written)
    return rate_of(
        [(size, round(1000 * seconds)) for size, seconds in zip(sizes, durations, strict=True)], 1000
    )


def segments(subtitles: Subtitles, durations: Iterable[Fraction]) -> list[str]:
    """A WebVTT file for each of the segments that last so many seconds, the first from 0.

    A cue that is shown across a boundary stands in every segment that it touches, with its whole times, as
    the section demands.
    """
    written, start = [], Fraction(0)
    for seconds in durations:
        end = start + seconds * 1000
        inside = [cue for cue in subtitles.cues if cue.start < end and cue.end > start]
        written.append(Subtitles(subtitles.head, tuple(inside)).text)
        start = end
    return written


def _blocks(text: str) -> Iterable[tuple[int, list[str]]]:
    """Lines between blank ones, with the number of the first."""
    block: list[str] = []
    for number, line in enumerate([*text.split("\n"), ""], start=1):
        if line:
            block.append(line)
        elif block:
            yield number - len(block), block
            block = []


def _cue(line: int, timing: str, block: list[str]) -> Cue:
    found = _TIMING.fullmatch(timing)
    if found is None:
        raise SubtitlesUnreadable(f"line {line}: not a timing line: {timing[:80]!r}")
    parts = found.groups(default="0")
    start, end = _milliseconds(*parts[:4]), _milliseconds(*parts[4:])
    if end <= start:
        raise SubtitlesUnreadable(f"line {line}: the cue ends before it starts")
    return Cue(start, end, "\n".join(block))


def _milliseconds(hours: str, minutes: str, seconds: str, fraction: str) -> int:
    return ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(fraction)
