"""One unit of work of a job. A `ready` step is its own outbox row: whoever claims it, runs it."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from jobs.states import StepKind, StepState

from .identifiers import uuid7
from .job import Job


class Step(models.Model):
    """`after` names the steps of the same job that must be final before this one becomes `ready`.

    Each by its kind, which means all of them, or by its kind and its key: "rendition 720p".

    `hints` counts the messages sent since it became ready: 0 with a `dispatch_after` to come means that it waits
    on purpose (a retry's back-off), and a stray message must not start it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # Indexed by `one_step_for_each_key`.
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="steps", db_index=False)
    kind = models.CharField(max_length=16, choices=[(k.value, k.value) for k in StepKind])
    key = models.CharField(max_length=64, default="", blank=True)
    state = models.CharField(max_length=16, choices=[(s.value, s.value) for s in StepState])
    # Without a length: a longer one would have PostgreSQL write the whole table anew.
    after = ArrayField(models.CharField(), default=list, blank=True)
    queue = models.CharField(max_length=64)
    # An encoder revision that an operator asked for; empty: whatever the worker has.
    encoder_revision = models.CharField(max_length=64, default="", blank=True)
    # Its plan names what makes it where no GPU can.
    has_fallback = models.BooleanField(default=False, db_default=False)
    # The fence: a commit counts only with the epoch of the claim that it belongs to.
    epoch = models.PositiveIntegerField(default=0)
    owner = models.CharField(max_length=200, default="", blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    ready_at = models.DateTimeField(null=True, blank=True)
    dispatch_after = models.DateTimeField(null=True, blank=True)
    hints = models.PositiveIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    # Written by the heartbeat, together with the lease: one statement for both.
    progress = models.FloatField(default=0.0)
    speed = models.FloatField(null=True, blank=True)
    eta_seconds = models.FloatField(null=True, blank=True)
    outcome: "models.JSONField[Any, Any]" = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "kind", "key"], name="one_step_for_each_key")]
        indexes = [
            models.Index(fields=["queue", "dispatch_after"], condition=Q(state="ready"), name="ready_steps"),
            models.Index(fields=["queue"], condition=Q(state="ready", hints__gt=0), name="hinted_steps"),
            models.Index(
                fields=["queue", "dispatch_after"],
                condition=Q(state="ready", attempts__gt=0),
                name="retried_steps",
            ),
            models.Index(
                fields=["ready_at"],
                condition=Q(state="ready", queue="transcode-gpu", has_fallback=True),
                name="waiting_for_a_gpu",
            ),
            # Not on lease_until: each heartbeat changes it, and an index on it would cost every one of them a
            # new index entry. There are never more running steps than slots.
            models.Index(fields=["id"], condition=Q(state="running"), name="running_steps"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}".strip()
