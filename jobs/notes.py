"""Sentences for the customer that are known only after the plan was made: they stand with the plan's own."""

from typing import Any
from uuid import UUID

from jobs.models import Job


def add(job_id: UUID, note: str) -> None:
    """Once, however often it is told. In a transaction that locks the job."""
    plan: dict[str, Any] = Job.objects.values_list("plan", flat=True).get(id=job_id)
    if note not in plan["notes"]:
        Job.objects.filter(id=job_id).update(plan={**plan, "notes": [*plan["notes"], note]})
