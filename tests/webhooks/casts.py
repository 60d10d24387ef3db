"""What tests of webhooks have to do with: events told, deliveries looked at and made due."""

from typing import Any
from uuid import UUID, uuid4

from django.db import connection

from webhooks import outbox
from webhooks.models import Delivery, DeliveryAttempt


def tell(account: UUID, type_: str = "job.succeeded", *, job: UUID | None = None, count: int = 1) -> UUID:
    """`count` events of one job; its id."""
    job = job or uuid4()
    events = [
        (type_, {"job": {"id": str(job), "state": type_.partition(".")[2], "n": n}}) for n in range(count)
    ]
    outbox.record(account, job, events, listening=True)
    return job


def make_due() -> None:
    """As if the back-off were over."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE webhooks_delivery SET next_try_at = statement_timestamp() WHERE state = 'pending'"
        )
        cursor.execute("UPDATE webhooks_endpoint SET paused_until = NULL")


def the_delivery() -> Delivery:
    return Delivery.objects.get()


def tries(delivery: Delivery | None = None) -> list[tuple[Any, ...]]:
    """(status, error) of each try, in order."""
    rows = DeliveryAttempt.objects.filter(delivery=delivery or the_delivery()).order_by("id")
    return list(rows.values_list("status", "error"))
