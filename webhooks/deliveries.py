"""One try: send what was claimed, and say what came of it. Touches no table: `pump` does, for many tries at once."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from django.conf import settings

from adapters.egress import EgressError, EgressInterrupted, EgressRefused, EgressTimedOut
from adapters.egress_post import Poster
from webhooks import schedule, shapes, signing
from webhooks.claims import Claimed
from webhooks.tries import Tried

# Of an answer: enough to read an error message, too little to store somebody's web site.
EXCERPT_BYTES = 4096
_HEADERS_KEPT = 30
_HEADER_CHARACTERS = 200
# Somebody else's session is none of our evidence.
_HEADERS_DROPPED = frozenset({"set-cookie", "set-cookie2", "authorization", "proxy-authenticate"})
_MESSAGE_CHARACTERS = 300

Send = Callable[[Claimed], Tried]


def post(claimed: Claimed, poster: Poster) -> Tried:
    """POST the message. Whatever the receiver does, there is an answer within HTTP_TIMEOUT and a look-up's time."""
    started_at, began = datetime.now(UTC), time.monotonic()
    body = shapes.body(claimed.shape, claimed.message)
    headers = {
        "Content-Type": "application/json",
        **signing.headers(claimed.message.id, body, claimed.keys, started_at),
    }
    status: int | None = None
    error = message = excerpt = ""
    answered: Mapping[str, str] = {}
    asked: float | None = None
    try:
        answer = poster.post(
            claimed.url, body, headers, seconds=settings.HTTP_TIMEOUT, excerpt_bytes=EXCERPT_BYTES
        )
    except EgressError as failure:
        error, message = _kind(failure), str(failure)[:_MESSAGE_CHARACTERS]
    else:
        status, asked = answer.status, answer.retry_after_seconds
        answered, excerpt = _kept(answer.headers), _plain(answer.excerpt)
        if 300 <= status < 400:
            error, message = schedule.REDIRECT, "The endpoint redirects: give the URL that answers itself."
        elif not 200 <= status < 300:
            error, message = schedule.STATUS, f"The endpoint answered {status}."
    return Tried(
        claimed=claimed,
        verdict=judge(claimed, status=status, error=error, retry_after_seconds=asked),
        started_at=started_at,
        latency_seconds=round(time.monotonic() - began, 6),
        status=status,
        error=error,
        message=message,
        headers=answered,
        body_excerpt=excerpt,
    )


def not_sent(claimed: Claimed) -> Tried | None:
    """What a claim comes to without a request: its endpoint is disabled, or its last try was lost with a worker."""
    if not claimed.enabled:
        error = schedule.ENDPOINT_DISABLED
    elif claimed.lapsed and claimed.tries > most_tries():
        error = schedule.WORKER_LOST
    else:
        return None
    verdict = judge(claimed, status=None, error=error)
    return Tried(claimed, verdict, datetime.now(UTC), posted=False, error=error)


def broken(claimed: Claimed, failure: Exception) -> Tried:
    """A try that a mistake of ours ended: it counts, so that it cannot go on for ever."""
    error = schedule.FAILED
    verdict = judge(claimed, status=None, error=error)
    message = f"An error of the service's own: {type(failure).__name__}."
    return Tried(claimed, verdict, datetime.now(UTC), error=error, message=message)


def judge(
    claimed: Claimed, *, status: int | None, error: str, retry_after_seconds: float | None = None
) -> schedule.Verdict:
    return schedule.judge(
        delivery=str(claimed.id),
        tries=claimed.tries,
        most_tries=most_tries(),
        first_seconds=settings.WEBHOOK_BACKOFF_SECONDS,
        status=status,
        error=error,
        retry_after_seconds=retry_after_seconds,
    )


def most_tries() -> int:
    """The first one and its retries."""
    return int(settings.WEBHOOK_MAX_RETRY) + 1


def _kind(failure: EgressError) -> str:
    if isinstance(failure, EgressTimedOut):
        return schedule.TIMED_OUT
    if isinstance(failure, EgressRefused):
        return schedule.REFUSED
    return schedule.INTERRUPTED if isinstance(failure, EgressInterrupted) else schedule.FAILED


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    kept = [(name, value) for name, value in headers.items() if name.lower() not in _HEADERS_DROPPED]
    return {
        _plain(name.encode())[:_HEADER_CHARACTERS]: _plain(value.encode())[:_HEADER_CHARACTERS]
        for name, value in kept[:_HEADERS_KEPT]
    }


def _plain(content: bytes) -> str:
    """Text that PostgreSQL can hold, whatever was sent."""
    return content.decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
