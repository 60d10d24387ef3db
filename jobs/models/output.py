"""A stored file with its checksum. The row is written before the object, so no object is ever without a row."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from jobs.states import OutputState

from .attempt import Attempt
from .identifiers import uuid7
from .job import Job
from .rendition import Rendition


class Output(models.Model):
    """`path` is relative to the job's folder; `index` holds the fragments of a CMAF file."""

    class Kind(models.TextChoices):
        RENDITION = "rendition"
        PLAYLIST = "playlist"
        MANIFEST = "manifest"
        SEGMENT = "segment"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="outputs")
    rendition = models.ForeignKey(
        Rendition, null=True, blank=True, on_delete=models.CASCADE, related_name="outputs"
    )
    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="outputs")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    state = models.CharField(
        max_length=16, choices=[(s.value, s.value) for s in OutputState], default=OutputState.PENDING
    )
    path = models.CharField(max_length=512)
    url = models.CharField(max_length=4096)
    content_type = models.CharField(max_length=100)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.BigIntegerField()
    codecs = models.CharField(max_length=100, default="", blank=True)
    duration_seconds = models.FloatField(null=True, blank=True)
    probe: "models.JSONField[Any, Any]" = models.JSONField(null=True, blank=True)
    index: "models.JSONField[Any, Any]" = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    committed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["path"]
        indexes = [
            models.Index(fields=["sha256"], name="outputs_by_hash"),
            models.Index(fields=["created_at"], condition=Q(state="discarded"), name="discarded_outputs"),
            models.Index(fields=["attempt"], condition=Q(state="pending"), name="pending_outputs"),
        ]

    def __str__(self) -> str:
        return self.path
