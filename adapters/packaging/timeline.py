"""A file's fragments as segments, and what they cost a player: the arithmetic that HLS and DASH share."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, groupby

from adapters.packaging.fragments import Fragment, FragmentIndex


@dataclass(frozen=True, slots=True)
class Segment:
    """Whole fragments that follow one another. `start` and `duration` in ticks of the index's timescale."""

    fragments: tuple[Fragment, ...]
    start: int
    duration: int
    size_bytes: int
    timescale: int

    @property
    def offset(self) -> int:
        return self.fragments[0].offset

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
    # Whole numbers throughout, here and below: hours of fragments make fractions dear.
    divisor = 2 * index.timescale * segment_seconds.numerator
    starts = list(accumulate((fragment.duration for fragment in index.fragments), initial=0))
    numbers = [
        (2 * start + fragment.duration) * segment_seconds.denominator // divisor
        for start, fragment in zip(starts, index.fragments, strict=False)
    ]
    segments, first = [], 0
    for _, group in groupby(numbers):
        end = first + sum(1 for _ in group)
        fragments = index.fragments[first:end]
        segments.append(
            Segment(
                fragments=fragments,
                start=index.start + starts[first],
                duration=starts[end] - starts[first],
                size_bytes=sum(fragment.size_bytes for fragment in fragments),
                timescale=index.timescale,
            )
        )
        first = end
    return segments


def seconds_of(index: FragmentIndex) -> Fraction:
    """How long the whole file plays."""
    return Fraction(sum(fragment.duration for fragment in index.fragments), index.timescale)


def target_seconds(durations: Sequence[Fraction]) -> int:
    """EXT-X-TARGETDURATION of RFC 8216: no segment, rounded to the nearest second, may be longer."""
    return max(1, math.floor(max(durations, default=Fraction(0)) + Fraction(1, 2)))


def bit_rate(index: FragmentIndex, segment_seconds: Fraction) -> BitRate:
    """Of the file, played in segments of about `segment_seconds`."""
    pieces = [(one.size_bytes, one.duration) for one in segments_of(index, segment_seconds)]
    return rate_of(pieces, index.timescale)


def key_frame_rate(index: FragmentIndex) -> BitRate:
    """Of its key frames alone, each shown for as long as its fragment lasts."""
    return rate_of([(one.key_frame_bytes, one.duration) for one in index.fragments], index.timescale)


def rate_of(pieces: Sequence[tuple[int, int]], timescale: int) -> BitRate:
    """Peak and average bit rate of pieces of so many bytes and ticks.

    By draft-pantos-hls-rfc8216bis, "Playlist Definitions": the peak is the largest rate of any run of
    segments that lasts 0.5 to 1.5 times the target duration.
    """
    total = sum(ticks for _, ticks in pieces)
    if not total:
        return BitRate()
    target = target_seconds([Fraction(max(ticks for _, ticks in pieces), timescale)]) * timescale
    average = peak = (sum(size_bytes for size_bytes, _ in pieces), total)
    for first in range(len(pieces)):
        run_bytes = run = 0
        for position in range(first, len(pieces)):
            size_bytes, ticks = pieces[position]
            run_bytes += size_bytes
            run += ticks
            if 2 * run > 3 * target:
                break
            if 2 * run >= target and run_bytes * peak[1] > peak[0] * run:
                peak = (run_bytes, run)
    return BitRate(*(Fraction(8 * timescale * size_bytes, ticks) for size_bytes, ticks in (peak, average)))


def steady_rate(segments: Sequence[Segment], buffer_seconds: Fraction, at_least: Fraction) -> Fraction:
    """The least bit rate, from `at_least` on, at which a player that holds `buffer_seconds` never waits.

    ISO/IEC 23009-1, 5.3.5.2: from whichever segment it starts, each one has arrived whole when its turn comes.
    """
    if not segments or not buffer_seconds:
        return at_least
    rate, timescale = at_least, segments[0].timescale
    buffer = buffer_seconds * timescale
    while True:
        # Over every run at once: what it needs, 8 * bytes, against what comes in, rate * (buffer + time before its
        # last segment). `ahead` belongs to the start that leaves most to fetch.
        per_byte, per_tick = 8 * timescale * rate.denominator, rate.numerator
        size_bytes = ticks = 0
        ahead, start, most, worst = 0, (0, 0), 0, (0, 0)
        for segment in segments:
            here = per_tick * ticks - per_byte * size_bytes
            if here > ahead or not ticks:
                ahead, start = here, (size_bytes, ticks)
            size_bytes += segment.size_bytes
            needed = per_byte * size_bytes - per_tick * ticks + ahead
            if needed > most:
                most, worst = needed, (size_bytes - start[0], ticks - start[1])
            ticks += segment.duration
        if most <= per_tick * buffer:
            return rate
        # Dinkelbach's method: the worst run's own rate is nearer to the answer, and in the end is it.
        rate = Fraction(8 * timescale * worst[0]) / (buffer + worst[1])
