"""Events enter the outbox here, inside the transaction that they tell of, with a delivery for each endpoint.

The fan-out is part of the statement that inserts the events: it costs an account with endpoints no round trip,
and an account without one nothing at all.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID, uuid4

from django.db import connection

from audit.rows import insert
from webhooks.events import OPT_IN
from webhooks.models import Event
from webhooks.payloads import fit

# The conductor listens here; the payload is the queue that has something due.
CHANNEL = "reelchord_deliveries"

# Whether anybody wants to hear of a job: for the statement that locks the job's row. `{account}` and `{job}`
# stand for columns of that statement.
LISTENING = (
    "EXISTS (SELECT FROM webhooks_endpoint WHERE enabled AND webhooks_endpoint.account_id = {account}"
    " AND (webhooks_endpoint.job_id IS NULL OR webhooks_endpoint.job_id = {job}))"
)

_OPT_IN = ", ".join(f"'{type_}'" for type_ in sorted(OPT_IN))

# Three parts of a WITH statement that inserts events as `event`.
RETURNING = "RETURNING sequence, account_id, job_id, type"
FAN_OUT = f"""delivery AS (
    INSERT INTO webhooks_delivery (event_id, endpoint_id, account_id, queue, state, next_try_at)
    SELECT event.sequence, endpoint.id, event.account_id, endpoint.queue, 'pending', statement_timestamp()
    FROM event JOIN webhooks_endpoint AS endpoint ON endpoint.enabled AND endpoint.account_id = event.account_id
    WHERE (endpoint.job_id IS NULL OR endpoint.job_id = event.job_id) AND (
        event.type = ANY(endpoint.types)
        OR (endpoint.types = '{{}}' AND event.type NOT IN ({_OPT_IN}))
    )
    RETURNING queue
)"""  # noqa: S608 - our own constants
WAKE = f"SELECT pg_notify('{CHANNEL}', queue) FROM (SELECT DISTINCT queue FROM delivery) AS queues"  # noqa: S608

_INSERT = "WITH event AS (INSERT INTO webhooks_event (id, account_id, job_id, type, payload) VALUES "
_REST = f" {RETURNING}), {FAN_OUT} {WAKE}"

_ONE = f"""
WITH event AS (
    INSERT INTO webhooks_event (id, account_id, type, payload) VALUES (%s, %s, %s, %s) RETURNING sequence, account_id
), delivery AS (
    INSERT INTO webhooks_delivery (event_id, endpoint_id, account_id, queue, state, next_try_at)
    SELECT event.sequence, endpoint.id, event.account_id, endpoint.queue, 'pending', statement_timestamp()
    FROM event JOIN webhooks_endpoint AS endpoint ON endpoint.id = %s
    RETURNING id, queue
)
SELECT id, pg_notify('{CHANNEL}', queue) FROM delivery
"""  # noqa: S608

Told = tuple[str, Mapping[str, object]]


def record(account_id: UUID, job_id: UUID | None, events: Iterable[Told], *, listening: bool) -> None:
    """Append (type, payload) pairs in their order, and tell the endpoints that want them, if any is `listening`."""
    told = list(events)
    if not told:
        return
    if not listening:
        insert(
            [
                Event(id=uuid4(), account_id=account_id, job_id=job_id, type=type_, payload=dict(payload))
                for type_, payload in told
            ]
        )
        return
    values: list[Any] = []
    for type_, payload in told:
        values += [uuid4(), account_id, job_id, type_, json.dumps(fit(payload))]
    groups = ", ".join(["(%s, %s, %s, %s, %s)"] * len(told))
    with connection.cursor() as cursor:
        cursor.execute(_INSERT + groups + _REST, values)


def record_for(endpoint_id: UUID, account_id: UUID, type_: str, payload: Mapping[str, object]) -> UUID:
    """One event for one endpoint, whatever it subscribed to; the delivery's id."""
    with connection.cursor() as cursor:
        cursor.execute(_ONE, [uuid4(), account_id, type_, json.dumps(payload), endpoint_id])
        row = cursor.fetchone()
    assert row is not None  # noqa: S101 - the endpoint was just read in this transaction
    delivery: UUID = row[0]
    return delivery
