"""One submission, and the media that it names."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from audit.models import EncoderIdentity
from jobs.states import FINAL_JOB, JobState

from .account import Account
from .identifiers import uuid7
from .preset import Preset


class Job(models.Model):
    """`ladder` or `command` is the wish, frozen at submission; `plan` is the wish resolved against the source.

    `version` grows with each transaction that changes the job or anything in it: an ETag, and the row whose
    lock puts those transactions in a line.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # Indexed by `newest_jobs_of_an_account`: an index of its own would be paid for with each change of a row.
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="jobs", db_index=False)
    state = models.CharField(
        max_length=16, choices=[(s.value, s.value) for s in JobState], default=JobState.QUEUED
    )
    version = models.BigIntegerField(default=1)
    reference = models.CharField(max_length=200, default="", blank=True)
    metadata: "models.JSONField[Any, Any]" = models.JSONField(default=dict, blank=True)
    preset = models.ForeignKey(Preset, null=True, blank=True, on_delete=models.PROTECT)
    ladder: "models.JSONField[Any, Any]" = models.JSONField(null=True, blank=True)
    command: "models.JSONField[Any, Any]" = models.JSONField(null=True, blank=True)
    # Which API it came by, where that is not this product's own: its answers are in that API's words.
    interface = models.CharField(max_length=16, default="", blank=True)
    destination = models.CharField(max_length=2048)
    timeout_seconds = models.PositiveIntegerField()
    plan: "models.JSONField[Any, Any]" = models.JSONField(null=True, blank=True)
    encoder_identity = models.ForeignKey(EncoderIdentity, null=True, blank=True, on_delete=models.PROTECT)
    manifest = models.ForeignKey("Output", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    fault_code = models.CharField(max_length=64, default="", blank=True)
    fault_bucket = models.CharField(max_length=16, default="", blank=True)
    fault_message = models.TextField(default="", blank=True)
    fault_detail = models.TextField(default="", blank=True)
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ladder__isnull=True) ^ Q(command__isnull=True), name="a_ladder_or_a_command"
            )
        ]
        indexes = [
            # Ids are made in the order of time (UUIDv7): the newest come first by id alone.
            models.Index(fields=["account", "-id"], name="newest_jobs_of_an_account"),
            models.Index(
                fields=["state", "-id"],
                condition=~Q(state__in=[str(state) for state in sorted(FINAL_JOB)]),
                name="live_jobs",
            ),
            models.Index(fields=["-id"], condition=Q(state="dead_letter"), name="dead_letters"),
        ]

    def __str__(self) -> str:
        return f"{self.id} ({self.state})"


class Source(models.Model):
    """The media as submitted; what the ingest step found out about it is filled in by that step's commit."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # Indexed by `one_source_for_each_position`.
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="sources", db_index=False)
    position = models.PositiveSmallIntegerField(default=0)
    url = models.CharField(max_length=4096)
    sha256 = models.CharField(max_length=64, default="", blank=True)
    size_bytes = models.BigIntegerField(null=True, blank=True)
    content_type = models.CharField(max_length=200, default="", blank=True)
    probe: "models.JSONField[Any, Any]" = models.JSONField(null=True, blank=True)
    fetched_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "position"], name="one_source_for_each_position")
        ]
        indexes = [models.Index(fields=["sha256"], name="sources_by_hash")]

    def __str__(self) -> str:
        return self.url
