"""What an attempt ran, and how that ended: written before it runs, and before it is judged."""

import hashlib
from collections.abc import Sequence
from uuid import UUID

from django.core.cache import cache
from django.db import close_old_connections

from adapters.ffmpeg.supervisor import Completed
from audit.recorder import AnyIdentity, record_identity, record_stderr
from jobs.models import Attempt

_IDENTITY_SECONDS = 60


def began(attempt_ids: Sequence[UUID], argv: Sequence[str], identity: AnyIdentity) -> None:
    """Attempts that share a process have the same evidence."""
    Attempt.objects.filter(id__in=attempt_ids).update(argv=list(argv), encoder_identity_id=_row_of(identity))


def ended(attempt_ids: Sequence[UUID], ran: Sequence[Completed], stderr: bytes) -> None:
    """`ran` is what ran one after the other, at least one; `stderr` what all of it said."""
    # Hours may have passed: a connection that a restarted server has forgotten would cost the whole encode.
    close_old_connections()
    last = ran[-1]
    Attempt.objects.filter(id__in=attempt_ids).update(
        stderr=record_stderr(stderr),
        exit_code=last.exit_code,
        signal=last.signal,
        stop_reason=str(last.stop_reason or ""),
        wall_seconds=sum(one.wall_seconds for one in ran),
        cpu_seconds=sum(one.cpu_seconds for one in ran),
        peak_rss_bytes=max(one.peak_rss_bytes for one in ran),
    )


def _row_of(identity: AnyIdentity) -> int:
    """The id of this encoder's row: asked once by a process, the row lives for ever."""
    key = (
        f"encoder:{identity.sha256}:{hashlib.sha256((identity.container_digest or '').encode()).hexdigest()}"
    )
    row: int | None = cache.get(key)
    if row is None:
        row = record_identity(identity).pk
        cache.set(key, row, _IDENTITY_SECONDS)
    return row
