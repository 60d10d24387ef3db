"""What was found out about renditions once they were made: how near they come to their source, what is odd in them."""

from typing import Any

from django.db import models
from django.db.models.functions import Now

from .attempt import Attempt
from .identifiers import uuid7
from .job import Job
from .rendition import Rendition


class QualityMeasurement(models.Model):
    """One comparison of a rendition, as it then was, with its source. Scores are on the metric's scale.

    `curve` holds at most 300 points, [seconds, score], each the lowest of those that it stands for. `passed` None:
    there was no `threshold` to pass. A rendition that was encoded again has one for each encode.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    rendition = models.ForeignKey(Rendition, on_delete=models.CASCADE, related_name="measurements")
    attempt = models.OneToOneField(Attempt, on_delete=models.CASCADE, related_name="measurement")
    metric = models.CharField(max_length=16)
    model = models.CharField(max_length=64, default="", blank=True)
    compare_at = models.CharField(max_length=16)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    frames = models.PositiveIntegerField()
    mean = models.FloatField()
    harmonic_mean = models.FloatField()
    percentile_5 = models.FloatField()
    lowest = models.FloatField()
    lowest_at_seconds = models.FloatField()
    curve: "models.JSONField[Any, Any]" = models.JSONField(default=list)
    threshold = models.FloatField(null=True, blank=True)
    passed = models.BooleanField(null=True, blank=True)
    measured_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.metric} {self.mean:.2f}"


class Detection(models.Model):
    """A part of a job's film that is black, frozen or silent: a warning, of which there are at most 100."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="detections")
    kind = models.CharField(max_length=16)
    start_seconds = models.FloatField()
    end_seconds = models.FloatField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.start_seconds:g} to {self.end_seconds:g} s"
