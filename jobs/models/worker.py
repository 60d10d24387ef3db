"""A Celery worker that has shown itself: what it serves, and with which encoder."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from audit.models import EncoderIdentity


class Worker(models.Model):
    name = models.CharField(primary_key=True, max_length=200)
    queues = ArrayField(models.CharField(max_length=64))
    slots = models.PositiveIntegerField()
    encoder_identity = models.ForeignKey(EncoderIdentity, null=True, blank=True, on_delete=models.PROTECT)
    # Of GPUs: what has encoded a picture there, why the others did not, and when that was found out.
    proven_encoders = ArrayField(models.CharField(max_length=32), default=list, db_default=[], blank=True)
    unproven: "models.JSONField[Any, Any]" = models.JSONField(default=dict, blank=True)
    proven_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(db_default=Now())
    seen_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name
