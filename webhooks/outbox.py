"""Events enter the outbox here, inside the transaction that they tell of."""

from collections.abc import Iterable, Mapping
from uuid import UUID, uuid4

from audit.rows import insert
from webhooks.models import Event


def record(account_id: UUID, job_id: UUID, events: Iterable[tuple[str, Mapping[str, object]]]) -> None:
    """Append (type, payload) pairs in their order."""
    insert(
        [
            Event(id=uuid4(), account_id=account_id, job_id=job_id, type=type_, payload=dict(payload))
            for type_, payload in events
        ]
    )
