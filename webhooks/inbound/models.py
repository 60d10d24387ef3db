"""What arrived from outside, what was tried with it, and what fails too often."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from audit.identifiers import uuid7

from .states import InboundState, TryState


class InboundEvent(models.Model):
    """One webhook, stored once by the provider's id, whole as it was signed.

    `received` and due, it is its own outbox row. `next_try_at` is for the claim, `hint_after` for the conductor:
    a hint that is on its way pushes only the latter.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    provider = models.CharField(max_length=32)
    event_id = models.CharField(max_length=200)
    type = models.CharField(max_length=100)
    occurred_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField(db_default=Now())
    headers: "models.JSONField[Any, Any]" = models.JSONField(default=dict)
    body = models.BinaryField()
    size_bytes = models.PositiveIntegerField()
    state = models.CharField(
        max_length=16, choices=[(s.value, s.value) for s in InboundState], default=InboundState.RECEIVED
    )
    # Since it was received or replayed; the rows of InboundTry keep all of them.
    tries = models.PositiveIntegerField(default=0)
    epoch = models.PositiveIntegerField(default=0)
    owner = models.CharField(max_length=200, default="", blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    next_try_at = models.DateTimeField(db_default=Now())
    hint_after = models.DateTimeField(db_default=Now())
    hints = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True, blank=True)
    account_id = models.UUIDField(null=True, blank=True)
    note = models.TextField(default="", blank=True)
    fault_code = models.CharField(max_length=64, default="", blank=True)
    fault_message = models.TextField(default="", blank=True)

    class Meta:
        verbose_name = "inbound webhook"
        constraints = [models.UniqueConstraint(fields=["provider", "event_id"], name="stored_once")]
        indexes = [
            models.Index(fields=["hint_after"], condition=Q(state="received"), name="due_inbound"),
            models.Index(fields=["id"], condition=Q(state="handling"), name="handling_inbound"),
            models.Index(fields=["-id"], condition=Q(state="dead_letter"), name="inbound_dead_letters"),
            models.Index(fields=["provider", "type", "-id"], name="inbound_of_a_type"),
            models.Index(
                fields=["account_id", "-id"],
                condition=Q(account_id__isnull=False),
                name="inbound_of_an_account",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.type} {self.event_id}"


class InboundTry(models.Model):
    """One try at an event, with what came of it. Provider and type stand here too: alerts count by them."""

    event = models.ForeignKey(InboundEvent, on_delete=models.CASCADE, related_name="history")
    epoch = models.PositiveIntegerField()
    provider = models.CharField(max_length=32)
    type = models.CharField(max_length=100)
    state = models.CharField(
        max_length=16, choices=[(s.value, s.value) for s in TryState], default=TryState.RUNNING
    )
    worker = models.CharField(max_length=200)
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)
    fault_code = models.CharField(max_length=64, default="", blank=True)
    fault_message = models.TextField(default="", blank=True)
    # Where an unexpected exception came from; for the operator's eyes only.
    fault_detail = models.TextField(default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "epoch"], name="one_inbound_try_for_each_epoch")
        ]
        indexes = [
            models.Index(
                fields=["provider", "type", "finished_at"],
                condition=Q(state__in=["failed", "lost"]),
                name="failed_inbound_tries",
            )
        ]

    def __str__(self) -> str:
        return f"{self.event_id} #{self.epoch}"


class InboundAlert(models.Model):
    """A type that failed too often: one row for each, which says when that was noticed last."""

    provider = models.CharField(max_length=32)
    type = models.CharField(max_length=100)
    failures = models.PositiveIntegerField()
    raised_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "type"], name="one_inbound_alert_for_each_type")
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.type}"
