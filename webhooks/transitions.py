"""The only writer of a delivery's state: each move is conditional and fenced, and commits with its evidence.

What became of a batch of tries is one transaction: a busy worker's tries cost it a few round trips a batch, not a
few for each.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db import connection, transaction

from audit.identifiers import NOBODY
from audit.recorder import StateChange, record_changes
from audit.rows import insert
from webhooks import outbox, standing
from webhooks.models import DeliveryAttempt
from webhooks.schedule import WORKER_LOST
from webhooks.states import FINAL, MOVES, DeliveryState
from webhooks.tries import Tried

_SETTLE = """
UPDATE webhooks_delivery AS delivery
SET state = tried.state, lease_until = NULL, owner = '', last_status = tried.status, last_error = tried.error,
    next_try_at = statement_timestamp() + make_interval(secs => tried.delay),
    finished_at = CASE WHEN tried.state = 'pending' THEN NULL ELSE statement_timestamp() END
FROM unnest(%s::uuid[], %s::int[], %s::text[], %s::float8[], %s::int[], %s::text[])
    AS tried (id, epoch, state, delay, status, error)
WHERE delivery.id = tried.id AND delivery.epoch = tried.epoch AND delivery.state = 'pending'
RETURNING delivery.id
"""


def settle(tried: Sequence[Tried]) -> list[Tried]:
    """Write down what a batch of tries came to; those whose claim still held. The others leave no trace."""
    if not tried:
        return []
    for one in tried:
        if one.verdict.state not in MOVES[DeliveryState.PENDING] | {DeliveryState.PENDING}:
            raise ValueError(f"pending > {one.verdict.state} is no move")
    with transaction.atomic(), connection.cursor() as cursor:
        columns = zip(
            *(
                (
                    one.claimed.id,
                    one.claimed.epoch,
                    str(one.verdict.state),
                    one.verdict.delay_seconds,
                    one.status,
                    one.error,
                )
                for one in tried
            ),
            strict=True,
        )
        cursor.execute(_SETTLE, [list(column) for column in columns])
        written = {row[0] for row in cursor.fetchall()}
        held = [one for one in tried if one.claimed.id in written]
        insert([row for one in held for row in _attempts(one)])
        for one in held:
            if one.verdict.state == DeliveryState.DEAD_LETTER:
                _audit_delivery(one)
        standing.judge(held)
    return held


def _attempts(one: Tried) -> Iterable[DeliveryAttempt]:
    claimed = one.claimed
    if claimed.lapsed:
        # Its worker died or was frozen: the receiver may have had it, and tells by the id.
        yield DeliveryAttempt(
            delivery_id=claimed.id,
            epoch=claimed.epoch - 1,
            worker="",
            started_at=one.started_at,
            error=WORKER_LOST,
            message="The worker was lost before it could write down what became of this try.",
        )
    if one.posted:
        yield DeliveryAttempt(
            delivery_id=claimed.id,
            epoch=claimed.epoch,
            worker=claimed.owner,
            started_at=one.started_at,
            latency_seconds=one.latency_seconds,
            status=one.status,
            error=one.error,
            message=one.message,
            headers=dict(one.headers or {}),
            body_excerpt=one.body_excerpt,
        )


_REDELIVER = """
WITH chosen AS (
    SELECT delivery.id, delivery.state AS from_state
    FROM webhooks_delivery AS delivery JOIN webhooks_endpoint AS endpoint ON endpoint.id = delivery.endpoint_id
    WHERE delivery.id = ANY(%s) AND delivery.state = ANY(%s) AND endpoint.enabled
    ORDER BY delivery.id FOR UPDATE OF delivery
)
UPDATE webhooks_delivery AS delivery
SET state = 'pending', tries = 0, next_try_at = statement_timestamp(), lease_until = NULL, finished_at = NULL,
    last_error = '', last_status = NULL
FROM chosen, webhooks_event AS event
WHERE delivery.id = chosen.id AND event.sequence = delivery.event_id
RETURNING delivery.id, delivery.account_id, event.job_id, event.type, chosen.from_state, delivery.queue
"""


def redeliver(ids: Sequence[UUID], *, actor: str) -> list[UUID]:
    """Send final deliveries again, with the same id and all their tries; which ones. Those of a disabled endpoint
    stay as they are. At most a thousand at a time, please: it is one transaction."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_REDELIVER, [list(ids), sorted(str(state) for state in FINAL)])
        rows = cursor.fetchall()
        for delivery, account, job, type_, from_state, _ in rows:
            change = StateChange("delivery", delivery, from_state, str(DeliveryState.PENDING), type_)
            record_changes(account, job or NOBODY, actor, [change])
        for queue in sorted({row[5] for row in rows}):
            cursor.execute("SELECT pg_notify(%s, %s)", [outbox.CHANNEL, queue])
    return [row[0] for row in rows]


def _audit_delivery(one: Tried) -> None:
    claimed = one.claimed
    detail: dict[str, str | int | float] = {"endpoint": str(claimed.endpoint_id), "tries": claimed.tries}
    if one.status is not None:
        detail["status"] = one.status
    if one.error:
        detail["error"] = one.error
    change = StateChange(
        "delivery",
        claimed.id,
        str(DeliveryState.PENDING),
        str(DeliveryState.DEAD_LETTER),
        claimed.message.type,
        detail,
    )
    record_changes(claimed.account_id, claimed.job_id or NOBODY, f"worker:{claimed.owner}", [change])
