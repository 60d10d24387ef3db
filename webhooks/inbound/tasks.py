"""Celery's doors. A message names an event and nothing else; whatever it says, the database decides."""

from uuid import UUID

from celery import Task, current_task, shared_task

from webhooks.inbound import handling, pruning, redelivery


@shared_task(name="inbound.handle")
def handle_inbound(event_id: str) -> str:
    task: Task[..., str] = current_task
    return handling.handle(UUID(event_id), task.request.hostname or "unknown")


@shared_task(name="inbound.redeliver_github")
def redeliver_github() -> int:
    """Ask GitHub for what it could not deliver. Without a token and hooks there is nothing to ask."""
    return sum(report.asked for report in redelivery.redeliver_all())


@shared_task(name="inbound.prune")
def prune_inbound() -> int:
    return pruning.prune()
