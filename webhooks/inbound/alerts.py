"""Somebody is told when a type of webhook fails more than three times within an hour: once an hour, for each type."""

from datetime import timedelta

import structlog
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from audit.identifiers import NOBODY
from audit.recorder import StateChange, record_changes
from webhooks.inbound.models import InboundAlert, InboundTry
from webhooks.inbound.states import FAILED_TRIES

log = structlog.get_logger(__name__)

FAILURES = 3
WINDOW = timedelta(hours=1)

# Of two workers that fail at once, the row's lock lets one be first; the other then finds a fresh alert.
_RAISE = """
INSERT INTO inbound_inboundalert (provider, type, failures) VALUES (%s, %s, %s)
ON CONFLICT (provider, type) DO UPDATE SET failures = excluded.failures, raised_at = statement_timestamp()
    WHERE inbound_inboundalert.raised_at < statement_timestamp() - make_interval(secs => %s)
RETURNING id
"""


def look(provider: str, type_: str) -> bool:
    """Call it in the transaction of each failure. True: that was one too many, and an alert has gone out."""
    recent = InboundTry.objects.filter(
        provider=provider,
        type=type_,
        state__in=[str(state) for state in FAILED_TRIES],
        finished_at__gt=timezone.now() - WINDOW,
    )
    failures = recent[: FAILURES + 1].count()
    if failures <= FAILURES:
        return False
    with connection.cursor() as cursor:
        cursor.execute(_RAISE, [provider, type_, failures, WINDOW.total_seconds()])
        if cursor.fetchone() is None:
            return False
    change = StateChange("inbound", NOBODY, "", "alert", f"{provider} {type_}"[:64], {"failures": failures})
    record_changes(NOBODY, NOBODY, "alerts", [change])
    log.error(
        "inbound webhooks of one type keep failing",
        provider=provider,
        type=type_,
        failures_at_least=failures,
        within_seconds=int(WINDOW.total_seconds()),
    )
    return True


def current() -> "QuerySet[InboundAlert]":
    """The alerts of the last hour, the newest first."""
    return InboundAlert.objects.filter(raised_at__gt=timezone.now() - WINDOW).order_by("-raised_at")
