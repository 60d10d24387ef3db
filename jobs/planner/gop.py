"""The grid: frame rate, GOP and segment as exact fractions, so that four hours drift by nothing."""

from fractions import Fraction

from adapters.ffmpeg.probe import VideoStream

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
_SLACK = Fraction(99, 100)


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
    return next((standard for standard in STANDARD_RATES if standard >= rate * _SLACK), MAX_RATE)


def gop_frames(rate: Fraction, gop_seconds: Fraction) -> int:
    """Whole frames nearest to the wish, at least one: 48 for two seconds of 24000/1001."""
    return max(1, round(rate * gop_seconds))


def segment_gops(segment_seconds: Fraction, gop_seconds: Fraction) -> int:
    """Whole GOPs nearest to the wish, at least one. `gop_seconds` is the true length, frames / rate."""
    return max(1, round(segment_seconds / gop_seconds))
