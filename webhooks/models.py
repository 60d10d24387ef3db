"""Messages out: what happened, who wants to hear of it, and each try to tell them."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Func, Q
from django.db.models.functions import Now

from webhooks.states import DeliveryState


class Uuid7(Func):
    """A UUIDv7 by the database's clock, for rows that one statement makes from others."""

    function = "webhooks_uuid7"
    template = "%(function)s()"
    output_field = models.UUIDField()


class Event(models.Model):
    """Something that happened, for those outside; `payload` is the `data` of its messages.

    `sequence` orders the events of one job: they are written under the lock of the job's row, so a later one has
    a higher number. It has gaps. Events without a job tell of an endpoint or a batch.
    """

    sequence = models.BigAutoField(primary_key=True)
    id = models.UUIDField(unique=True)
    account_id = models.UUIDField()
    job_id = models.UUIDField(null=True, blank=True)
    type = models.CharField(max_length=64)
    payload: "models.JSONField[Any, Any]" = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["job_id", "sequence"], name="events_of_a_job"),
            models.Index(fields=["created_at"], name="events_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.type} #{self.sequence}"


class SigningSecret(models.Model):
    """What signs an endpoint's messages. Kept as it is: signing needs it, and it opens nothing of ours.

    One for each endpoint, and one for each account (`for_jobs`) for the URLs that come with its jobs. The one
    before signs as well until `previous_until`.
    """

    id = models.UUIDField(primary_key=True, db_default=Uuid7(), editable=False)
    account_id = models.UUIDField()
    for_jobs = models.BooleanField(default=False)
    secret = models.CharField(max_length=100)
    previous = models.CharField(max_length=100, default="")
    previous_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account_id"],
                condition=Q(for_jobs=True),
                name="one_secret_for_the_jobs_of_an_account",
            )
        ]

    def __str__(self) -> str:
        return f"signing secret {self.id}"


class Endpoint(models.Model):
    """A customer's URL (https: or mailto:). With a `job_id` it came with that job, and hears of no other.

    No `types` means all but those that have to be asked for. `queue` follows from the URL. Deleted ones stay,
    unseen, as long as their deliveries do.
    """

    id = models.UUIDField(primary_key=True, db_default=Uuid7(), editable=False)
    account_id = models.UUIDField()
    job_id = models.UUIDField(null=True, blank=True)
    url = models.CharField(max_length=2048)
    description = models.CharField(max_length=200, default="", blank=True)
    types = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    shape = models.CharField(max_length=32, default="standard")
    queue = models.CharField(max_length=16)
    signing = models.ForeignKey(SigningSecret, null=True, blank=True, on_delete=models.PROTECT)
    enabled = models.BooleanField(default=True)
    # Why it is disabled: asked, gone (410), failing. Empty while it is enabled.
    disabled_reason = models.CharField(max_length=16, default="", blank=True)
    disabled_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    # The first failure since the last success; and the end of a pause that its server asked for.
    failing_since = models.DateTimeField(null=True, blank=True)
    paused_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            # Asked by every transaction that has something to tell.
            models.Index(
                fields=["account_id", "job_id"], condition=Q(enabled=True), name="listening_endpoints"
            ),
            models.Index(fields=["account_id", "-id"], name="endpoints_of_an_account"),
            models.Index(
                fields=["account_id"],
                condition=Q(enabled=True, types__contains=["job.progress"]),
                name="endpoints_for_progress",
            ),
            models.Index(fields=["created_at"], condition=Q(job_id__isnull=False), name="endpoints_of_jobs"),
        ]

    def __str__(self) -> str:
        return f"endpoint {self.id}"


class Delivery(models.Model):
    """One event to one endpoint. A pending one that is due may be claimed: by owner, epoch and lease.

    A claim moves `next_try_at` to the end of its lease: what a dead worker held is due again by itself.
    """

    id = models.UUIDField(primary_key=True, db_default=Uuid7(), editable=False)
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    endpoint = models.ForeignKey(
        Endpoint, on_delete=models.CASCADE, related_name="deliveries", db_index=False
    )
    account_id = models.UUIDField()
    queue = models.CharField(max_length=16)
    state = models.CharField(max_length=16, choices=[(s.value, s.value) for s in DeliveryState])
    next_try_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    epoch = models.PositiveIntegerField(db_default=0)
    # Since it was made or last redelivered.
    tries = models.PositiveIntegerField(db_default=0)
    owner = models.CharField(max_length=200, db_default="")
    last_status = models.PositiveSmallIntegerField(null=True)
    last_error = models.CharField(max_length=32, db_default="")
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["event", "endpoint"], name="one_delivery_for_each_endpoint")
        ]
        indexes = [
            models.Index(
                fields=["queue", "endpoint", "next_try_at", "event"],
                condition=Q(state="pending"),
                name="pending_of_an_endpoint",
            ),
            models.Index(
                fields=["queue", "next_try_at"], condition=Q(state="pending"), name="due_deliveries"
            ),
            models.Index(
                fields=["endpoint"],
                condition=Q(state="pending", lease_until__isnull=False),
                name="deliveries_in_flight",
            ),
            models.Index(fields=["account_id", "-id"], name="deliveries_of_an_account"),
            models.Index(fields=["endpoint", "-id"], name="deliveries_of_an_endpoint"),
            models.Index(fields=["-id"], condition=Q(state="dead_letter"), name="dead_deliveries"),
            models.Index(
                fields=["state", "finished_at"], condition=~Q(state="pending"), name="deliveries_by_age"
            ),
        ]

    def __str__(self) -> str:
        return f"delivery {self.id} ({self.state})"


class DeliveryAttempt(models.Model):
    """One try: what was answered, as it was, cut; or why nothing was. Append-only."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="attempts")
    epoch = models.PositiveIntegerField()
    worker = models.CharField(max_length=200)
    started_at = models.DateTimeField()
    latency_seconds = models.FloatField(null=True)
    status = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=32, default="")
    message = models.CharField(max_length=300, default="")
    headers: "models.JSONField[Any, Any]" = models.JSONField(default=dict)
    body_excerpt = models.TextField(default="")

    class Meta:
        ordering = ["epoch"]

    def __str__(self) -> str:
        return f"try {self.epoch} of {self.delivery_id}"
