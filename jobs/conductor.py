"""The conductor: sends hints for what is ready, and repairs what drifts between the database and the world.

It keeps nothing in memory that matters: kill it anywhere, or run several, and the tables say what is to do.
"""

import threading
import time
from typing import Any

import psycopg
import redis
import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.db.models.functions import Now

from jobs import attempts, canvas, fallbacks, faults, leases, progress
from jobs.dispatch import dispatch
from jobs.leases import LeaseLost
from jobs.ledger import CHANNEL
from jobs.metrics import REPAIRS
from jobs.models import Output, Step
from jobs.routing import FILES, STEP_QUEUES
from jobs.states import AttemptState, OutputState, StepState
from webhooks.due import TASK_OF as DELIVERY_TASKS
from webhooks.due import Pace
from webhooks.inbound import dispatch as inbound
from webhooks.inbound.transitions import CHANNEL as INBOUND_CHANNEL
from webhooks.inbound.transitions import QUEUE as INBOUND
from webhooks.outbox import CHANNEL as DELIVERY_CHANNEL

log = structlog.get_logger(__name__)

# Present as long as the broker remembers what it was given; absent, it has lost its data.
GENERATION_KEY = "reelchord:generation"
_AT_ONCE = 100
_DATABASE_DOWN_SECONDS = 1.0
# Of the hints to deliveries; forgetting it costs nothing.
_pace = Pace()


def run(stop: threading.Event) -> None:
    """Conduct until `stop` is set, through every outage of the database or the broker."""
    log.info("conductor ready")
    while not stop.is_set():
        try:
            _conduct(stop)
        except (DatabaseError, psycopg.Error) as error:
            log.warning("database away", error=str(error))
            connection.close()
            stop.wait(_DATABASE_DOWN_SECONDS)


def _conduct(stop: threading.Event) -> None:
    reconcile_at = 0.0
    # A connection of its own, so that no notification arrives in the middle of somebody else's query.
    with psycopg.connect(**_parameters(), autocommit=True) as listening:
        listening.execute(f"LISTEN {CHANNEL}; LISTEN {INBOUND_CHANNEL}; LISTEN {DELIVERY_CHANNEL}")
        queues: set[str] = {*STEP_QUEUES, INBOUND, *DELIVERY_TASKS}
        while not stop.is_set():
            if time.monotonic() >= reconcile_at:
                reconcile()
                reconcile_at = time.monotonic() + settings.RECONCILE_SECONDS
            dispatch(queue for queue in STEP_QUEUES if queue in queues)
            if INBOUND in queues:
                inbound.send_hints()
            if not queues.isdisjoint(DELIVERY_TASKS):
                hint_deliveries()
            heard = {
                notice.payload
                for notice in listening.notifies(timeout=settings.CONDUCTOR_TICK_SECONDS, stop_after=1)
            }
            # A silent tick looks at every queue: a back-off that ends tells nobody.
            queues = heard or {*STEP_QUEUES, INBOUND, *DELIVERY_TASKS}


def reconcile() -> None:
    """One round of every repair. Each is safe to run at any time, in several processes at once."""
    expire_leases()
    redispatch_after_broker_loss()
    fallbacks.leave_the_gpu()
    repair_inbound()
    progress.tell()
    hint_deliveries()
    collect_discarded()


def expire_leases() -> int:
    """End attempts whose lease has run out, as lost; how many."""
    ended = 0
    for step in leases.expired(_AT_ONCE):
        held = leases.lapsed_claim(step)
        try:
            delay = attempts.end_badly(held, faults.fault("worker_lost"), state=AttemptState.LOST)
        except LeaseLost:
            continue  # its worker, or another conductor, was faster
        ended += 1
        REPAIRS.labels("lease_expired").inc()
        log.warning(
            "lease expired", job=str(step.job_id), step=str(step.id), owner=step.owner, retry_in_seconds=delay
        )
    return ended


def redispatch_after_broker_loss() -> bool:
    """Hand everything ready out again if the broker came back empty. False: it remembers, or does not answer."""
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as broker:
            if not broker.set(GENERATION_KEY, int(time.time()), nx=True):
                return False
    except redis.RedisError as error:
        log.warning("broker away", error=str(error))
        return False
    again = Step.objects.filter(state=StepState.READY, hints__gt=0).update(hints=0, dispatch_after=Now())
    inbound.hint_again()
    if again:
        REPAIRS.labels("broker_lost_data").inc(again)
        log.warning("broker lost its data", steps=again)
    return True


def collect_discarded() -> None:
    """Ask a files worker to delete discarded objects, if there are any."""
    if Output.objects.filter(state=OutputState.DISCARDED).exists():
        canvas.hint_task("jobs.prune_discarded_outputs", FILES)


def repair_inbound() -> None:
    """What webhooks from outside need of a conductor, at a steady pace too: a back-off that ends tells nobody."""
    inbound.expire_leases()
    inbound.send_hints()


def hint_deliveries() -> None:
    """Wake a worker for each queue that has a message to send; one that is at work looks by itself."""
    for queue in _pace.due():
        canvas.hint_task(DELIVERY_TASKS[queue], queue)


def _parameters() -> dict[str, Any]:
    parameters: dict[str, Any] = connection.get_connection_params()
    for django_only in ("context", "cursor_factory", "prepare_threshold", "server_side_binding"):
        parameters.pop(django_only, None)
    return parameters
