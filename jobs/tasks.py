"""Celery's doors. A message carries the id of a step and nothing else; whatever it says, the database decides.

Each task answers how it ended, and never raises for a job's own failure: a chord's header that raises would keep
its body from running.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from celery import Task, current_task, shared_task
from django_celery_results.backends.database import DatabaseBackend

from jobs import assembly, attempts, detections, gpus, grouping, ingest, leases, planning, pruning, quality
from jobs.attempts import Work
from jobs.routing import TRANSCODE_GPU
from jobs.states import StepKind


@shared_task(name="jobs.ingest_source")
def ingest_source(step_id: str) -> str:
    """The ingest, and the plan that it makes ready: milliseconds, which are not worth a hop of their own."""
    return _perform(step_id, ingest.work, {StepKind.PLAN: planning.work})


@shared_task(name="jobs.plan_job")
def plan_job(step_id: str) -> str:
    return _perform(step_id, planning.work)


@shared_task(name="jobs.run_rendition")
def run_rendition(step_id: str) -> str:
    """The rendition, with those of its group that wait; and the join, where there is nothing else to join."""
    if _came_by(TRANSCODE_GPU) and gpus.is_for_another(UUID(step_id), _worker()):
        return "void"
    held = leases.claim_together(UUID(step_id), _worker())
    if not held:
        return "void"
    return attempts.perform_together(held, grouping.begin, {StepKind.MANIFEST: assembly.work})


@shared_task(name="jobs.measure_quality")
def measure_quality(step_id: str) -> str:
    """A rendition beside its source; and the join, where this was the last that it waited for."""
    return _perform(step_id, quality.work, {StepKind.MANIFEST: assembly.work})


@shared_task(name="jobs.detect_faults")
def detect_faults(step_id: str) -> str:
    return _perform(step_id, detections.work, {StepKind.MANIFEST: assembly.work})


@shared_task(name="jobs.emit_manifest")
def emit_manifest(step_id: str) -> str:
    return _perform(step_id, assembly.work)


class Recorded(Task[..., Any]):
    """A maintenance task: its runs are rows that operators see in the admin (django-celery-results)."""

    ignore_result = False

    @property  # type: ignore[misc]  # read-only: Celery sets it nowhere
    def backend(self) -> DatabaseBackend:
        return DatabaseBackend(app=self.app)


@shared_task(name="jobs.prune_discarded_outputs", base=Recorded)
def prune_discarded_outputs() -> int:
    return pruning.prune_discarded()


@shared_task(name="jobs.prune_orphans", base=Recorded)
def prune_orphans() -> int:
    return pruning.prune_orphans(timedelta(hours=2))


@shared_task(name="jobs.prune_idempotency_keys", base=Recorded)
def prune_idempotency_keys() -> int:
    return pruning.prune_idempotency_keys()


def _perform(step_id: str, work: Work, then: Mapping[StepKind, Work] | None = None) -> str:
    held = leases.claim(UUID(step_id), _worker())
    if held is None:
        return "void"
    return attempts.perform(held, work, then)


def _came_by(queue: str) -> bool:
    task: Task[..., str] = current_task
    return (task.request.delivery_info or {}).get("routing_key") == queue


def _worker() -> str:
    task: Task[..., str] = current_task
    return task.request.hostname or "unknown"
