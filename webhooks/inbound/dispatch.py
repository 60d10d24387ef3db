"""What the conductor does for inbound events: hints for what is due, and an end for leases that ran out."""

import structlog
from celery import Celery
from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils.module_loading import import_string
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from webhooks.inbound import transitions
from webhooks.inbound.models import InboundEvent
from webhooks.inbound.states import InboundState, TryState
from webhooks.inbound.transitions import QUEUE, LeaseLost

log = structlog.get_logger(__name__)

TASK = "inbound.handle"
# Hints on their way at most: a flood of webhooks waits in its table, not in the broker's memory.
WINDOW = 200
_EXPIRED_AT_ONCE = 100
_LONGEST_HINT_SECONDS = 600
_BROKER_DOWN_SECONDS = 2
# What a broker that is down, frozen or restarting raises.
_BROKER_ERRORS = (OperationalError, RedisError, OSError)

# One statement: the hint is counted before it is sent, so a conductor killed in between costs one hint's time.
_MARK = """
UPDATE inbound_inboundevent
SET hints = hints + 1,
    hint_after = statement_timestamp() + make_interval(secs => least(%s * 2 ^ least(hints, 10), %s))
WHERE id IN (
    SELECT id FROM inbound_inboundevent
    WHERE state = 'received' AND hint_after <= statement_timestamp()
    ORDER BY hint_after
    LIMIT greatest(0, %s - (
        SELECT count(*) FROM (
            SELECT FROM inbound_inboundevent
            WHERE state = 'received' AND hint_after > statement_timestamp() AND hints > 0 LIMIT %s
        ) AS sent
    ))
    FOR UPDATE SKIP LOCKED
)
RETURNING id
"""
_TAKE_BACK = """
UPDATE inbound_inboundevent
SET hints = 0, hint_after = statement_timestamp() + make_interval(secs => %s)
WHERE id = ANY(%s) AND state = 'received'
"""


def send_hints() -> int:
    """Hint what is due, within the window; how many hints left. Safe in several processes at once."""
    with connection.cursor() as cursor:
        cursor.execute(_MARK, [settings.HINT_SECONDS, _LONGEST_HINT_SECONDS, WINDOW, WINDOW])
        due = [row[0] for row in cursor.fetchall()]
    for position, event_id in enumerate(due):
        try:
            _app().send_task(TASK, args=(str(event_id),), queue=QUEUE, retry=False, ignore_result=True)
        except _BROKER_ERRORS as error:
            log.warning("inbound hint not sent", webhook=str(event_id), error=str(error))
            with connection.cursor() as cursor:
                cursor.execute(_TAKE_BACK, [_BROKER_DOWN_SECONDS, due[position:]])
            return position
    return len(due)


def hint_again() -> int:
    """The broker lost its data: what was hinted is due again at once. How many."""
    hinted = InboundEvent.objects.filter(state=InboundState.RECEIVED, hints__gt=0)
    return hinted.update(hints=0, hint_after=Now())


def expire_leases() -> int:
    """Give back what a silent worker held; how many. Safe in several processes at once."""
    with transaction.atomic():
        silent = list(
            InboundEvent.objects.select_for_update(skip_locked=True)
            .filter(state=InboundState.HANDLING, lease_until__lt=Now())
            .defer("body")
            .order_by("id")[:_EXPIRED_AT_ONCE]
        )
    ended = 0
    for event in silent:
        try:
            transitions.fail(
                transitions.lapsed(event),
                "worker_lost",
                "The worker's lease expired.",
                as_=TryState.LOST,
            )
            ended += 1
        except LeaseLost:
            continue  # its worker, or another conductor, was faster
    return ended


def _app() -> Celery:
    # By name: the app is composed above this layer, and a process that sends nothing never loads it.
    app: Celery = import_string(settings.CELERY_APP)
    return app
