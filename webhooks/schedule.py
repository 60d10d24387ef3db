"""What becomes of a delivery after a try: pure, so that the order of tries is a table that can be read.

2xx                   delivered
410                   dead letter, and the endpoint is disabled
429, 503              next try not before Retry-After; until then nothing else is sent there either
anything else         next try after the back-off
out of tries          dead letter
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from webhooks.states import DeliveryState

# 10 s, 1 min, 6 min, 36 min, 3 h 36 min, ... each up to a quarter longer.
FACTOR = 6
JITTER = 0.25
LONGEST_SECONDS = 12 * 3600.0
# What a server may ask for; a Retry-After of a year would be a loss.
LONGEST_RETRY_AFTER_SECONDS = 24 * 3600.0

# Why a try brought nothing; an HTTP status that is no success is `status` with its number.
STATUS = "status"
REDIRECT = "redirect"
TIMED_OUT = "timed_out"
REFUSED = "refused"
FAILED = "failed"
INTERRUPTED = "interrupted"
WORKER_LOST = "worker_lost"
ENDPOINT_DISABLED = "endpoint_disabled"
REJECTED = "rejected"
# No later try would end otherwise.
PERMANENT = frozenset({ENDPOINT_DISABLED, REJECTED})

GONE = 410
_ASK_FOR_PATIENCE = frozenset({429, 503})


@dataclass(frozen=True, slots=True)
class Verdict:
    """`delay_seconds` until the next try of a pending delivery; `pause_seconds` for the whole endpoint."""

    state: DeliveryState
    delay_seconds: float = 0.0
    pause_seconds: float = 0.0
    gone: bool = False


def backoff(tries: int, *, first_seconds: float, random: Callable[[], float]) -> float:
    """Seconds to wait after `tries` (1 and up) tries. `random` is in [0, 1): nobody wants a herd."""
    plain = min(first_seconds * float(FACTOR) ** (tries - 1), LONGEST_SECONDS)
    return plain * (1 + JITTER * random())


def judge(
    *,
    delivery: str,
    tries: int,
    most_tries: int,
    first_seconds: float,
    status: int | None,
    error: str,
    retry_after_seconds: float | None,
) -> Verdict:
    """The state after try number `tries`. An `error` outweighs the status: an answer that broke off is none.

    The jitter is seeded with the delivery and the try, so that the same story has the same end.
    """
    if not error and status is not None and 200 <= status < 300:
        return Verdict(DeliveryState.DELIVERED)
    if status == GONE:
        return Verdict(DeliveryState.DEAD_LETTER, gone=True)
    if error in PERMANENT:
        return Verdict(DeliveryState.DEAD_LETTER)
    delay = backoff(tries, first_seconds=first_seconds, random=Random(f"{delivery}:{tries}").random)  # noqa: S311
    pause = 0.0
    if status in _ASK_FOR_PATIENCE and retry_after_seconds is not None:
        pause = min(retry_after_seconds, LONGEST_RETRY_AFTER_SECONDS)
    elif status == 429:
        pause = delay
    if tries >= most_tries:
        return Verdict(DeliveryState.DEAD_LETTER, pause_seconds=pause)
    return Verdict(DeliveryState.PENDING, max(delay, pause), pause)
