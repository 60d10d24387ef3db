"""What a client's Idempotency-Key was answered with (draft-ietf-httpapi-idempotency-key-header)."""

from typing import Any

from django.db import models
from django.db.models.functions import Now

from .account import Account


class IdempotencyKey(models.Model):
    """`status` NULL means that the first request with this key is still being worked on."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    key = models.CharField(max_length=255)
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=255)
    body_sha256 = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    headers: "models.JSONField[Any, Any]" = models.JSONField(default=dict)
    body: "models.JSONField[Any, Any]" = models.JSONField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "key", "method", "path"], name="one_answer_for_each_key"
            )
        ]
        indexes = [models.Index(fields=["created_at"], name="old_idempotency_keys")]

    def __str__(self) -> str:
        return self.key
