"""One planned version of a source: its specification is frozen by the plan."""

from typing import Any

from django.db import models

from jobs.states import RenditionState

from .identifiers import uuid7
from .job import Job
from .step import Step


class Rendition(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # Indexed by `one_rendition_for_each_key`.
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="renditions", db_index=False)
    step = models.OneToOneField(Step, on_delete=models.CASCADE, related_name="rendition")
    position = models.PositiveSmallIntegerField()
    key = models.CharField(max_length=64)
    kind = models.CharField(max_length=16)
    required = models.BooleanField(default=True)
    spec: "models.JSONField[Any, Any]" = models.JSONField()
    state = models.CharField(
        max_length=16, choices=[(s.value, s.value) for s in RenditionState], default=RenditionState.QUEUED
    )
    fault_code = models.CharField(max_length=64, default="", blank=True)
    fault_bucket = models.CharField(max_length=16, default="", blank=True)
    fault_message = models.TextField(default="", blank=True)
    fault_detail = models.TextField(default="", blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["job", "key"], name="one_rendition_for_each_key")]

    def __str__(self) -> str:
        return self.key
