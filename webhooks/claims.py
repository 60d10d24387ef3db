"""The timed right to one try of a delivery: by batches, fairly over the endpoints, fenced by an epoch."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from webhooks.payloads import Message

FIRST = UUID(int=0)
# One claim looks at so many endpoints with something pending; the next goes on behind them.
ENDPOINTS_AT_ONCE = 200
# What is pending for a disabled endpoint becomes dead letters, without a request: so many of one at a time.
_DISABLED_AT_ONCE = 100
_LOCK = 0x7265656C  # an advisory lock's number: any, but always the same


@dataclass(frozen=True, slots=True)
class Claimed:
    """The right to one try, in one epoch. `lapsed`: the try before was claimed, and never heard of again."""

    id: UUID
    epoch: int
    tries: int
    lapsed: bool
    owner: str
    account_id: UUID
    job_id: UUID | None
    endpoint_id: UUID
    url: str
    shape: str
    enabled: bool
    keys: tuple[str, ...] = field(repr=False)
    message: Message


_ASKING = """
WITH RECURSIVE asking (endpoint_id, place) AS (
    (SELECT endpoint_id, 1 FROM webhooks_delivery
     WHERE queue = %(queue)s AND state = 'pending' AND endpoint_id > %(after)s ORDER BY endpoint_id LIMIT 1)
    UNION ALL
    SELECT (SELECT next.endpoint_id FROM webhooks_delivery AS next
            WHERE next.queue = %(queue)s AND next.state IN ('pending') AND next.endpoint_id > asking.endpoint_id
            ORDER BY next.endpoint_id LIMIT 1), place + 1
    FROM asking WHERE asking.endpoint_id IS NOT NULL AND place < %(at_once)s
)
SELECT endpoint_id FROM asking WHERE endpoint_id IS NOT NULL
"""
# The first of each endpoint go before the second of any.
_CLAIM = """
WITH chosen AS (
    SELECT due.id, due.lease_until
    FROM webhooks_endpoint AS endpoint
    CROSS JOIN LATERAL (
        SELECT id, lease_until, next_try_at, row_number() OVER (ORDER BY next_try_at, event_id) AS place
        FROM (
            SELECT id, lease_until, next_try_at, event_id FROM webhooks_delivery
            WHERE queue = %(queue)s AND state = 'pending' AND endpoint_id = endpoint.id
                AND next_try_at <= statement_timestamp()
            ORDER BY next_try_at, event_id
            LIMIT CASE WHEN NOT endpoint.enabled THEN %(disabled_at_once)s ELSE greatest(0, %(per_endpoint)s - (
                SELECT count(*) FROM webhooks_delivery AS busy
                WHERE busy.endpoint_id = endpoint.id AND busy.state IN ('pending')
                    AND busy.lease_until > statement_timestamp()
            )) END
        ) AS first
    ) AS due
    WHERE endpoint.id = ANY(%(endpoints)s)
        AND (endpoint.paused_until IS NULL OR endpoint.paused_until <= statement_timestamp() OR NOT endpoint.enabled)
    ORDER BY due.place, due.next_try_at
    LIMIT %(limit)s
), claimed AS (
    UPDATE webhooks_delivery AS delivery
    SET epoch = epoch + 1, tries = tries + 1, owner = %(owner)s,
        lease_until = statement_timestamp() + make_interval(secs => %(lease_seconds)s),
        next_try_at = statement_timestamp() + make_interval(secs => %(lease_seconds)s)
    FROM chosen
    WHERE delivery.id = chosen.id AND delivery.state IN ('pending')
        AND delivery.next_try_at <= statement_timestamp()
    RETURNING delivery.*, chosen.lease_until IS NOT NULL AS lapsed
)
SELECT claimed.id, claimed.epoch, claimed.tries, claimed.lapsed, claimed.account_id, event.job_id, endpoint.id,
    endpoint.url, endpoint.shape, endpoint.enabled, signing.secret,
    CASE WHEN signing.previous_until > statement_timestamp() THEN signing.previous ELSE '' END,
    event.id, event.type, event.sequence, event.created_at, event.payload
FROM claimed
JOIN webhooks_event AS event ON event.sequence = claimed.event_id
JOIN webhooks_endpoint AS endpoint ON endpoint.id = claimed.endpoint_id
LEFT JOIN webhooks_signingsecret AS signing ON signing.id = endpoint.signing_id
ORDER BY claimed.event_id
"""


def claim(
    queue: str, *, owner: str, limit: int, per_endpoint: int, lease_seconds: float, after: UUID
) -> tuple[list[Claimed], UUID]:
    """Take up to `limit` due deliveries, at most `per_endpoint` in flight for each endpoint, over all workers.

    Looks at the endpoints behind `after`; the second value is where the next call goes on, so that none is passed
    over for ever. The order is fair: an endpoint with a hundred thousand waiting gets no more than its share.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        # One claim at a time: two would each count the other's as not in flight. It takes milliseconds.
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        cursor.execute(_ASKING, {"queue": queue, "after": after, "at_once": ENDPOINTS_AT_ONCE})
        endpoints = [row[0] for row in cursor.fetchall()]
        following = endpoints[-1] if len(endpoints) == ENDPOINTS_AT_ONCE else FIRST
        if not endpoints:
            return [], following
        cursor.execute(
            _CLAIM,
            {
                "queue": queue,
                "owner": owner,
                "limit": limit,
                "per_endpoint": per_endpoint,
                "disabled_at_once": _DISABLED_AT_ONCE,
                "lease_seconds": lease_seconds,
                "endpoints": endpoints,
            },
        )
        return [_claimed(row, owner) for row in cursor.fetchall()], following


def _claimed(row: Sequence[Any], owner: str) -> Claimed:
    *plain, secret, previous, event_id, type_, sequence, created_at, payload = row
    delivery, epoch, tries, lapsed, account, job, endpoint, url, shape, enabled = plain
    return Claimed(
        id=delivery,
        epoch=epoch,
        tries=tries,
        lapsed=lapsed,
        owner=owner,
        account_id=account,
        job_id=job,
        endpoint_id=endpoint,
        url=url,
        shape=shape,
        enabled=enabled,
        keys=tuple(key for key in (secret, previous) if key),
        message=Message(str(event_id), type_, sequence, created_at, json.loads(payload)),
    )
