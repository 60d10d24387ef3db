"""A stored ladder with its packaging, which a customer names. A version never changes; a new wish is a new version."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from .account import Account


class Preset(models.Model):
    """`account` None: it ships with the product or is the operators' own, and everybody may name it."""

    account = models.ForeignKey(
        Account, null=True, blank=True, on_delete=models.CASCADE, related_name="presets"
    )
    name = models.CharField(max_length=64)
    version = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    ladder: "models.JSONField[Any, Any]" = models.JSONField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name", "version"], condition=Q(account=None), name="one_row_for_each_shared_version"
            ),
            models.UniqueConstraint(
                fields=["account", "name", "version"], name="one_row_for_each_preset_version"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"
