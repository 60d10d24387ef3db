"""What is over goes after a while, a batch at a time: delivered messages, dead letters, events, endpoints of jobs."""

from typing import Any

import structlog
from django.conf import settings
from django.db import connection

log = structlog.get_logger(__name__)

BATCH = 1000
# One run deletes no more than this of each kind; the next goes on.
_BATCHES = 200

_DELIVERIES = """
WITH old AS (
    SELECT id FROM webhooks_delivery
    WHERE state = %s AND state <> 'pending' AND finished_at < statement_timestamp() - make_interval(hours => %s)
    ORDER BY finished_at LIMIT %s FOR UPDATE SKIP LOCKED
), tries AS (
    DELETE FROM webhooks_deliveryattempt WHERE delivery_id IN (SELECT id FROM old)
)
DELETE FROM webhooks_delivery WHERE id IN (SELECT id FROM old)
"""
_EVENTS = """
DELETE FROM webhooks_event WHERE sequence IN (
    SELECT sequence FROM webhooks_event AS event
    WHERE created_at < statement_timestamp() - make_interval(hours => %s)
        AND NOT EXISTS (SELECT FROM webhooks_delivery WHERE event_id = event.sequence)
    ORDER BY created_at LIMIT %s
)
"""
_ENDPOINTS = """
DELETE FROM webhooks_endpoint WHERE id IN (
    SELECT id FROM webhooks_endpoint AS endpoint
    WHERE {which} < statement_timestamp() - make_interval(hours => %s)
        AND NOT EXISTS (SELECT FROM webhooks_delivery WHERE endpoint_id = endpoint.id)
    LIMIT %s
)
"""
_SECRETS = """
DELETE FROM webhooks_signingsecret WHERE id IN (
    SELECT id FROM webhooks_signingsecret AS signing
    WHERE NOT for_jobs AND created_at < statement_timestamp() - make_interval(hours => %s)
        AND NOT EXISTS (SELECT FROM webhooks_endpoint WHERE signing_id = signing.id)
    LIMIT %s
)
"""


def prune() -> int:
    """Delete what is older than the settings say; how many rows. Pending deliveries are never touched."""
    event_hours = 24 * settings.EVENT_DAYS
    work: list[tuple[str, str, list[Any]]] = [
        ("delivered", _DELIVERIES, ["delivered", settings.WEBHOOK_DELIVERED_HOURS]),
        ("dead letters", _DELIVERIES, ["dead_letter", settings.WEBHOOK_DEAD_LETTER_HOURS]),
        ("events", _EVENTS, [event_hours]),
        # A job's endpoint outlives every event of the job that may still come: requeues are for the living.
        ("endpoints of jobs", _ENDPOINTS.format(which="job_id IS NOT NULL AND created_at"), [event_hours]),
        ("deleted endpoints", _ENDPOINTS.format(which="deleted_at"), [event_hours]),
        ("secrets of deleted endpoints", _SECRETS, [event_hours]),
    ]
    total = 0
    for what, statement, parameters in work:
        count = _in_batches(statement, parameters)
        total += count
        if count:
            log.info("webhooks pruned", what=what, count=count)
    return total


def _in_batches(statement: str, parameters: list[Any]) -> int:
    total = 0
    for _ in range(_BATCHES):
        with connection.cursor() as cursor:
            cursor.execute(statement, [*parameters, BATCH])
            total += cursor.rowcount
            if cursor.rowcount < BATCH:
                break
    return total
