"""Delete what does not count: objects of discarded outputs, debris of dead workers, rows past their age.

Committed outputs are never touched: every deletion starts from a row that says so, or from the lack of any row.
"""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import structlog
from django.conf import settings
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from adapters.storage.base import NotSupported, StorageError
from jobs import stores
from jobs.models import Attempt, IdempotencyKey, Job, Output, Step
from jobs.states import FINAL_JOB, AttemptState, OutputState, StepState
from jobs.transitions import change

log = structlog.get_logger(__name__)

IDEMPOTENCY_HOURS = 24
# An upload that is older than this belongs to nobody who still works.
SETTLED = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Orphan:
    """An object beneath a job's folder that no living row names."""

    job_id: UUID
    url: str


def prune_discarded(limit: int = 100) -> int:
    """Delete the objects of up to `limit` discarded outputs; how many. What fails now is tried again later.

    Safe to run twice at once: deleting a missing object is no error, and the second move finds nothing to move.
    """
    deleted = 0
    discarded = Output.objects.filter(state=OutputState.DISCARDED).defer("probe", "index")
    for output in discarded.order_by("created_at")[:limit]:
        try:
            stores.storages().for_url(output.url).delete(output.url)
        except StorageError as error:
            log.warning("output not pruned", output=str(output.id), code=error.code, error=error.message)
            continue
        with change(output.job_id, actor="pruner") as moves:
            deleted += moves.delete_output(output.id)
    return deleted


def erase(attempt_id: UUID) -> None:
    """Delete what an attempt stored and may not commit any more. Called by a worker that lost its lease.

    Its rows may say `deleted` already, from before its last upload ended: so this goes by the URLs, not the states.
    """
    uncommitted = Output.objects.filter(attempt_id=attempt_id).exclude(state=OutputState.COMMITTED)
    for url in uncommitted.values_list("url", flat=True):
        try:
            stores.storages().for_url(url).delete(url)
        except StorageError as error:
            log.warning("late output not erased", url=url, code=error.code, error=error.message)


def orphans(since: timedelta) -> Iterator[Orphan]:
    """Objects without a living row, in the folders of jobs with a lost attempt that ended within `since`.

    Only an attempt that lost its lease can store behind its row's back; its jobs are the only ones to look at.
    """
    for job in _jobs_with_losses(since):
        prefix = f"{job.destination}{job.id}/"
        with suppress(NotSupported):
            # The objects first: rows are written before their objects, so each of these has its row by now. The
            # other way round, an object stored in between would be taken for an orphan, and deleted.
            stored = list(stores.storages().for_url(prefix).list(prefix))
            living = Output.objects.filter(job=job).exclude(state=OutputState.DELETED)
            named = set(living.values_list("url", flat=True))
            for url in stored:
                if url not in named:
                    yield Orphan(job.id, url)


def prune_orphans(since: timedelta) -> int:
    """Delete orphans, and the parts of uploads that were broken off in the folders of final jobs; how many."""
    pruned = 0
    for orphan in orphans(since):
        stores.storages().for_url(orphan.url).delete(orphan.url)
        log.warning("orphan pruned", job=str(orphan.job_id), url=orphan.url)
        pruned += 1
    settled = Q(state__in=[str(state) for state in FINAL_JOB], finished_at__lt=Now() - SETTLED)
    for job in _jobs_with_losses(since).filter(settled):
        prefix = f"{job.destination}{job.id}/"
        pruned += stores.storages().for_url(prefix).abort_uploads(prefix)
    return pruned


def workspaces() -> Iterator[Path]:
    """Folders of attempts on this machine that run no longer: a worker that was killed left them.

    A folder whose step is not in this database is another installation's, and none of our business.
    """
    folder: Path = settings.WORK_DIR / "attempts"
    # Not by glob: folders vanish while we look, and that of Python 3.11 then ends with an error.
    for step_id, epoch in ((step, epoch) for step in _names(folder) for epoch in _names(folder / step)):
        workspace = folder / step_id / epoch
        with suppress(ValueError):
            over = ~Q(state=StepState.RUNNING) | Q(epoch__gt=int(epoch))
            if Step.objects.filter(over, id=UUID(step_id)).exists():
                yield workspace


def _names(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in folder.iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return []


def prune_workspaces() -> int:
    """Delete them; how many."""
    pruned = 0
    for workspace in workspaces():
        shutil.rmtree(workspace, ignore_errors=True)
        with suppress(OSError):  # not empty: another epoch of the step is at work there
            workspace.parent.rmdir()
        pruned += 1
    return pruned


def prune_idempotency_keys() -> int:
    """Forget answers older than a day; how many."""
    old = IdempotencyKey.objects.filter(created_at__lt=Now() - timedelta(hours=IDEMPOTENCY_HOURS))
    return old.delete()[0]


def _jobs_with_losses(since: timedelta) -> "QuerySet[Job]":
    ended_badly = (AttemptState.LOST, AttemptState.CANCELLED)
    lost = Attempt.objects.filter(state__in=ended_badly, finished_at__gt=Now() - since)
    return Job.objects.filter(id__in=lost.values("job_id")).only("id", "destination")
