"""Evidence, append-only: what ran, with which binary, what it said, and every change of state."""

from typing import Any

from django.db import models
from django.db.models.functions import Now


class EncoderIdentity(models.Model):
    """One exact encoder: the binary by its hash, and what it says of itself. `revision` is its short public name."""

    sha256 = models.CharField(max_length=64)
    container_digest = models.CharField(max_length=255, default="", blank=True)
    revision = models.CharField(max_length=64)
    version = models.CharField(max_length=128)
    configuration = models.TextField()
    libraries = models.JSONField()
    first_seen_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "encoder identities"
        constraints = [
            models.UniqueConstraint(fields=["sha256", "container_digest"], name="one_row_for_each_encoder")
        ]

    def __str__(self) -> str:
        return self.revision


class StderrRecord(models.Model):
    """The whole stderr of one attempt: zstd-compressed, with the SHA-256 and size of the plain bytes."""

    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    size_bytes = models.BigIntegerField()
    recorded_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"stderr {self.pk} ({self.size_bytes} bytes)"


class AuditEvent(models.Model):
    """One change of state, written in the transaction that made it. Never updated (a trigger refuses it)."""

    account_id = models.UUIDField()
    job_id = models.UUIDField()
    subject = models.CharField(max_length=16)
    subject_id = models.UUIDField()
    label = models.CharField(max_length=64, default="")
    from_state = models.CharField(max_length=16, default="")
    to_state = models.CharField(max_length=16)
    actor = models.CharField(max_length=200)
    detail: "models.JSONField[Any, Any]" = models.JSONField(default=dict)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["job_id", "id"], name="audit_of_a_job")]

    def __str__(self) -> str:
        return f"{self.subject} {self.label} {self.from_state} > {self.to_state}"
