"""Once more: one delivery, the ticked ones, or all that a filter finds, a batch at a time."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from webhooks import transitions
from webhooks.models import Delivery
from webhooks.states import DeliveryState

BATCH = 1000


@dataclass(frozen=True, slots=True)
class Found:
    """The first `BATCH` in order of id, by event type, and whether others follow."""

    ids: tuple[UUID, ...]
    types: Counter[str]
    more: bool


def dead_letters(*, since: datetime | None = None) -> "QuerySet[Delivery]":
    """Those whose endpoint is there to hear of them; `since` is the time of the event."""
    rows = Delivery.objects.filter(state=DeliveryState.DEAD_LETTER, endpoint__enabled=True)
    return rows.filter(created_at__gte=since) if since else rows


def find(rows: "QuerySet[Delivery]") -> Found:
    found = list(rows.order_by("pk").values_list("pk", "event__type")[: BATCH + 1])
    batch = found[:BATCH]
    return Found(tuple(pk for pk, _ in batch), Counter(type_ for _, type_ in batch), more=len(found) > BATCH)


def redeliver(ids: Sequence[UUID], *, actor: str) -> list[UUID]:
    """Send these final deliveries again, at most a batch; which ones. The rest is pending, or has nowhere to go."""
    return transitions.redeliver(ids[:BATCH], actor=actor)
