"""The grid: frame rate, GOP and segment as exact fractions, so that four hours drift by nothing."""

from dataclasses import dataclass
from fractions import Fraction

from adapters.ffmpeg.probe import Probe, VideoStream
from jobs.planner.specs import Ladder, exact
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


@dataclass(frozen=True, slots=True)
class Grid:
    """Common to all renditions: equal GOPs are what lets a player change the variant at any segment."""

    gop_frames: int
    """0 without video."""
    gop_seconds: Fraction
    segment_seconds: Fraction
    frame_rate: Fraction | None
    forced_rate: Fraction | None
    """`frame_rate` where the encode has to establish it, None where the source has it already."""


def grid_of(ladder: Ladder, probe: Probe, video: VideoStream | None) -> Grid:
    """The ladder's wish, bent to whole frames of this video; without one, as it stands."""
    gop_seconds, segment_seconds = exact(ladder.gop_seconds), exact(ladder.segment_seconds)
    if video is None:
        return Grid(0, gop_seconds, segment_seconds, None, None)
    rate = nominal_rate(video)
    frames = gop_frames(rate, gop_seconds)
    gop_seconds = frames / rate
    is_constant = rate == video.frame_rate and not video.is_variable_rate
    # A forced rate fills the time before a late picture too: players put the first frame at 0, out of sync.
    # One frame's delay is what reordering leaves in files without an edit list.
    is_late = delay_seconds(video, probe) > 1.5 / rate
    return Grid(
        gop_frames=frames,
        gop_seconds=gop_seconds,
        segment_seconds=segment_gops(segment_seconds, gop_seconds) * gop_seconds,
        frame_rate=rate,
        forced_rate=None if is_constant and not is_late else rate,
    )


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


def gop_frames(rate: Fraction, gop_seconds: Fraction) -> int:
    """Whole frames nearest to the wish, at least one: 48 for two seconds of 24000/1001."""
    return max(1, round(rate * gop_seconds))


def segment_gops(segment_seconds: Fraction, gop_seconds: Fraction) -> int:
    """Whole GOPs nearest to the wish, at least one. `gop_seconds` is the true length, frames / rate."""
    return max(1, round(segment_seconds / gop_seconds))
