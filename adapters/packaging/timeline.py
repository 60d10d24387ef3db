"""A file's fragments as segments, and what they cost a player: the arithmetic that HLS and DASH share."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

from adapters.packaging.fragments import Fragment, FragmentIndex


@dataclass(frozen=True, slots=True)
class Segment:
    """Whole fragments that follow one another. `start` and `duration` in ticks of the index's timescale."""

    fragments: tuple[Fragment, ...]
    start: int
    timescale: int

    @property
    def offset(self) -> int:
        return self.fragments[0].offset

    @property
    def size_bytes(self) -> int:
        return sum(fragment.size_bytes for fragment in self.fragments)

    @property
    def duration(self) -> int:
        return sum(fragment.duration for fragment in self.fragments)

    @property
    def seconds(self) -> Fraction:
        return Fraction(self.duration, self.timescale)


@dataclass(frozen=True, slots=True)
class BitRate:
    """Bits per second."""

    peak: Fraction = Fraction(0)
    average: Fraction = Fraction(0)

    def __add__(self, other: "BitRate") -> "BitRate":
        return BitRate(self.peak + other.peak, self.average + other.average)

    @classmethod
    def largest(cls, rates: Sequence["BitRate"]) -> "BitRate":
        """The largest peak and the largest average; nothing for no rates."""
        return cls(
            max((rate.peak for rate in rates), default=Fraction(0)),
            max((rate.average for rate in rates), default=Fraction(0)),
        )


def segments_of(index: FragmentIndex, segment_seconds: Fraction) -> list[Segment]:
    """Whole fragments, each in the segment into which its middle falls.

    By the middle, since audio fragments end on audio frames: a little beside the video's grid, either side.
    """
    placed: list[tuple[int, int, Fragment]] = []
    start = 0
    for fragment in index.fragments:
        middle = Fraction(2 * start + fragment.duration, 2 * index.timescale)
        placed.append((int(middle // segment_seconds), start, fragment))
        start += fragment.duration
    segments = []
    for _, group in groupby(placed, key=lambda item: item[0]):
        members = list(group)
        fragments = tuple(fragment for _, _, fragment in members)
        segments.append(Segment(fragments, index.start + members[0][1], index.timescale))
    return segments


def seconds_of(index: FragmentIndex) -> Fraction:
    """How long the whole file plays."""
    return Fraction(sum(fragment.duration for fragment in index.fragments), index.timescale)


def target_seconds(durations: Sequence[Fraction]) -> int:
    """EXT-X-TARGETDURATION of RFC 8216: no segment, rounded to the nearest second, may be longer."""
    return max(1, *(math.floor(seconds + Fraction(1, 2)) for seconds in durations))


def bit_rate(index: FragmentIndex, segment_seconds: Fraction) -> BitRate:
    """Of the file, played in segments of about `segment_seconds`."""
    return rate_of([(one.size_bytes, one.seconds) for one in segments_of(index, segment_seconds)])


def key_frame_rate(index: FragmentIndex) -> BitRate:
    """Of its key frames alone, each shown for as long as its fragment lasts."""
    return rate_of(
        [(one.key_frame_bytes, Fraction(one.duration, index.timescale)) for one in index.fragments]
    )


def rate_of(pieces: Sequence[tuple[int, Fraction]]) -> BitRate:
    """Peak and average bit rate of pieces of so many bytes and seconds.

    By draft-pantos-hls-rfc8216bis, "Playlist Definitions": the peak is the largest rate of any run of
    segments that lasts 0.5 to 1.5 times the target duration.
    """
    total_seconds = sum((seconds for _, seconds in pieces), Fraction(0))
    if not total_seconds:
        return BitRate()
    average = 8 * sum(size_bytes for size_bytes, _ in pieces) / total_seconds
    target = target_seconds([seconds for _, seconds in pieces])
    shortest, longest = (target * Fraction(factor, 2) for factor in (1, 3))
    peak = average
    for first in range(len(pieces)):
        run_bytes, run_seconds = 0, Fraction(0)
        for size_bytes, seconds in pieces[first:]:
            run_bytes += size_bytes
            run_seconds += seconds
            if run_seconds > longest:
                break
            if run_seconds >= shortest:
                peak = max(peak, 8 * run_bytes / run_seconds)
    return BitRate(peak, average)
