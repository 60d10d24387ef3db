"""Delete what does not count any more: the objects of discarded outputs, and rows past their age."""

from datetime import timedelta

import structlog
from django.db.models.functions import Now

from adapters.storage.base import StorageError
from jobs import stores
from jobs.models import IdempotencyKey, Output
from jobs.states import OutputState
from jobs.transitions import change

log = structlog.get_logger(__name__)

IDEMPOTENCY_HOURS = 24


def prune_discarded(limit: int = 100) -> int:
    """Delete the objects of up to `limit` discarded outputs; how many. What fails now is tried again later.

    Safe to run twice at once: deleting a missing object is no error, and the second move finds nothing to move.
    """
    deleted = 0
    for output in (
        Output.objects.filter(state=OutputState.DISCARDED)
        .order_by("created_at")
        .defer("probe", "index")[:limit]
    ):
        try:
            storage = stores.storages().for_url(output.url)
            storage.delete(output.url)
        except StorageError as error:
            log.warning("output not pruned", output=str(output.id), code=error.code, error=error.message)
            continue
        with change(output.job_id, actor="pruner") as moves:
            deleted += moves.delete_output(output.id)
    return deleted


def prune_idempotency_keys() -> int:
    """Forget answers older than a day; how many."""
    old = IdempotencyKey.objects.filter(created_at__lt=Now() - timedelta(hours=IDEMPOTENCY_HOURS))
    return old.delete()[0]
