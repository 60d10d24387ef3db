"""The grid: frame rate, GOP and segment as exact fractions, so that four hours drift by nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm

from adapters.ffmpeg.probe import Probe, VideoStream
from jobs.planner.specs import COPY, Ladder, Rung, exact
from jobs.planner.streams import delay_seconds

STANDARD_RATES = (
    Fraction(10),
    Fraction(12),
    Fraction(15),
    Fraction(24000, 1001),
    Fraction(24),
    Fraction(25),
    Fraction(30000, 1001),
    Fraction(30),
    Fraction(48),
    Fraction(50),
    Fraction(60000, 1001),
    Fraction(60),
    Fraction(100),
    Fraction(120000, 1001),
    Fraction(120),
)
MAX_RATE = STANDARD_RATES[-1]
_RATE_IF_UNKNOWN = Fraction(30)
# Above this it is no rate but the tick of the timestamps: 1000 in Matroska, 90000 in MPEG-TS.
_PLAUSIBLE = Fraction(240)
# The average of a clip with a doubled frame lies a little high: 24.02 means 24, not 25.
_IMPRECISION = Fraction(1, 100)
# 60000/1001 is no more than a cap of 59.94, but 30 is more than one of 29.97.
_SAME_RATE = Fraction(1, 1000)
_NEAR_THE_CAP = Fraction(3, 4)


@dataclass(frozen=True, slots=True)
class Grid:
    """Common to all renditions: equal GOPs are what lets a player change the variant at any segment."""

    gop_frames: int
    """At `frame_rate`; 0 without video."""
    gop_seconds: Fraction
    segment_seconds: Fraction
    frame_rate: Fraction | None
    """The highest rate of any rendition."""
    forced_rate: Fraction | None
    """`frame_rate` where the encode has to establish it, None where the source has it already."""
    capped_rates: Mapping[float, Fraction]
    """What becomes of the rate beneath each of the rungs' caps."""

    def of(self, rung: Rung) -> tuple[int, Fraction | None]:
        """The rung's frames in a GOP, and the rate that its encode has to establish."""
        rate = self.capped_rates.get(rung.max_frame_rate or 0)
        if rate is None or rate == self.frame_rate:
            return self.gop_frames, self.forced_rate
        return int(self.gop_seconds * rate), rate


def grid_of(ladder: Ladder, probe: Probe, video: VideoStream | None) -> Grid:
    """The ladder's wish, bent to whole frames of this video; without one, as it stands."""
    gop_seconds, segment_seconds = exact(ladder.gop_seconds), exact(ladder.segment_seconds)
    if video is None:
        return Grid(0, gop_seconds, segment_seconds, None, None, {})
    nominal = nominal_rate(video)
    caps = [rung.max_frame_rate for rung in ladder.rungs if rung.encoder != COPY] or [None]
    known = [cap for cap in caps if cap is not None]
    rate = nominal if len(known) < len(caps) else capped_rate(nominal, max(known), None)
    # Whole frames at each of the rates: 1/25 s with 25, 1/6 s with 30 and 24.
    beat, capped = 1 / rate, {}
    for cap in sorted(set(known), reverse=True):
        capped[cap] = capped_rate(rate, cap, gop_seconds, beat)
        beat = lcm_seconds(beat, 1 / capped[cap])
    gop_seconds = max(1, round(gop_seconds / beat)) * beat
    is_constant = rate == video.frame_rate and not video.is_variable_rate
    # A forced rate fills the time before a late picture too: players put the first frame at 0, out of sync.
    # One frame's delay is what reordering leaves in files without an edit list.
    is_late = delay_seconds(video, probe) > 1.5 / nominal
    return Grid(
        gop_frames=int(gop_seconds * rate),
        gop_seconds=gop_seconds,
        segment_seconds=segment_gops(segment_seconds, gop_seconds) * gop_seconds,
        frame_rate=rate,
        forced_rate=None if is_constant and not is_late else rate,
        capped_rates=capped,
    )


def capped_rate(
    rate: Fraction, cap: float, gop_seconds: Fraction | None, beat: Fraction | None = None
) -> Fraction:
    """The rate itself if it is not above the cap (0.1 % apart are the same), or else the best one that is not.

    Every second or third frame moves smoothly, so that is taken if it comes near the cap: 50 becomes 25 beneath 30.
    Else the highest one, a standard rate or a fraction of this one, which has whole frames in a GOP together with
    the rates of the `beat` (1 / rate by default). A `gop_seconds` of None asks nothing of the kind, and a cap of
    less than two frames in a GOP makes it longer.
    """
    beat = beat or 1 / rate
    limit = exact(cap) * (1 + _SAME_RATE)
    if rate <= limit:
        return rate
    longest = None if gop_seconds is None else max(gop_seconds, 2 / limit)
    first = -(-rate // limit)
    every = (rate / count for count in range(first, first + int(rate * beat) + 1))
    fitting = [
        one
        for one in (*every, *STANDARD_RATES)
        if one <= limit and (longest is None or lcm_seconds(beat, 1 / one) <= longest)
    ]
    if fitting and fitting[0] == rate / first and fitting[0] >= limit * _NEAR_THE_CAP:
        return fitting[0]
    return max(fitting, default=rate / first)


def lcm_seconds(*durations: Fraction) -> Fraction:
    """The shortest time that holds each of these a whole number of times."""
    return Fraction(lcm(*(one.numerator for one in durations)), gcd(*(one.denominator for one in durations)))


def nominal_rate(stream: VideoStream) -> Fraction:
    """Frames per second of the renditions, at most 120.

    A constant rate is kept exactly, however odd. A variable one becomes the first standard rate that is
    not below its average: going down would drop frames that are there, going up repeats some, which
    costs next to nothing.
    """
    if stream.frame_rate is not None and stream.frame_rate <= MAX_RATE and not stream.is_variable_rate:
        return stream.frame_rate
    candidates = (stream.average_frame_rate, stream.frame_rate)
    rate = next((rate for rate in candidates if rate is not None and rate <= _PLAUSIBLE), _RATE_IF_UNKNOWN)
    nearest = min(STANDARD_RATES, key=lambda standard: abs(standard - rate))
    if abs(nearest - rate) <= rate * _IMPRECISION:
        return nearest
    return next((standard for standard in STANDARD_RATES if standard >= rate), MAX_RATE)


def segment_gops(segment_seconds: Fraction, gop_seconds: Fraction) -> int:
    """Whole GOPs nearest to the wish, at least one. `gop_seconds` is the true length, frames / rate."""
    return max(1, round(segment_seconds / gop_seconds))
