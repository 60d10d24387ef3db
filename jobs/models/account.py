"""Who submits: an account owns jobs, keys and roots; nothing of one is ever seen by another."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from .identifiers import uuid7


class Account(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(
        unique=True, max_length=63, help_text="Names the account's folder beneath each root."
    )
    name = models.CharField(max_length=200)
    created_at = models.DateTimeField(db_default=Now())
    plan = models.CharField(max_length=64, default="", blank=True)
    quota_jobs = models.PositiveIntegerField(
        null=True, blank=True, help_text="Jobs in a calendar month (UTC); empty: no limit."
    )
    suspended_at = models.DateTimeField(
        null=True, blank=True, help_text="Since then no new job is accepted; what runs, runs on."
    )
    suspension_reason = models.CharField(
        max_length=200, default="", blank=True, help_text="The customer reads it."
    )
    stripe_customer_id = models.CharField(max_length=64, default="", blank=True)
    stripe_subscription_id = models.CharField(max_length=64, default="", blank=True)
    # Stripe's own time of what was applied last: its events come in any order, and the newest wins.
    plan_as_of = models.DateTimeField(null=True, blank=True)
    suspension_as_of = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["stripe_customer_id"],
                condition=~Q(stripe_customer_id=""),
                name="one_account_for_each_stripe_customer",
            )
        ]

    def __str__(self) -> str:
        return self.slug


class ApiKey(models.Model):
    """A named, scoped, revocable key. The secret is shown once; the row keeps its SHA-256.

    A plain hash is enough: the secret has 256 random bits, so there is nothing to guess and no salt to add
    (NIST SP 800-63B, section 5.1.4.2, asks for stretching where secrets are chosen by people).
    """

    SCOPES = ("jobs:read", "jobs:write", "presets:write", "webhooks:read", "webhooks:write")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=200)
    prefix = models.CharField(max_length=12, help_text="The first characters, to recognise a key by.")
    digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=32))
    created_at = models.DateTimeField(db_default=Now())
    last_used_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
