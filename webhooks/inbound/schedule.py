"""When a failed webhook is tried again. Pure."""

from collections.abc import Callable

BASE_SECONDS = 5.0
FACTOR = 4
CAP_SECONDS = 3600.0


def delay_seconds(
    tries: int, *, at_most: int, random: Callable[[], float], asked_seconds: float | None = None
) -> float | None:
    """How long to wait after the `tries`-th try (1 or more) has failed; None: no further one.

    Exponential (5 s, 20 s, 80 s, 320 s, ...), with jitter over the upper half, so that what failed together does
    not come back together. `asked_seconds` is a server's Retry-After: a lower bound, believed up to an hour.
    `random` gives a number in [0, 1).
    """
    if tries >= at_most:
        return None
    # The exponent is bounded before the power: an operator may allow a thousand tries.
    whole = min(CAP_SECONDS, BASE_SECONDS * float(FACTOR) ** min(tries - 1, 10))
    asked = min(max(asked_seconds or 0.0, 0.0), CAP_SECONDS)
    return max(asked, whole * (0.5 + 0.5 * random()))
