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
    text = _lines(text)
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


def mend(text: str, seconds: float | None) -> Subtitles:
    """What FFmpeg wrote, as WebVTT that every player reads: its cues in order, and none after the film's `seconds`.

    FFmpeg hands on what the source says: cues without words or time, an empty line in the middle of one (WebVTT
    ends it there), an arrow in the words, cues in any order and beyond the film. The former are left out, lines
    drawn together, arrows escaped, and the last is cut off. Settings and identifiers are left out.
    Raises SubtitlesUnreadable for what is no WebVTT at all.
    """
    lines = _lines(text)
    drafts: list[tuple[int, int, list[str]]] = []
    for _, block in _blocks(lines):
        found = _TIMING.fullmatch(block[0])
        if found is not None:
            parts = found.groups(default="0")
            drafts.append((_milliseconds(*parts[:4]), _milliseconds(*parts[4:]), block[1:]))
        elif drafts:
            drafts[-1][2].extend(block)
    last = None if seconds is None else int(seconds * 1000)
    cues = []
    for start, drafted, words in sorted(drafts, key=lambda draft: draft[:2]):
        end = drafted if last is None else min(drafted, last)
        said = "\n".join(one.replace("-->", "--&gt;") for one in words if one.strip())
        if end > start and said:
            cues.append(Cue(start, end, f"{_clock(start)} --> {_clock(end)}\n{said}"))
    return Subtitles("WEBVTT", tuple(cues))


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


def _lines(text: str) -> str:
    """With line ends made one. Raises SubtitlesUnreadable for what is too long or does not begin as WebVTT."""
    if len(text) > MAX_CHARACTERS:
        raise SubtitlesUnreadable(f"the text has more than {MAX_CHARACTERS} characters")
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    if not re.match(r"WEBVTT(?:[ \t\n]|\Z)", text):
        raise SubtitlesUnreadable("line 1: a WebVTT file begins with WEBVTT")
    return text


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


def _clock(milliseconds: int) -> str:
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{milliseconds // 1000:02d}.{milliseconds % 1000:03d}"
