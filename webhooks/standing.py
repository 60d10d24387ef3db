"""How an endpoint stands: well, failing, paused or disabled; each change of that is written here.

Rows that somebody else is at work on are passed over: with every worker saying the same, one is enough.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from audit.identifiers import NOBODY
from audit.recorder import StateChange, record_changes
from webhooks import outbox
from webhooks.models import Endpoint
from webhooks.states import DeliveryState
from webhooks.tries import Tried

ASKED, GONE, FAILING, DELETED = "asked", "gone", "failing", "deleted"

_WELL_AGAIN = """
UPDATE webhooks_endpoint SET failing_since = NULL WHERE id IN (
    SELECT id FROM webhooks_endpoint WHERE id = ANY(%s) AND failing_since IS NOT NULL
    ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
)
"""
_FAILING = """
UPDATE webhooks_endpoint SET failing_since = statement_timestamp() WHERE id IN (
    SELECT id FROM webhooks_endpoint WHERE id = ANY(%s) AND failing_since IS NULL
    ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
)
"""
_FAILED_FOR_DAYS = """
SELECT id FROM webhooks_endpoint
WHERE id = ANY(%s) AND enabled AND failing_since < statement_timestamp() - make_interval(hours => %s)
"""
_PAUSE = """
UPDATE webhooks_endpoint SET paused_until = statement_timestamp() + make_interval(secs => %s) WHERE id IN (
    SELECT id FROM webhooks_endpoint WHERE id = %s FOR NO KEY UPDATE SKIP LOCKED
)
"""


def judge(held: Sequence[Tried]) -> None:
    """What a batch of tries says of their endpoints. Call it in the transaction that writes them down."""
    with connection.cursor() as cursor:
        _judge(cursor, [one for one in held if one.posted])


def _judge(cursor: Any, posted: Sequence[Tried]) -> None:
    well = {one.claimed.endpoint_id for one in posted if one.verdict.state == DeliveryState.DELIVERED}
    ill = {one.claimed.endpoint_id: one.claimed for one in posted if one.claimed.endpoint_id not in well}
    if well:
        cursor.execute(_WELL_AGAIN, [list(well)])
    if ill:
        cursor.execute(_FAILING, [list(ill)])
        cursor.execute(_FAILED_FOR_DAYS, [list(ill), settings.WEBHOOK_DISABLE_AFTER_HOURS])
        for (endpoint_id,) in cursor.fetchall():
            last = ill[endpoint_id]
            disable(endpoint_id, FAILING, actor=f"worker:{last.owner}", job_id=last.job_id)
    for one in posted:
        if one.verdict.gone:
            claimed = one.claimed
            disable(claimed.endpoint_id, GONE, actor=f"worker:{claimed.owner}", job_id=claimed.job_id)
        elif one.verdict.pause_seconds:
            cursor.execute(_PAUSE, [one.verdict.pause_seconds, one.claimed.endpoint_id])


def disable(endpoint_id: UUID, reason: str, *, actor: str, job_id: UUID | None = None) -> bool:
    """Send nothing there any more, and tell the account's other endpoints. False: it was disabled before.

    What is pending becomes dead letters as workers come by it. Call it in a transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE webhooks_endpoint SET enabled = false, disabled_reason = %s, disabled_at = statement_timestamp()"
            " WHERE id = %s AND enabled RETURNING account_id, url, job_id",
            [reason, endpoint_id],
        )
        row = cursor.fetchone()
        if row is None:
            return False
        account_id, url, own_job = row
        _audit_endpoint(account_id, own_job or job_id, endpoint_id, "enabled", "disabled", actor, reason)
        document = {"endpoint": {"id": str(endpoint_id), "url": url, "reason": reason}}
        outbox.record(account_id, None, [("endpoint.disabled", document)], listening=True)
    return True


def enable(endpoint_id: UUID, *, actor: str) -> bool:
    """Send there again, what happens from now on. False: it was not disabled."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE webhooks_endpoint SET enabled = true, disabled_reason = '', disabled_at = NULL,"
            " failing_since = NULL, paused_until = NULL"
            " WHERE id = %s AND NOT enabled AND deleted_at IS NULL RETURNING account_id, job_id",
            [endpoint_id],
        )
        row = cursor.fetchone()
        if row is not None:
            _audit_endpoint(row[0], row[1], endpoint_id, "disabled", "enabled", actor, ASKED)
    return row is not None


def note_endpoint(endpoint: Endpoint, what: str, *, actor: str) -> None:
    """Into the audit trail: made, deleted, its secret replaced."""
    _audit_endpoint(endpoint.account_id, endpoint.job_id, endpoint.id, "", what, actor, "")


def note_job_secret(account_id: UUID, secret_id: UUID, *, actor: str) -> None:
    """Into the audit trail: the secret for the URLs that come with jobs was replaced."""
    record_changes(account_id, NOBODY, actor, [StateChange("secret", secret_id, "", "rotated")])


def _audit_endpoint(
    account_id: UUID, job_id: UUID | None, endpoint_id: UUID, from_: str, to: str, actor: str, reason: str
) -> None:
    change = StateChange("endpoint", endpoint_id, from_, to, "", {"reason": reason} if reason else {})
    record_changes(account_id, job_id or NOBODY, actor, [change])
