"""The outbox: an event commits with the change of state that it tells of, and is delivered from here."""

from typing import Any

from django.db import models
from django.db.models.functions import Now


class Event(models.Model):
    """Something that happened to a job, for those outside.

    `sequence` orders the events of one job: they are written under the lock of the job's row, so a later one has
    a higher number. It has gaps.
    """

    sequence = models.BigAutoField(primary_key=True)
    id = models.UUIDField(unique=True)
    account_id = models.UUIDField()
    job_id = models.UUIDField()
    type = models.CharField(max_length=64)
    payload: "models.JSONField[Any, Any]" = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["job_id", "sequence"], name="events_of_a_job")]

    def __str__(self) -> str:
        return f"{self.type} #{self.sequence}"
