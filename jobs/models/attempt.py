"""One try at a step, with its evidence: what ran, where, with which encoder, for how long, and how it ended."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from audit.models import EncoderIdentity, StderrRecord
from jobs.states import AttemptState

from .identifiers import uuid7
from .job import Job
from .rendition import Rendition
from .step import Step


class Attempt(models.Model):
    """Time in queue is `started_at - queued_at`, both by the database's clock."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="attempts")
    # Indexed by `one_attempt_for_each_epoch`.
    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="attempt_set", db_index=False)
    rendition = models.ForeignKey(
        Rendition, null=True, blank=True, on_delete=models.CASCADE, related_name="attempts"
    )
    epoch = models.PositiveIntegerField()
    state = models.CharField(
        max_length=16, choices=[(s.value, s.value) for s in AttemptState], default=AttemptState.RUNNING
    )
    worker = models.CharField(max_length=200)
    queue = models.CharField(max_length=64)
    queued_at = models.DateTimeField()
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)
    argv = ArrayField(models.TextField(), default=list, blank=True)
    exit_code = models.SmallIntegerField(null=True, blank=True)
    signal = models.SmallIntegerField(null=True, blank=True)
    stop_reason = models.CharField(max_length=32, default="", blank=True)
    wall_seconds = models.FloatField(null=True, blank=True)
    cpu_seconds = models.FloatField(null=True, blank=True)
    peak_rss_bytes = models.BigIntegerField(null=True, blank=True)
    encoder_identity = models.ForeignKey(EncoderIdentity, null=True, blank=True, on_delete=models.PROTECT)
    stderr = models.ForeignKey(StderrRecord, null=True, blank=True, on_delete=models.PROTECT)
    fault_code = models.CharField(max_length=64, default="", blank=True)
    fault_bucket = models.CharField(max_length=16, default="", blank=True)
    fault_message = models.TextField(default="", blank=True)
    fault_detail = models.TextField(default="", blank=True)
    evidence: "models.JSONField[Any, Any]" = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["step", "epoch"], name="one_attempt_for_each_epoch")]

    def __str__(self) -> str:
        return f"{self.step_id} #{self.epoch}"
