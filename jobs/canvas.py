"""Messages to Celery: a hint to one step, and the chord. Whatever they fail to do, the conductor does later."""

from collections.abc import Sequence

import structlog
from celery import Celery, Signature, chord
from django.conf import settings
from django.utils.module_loading import import_string
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from jobs.models import Step
from jobs.states import StepKind

log = structlog.get_logger(__name__)

TASK_OF: dict[str, str] = {
    StepKind.INGEST: "jobs.ingest_source",
    StepKind.PLAN: "jobs.plan_job",
    StepKind.RENDITION: "jobs.run_rendition",
    StepKind.QUALITY: "jobs.measure_quality",
    StepKind.DETECTION: "jobs.detect_faults",
    StepKind.MANIFEST: "jobs.emit_manifest",
}

# What a broker that is down, frozen or restarting raises here.
BROKER_ERRORS = (OperationalError, RedisError, OSError)


def hint(step: Step) -> bool:
    """Send 'look at this step'. False: the broker did not take it."""
    try:
        # No retry: the caller has a table to fall back on, and others to serve.
        _signature(step).apply_async(retry=False, ignore_result=True)
    except BROKER_ERRORS as error:
        log.warning("hint not sent", step=str(step.id), queue=step.queue, error=str(error))
        return False
    return True


def hint_task(name: str, queue: str) -> bool:
    """Send a maintenance task, void after its minute. False: the broker did not take it."""
    try:
        _app().send_task(name, queue=queue, expires=60, retry=False, ignore_result=True)
    except BROKER_ERRORS as error:
        log.warning("task not sent", task=name, queue=queue, error=str(error))
        return False
    return True


def send_chord(header: Sequence[Step], body: Step) -> bool:
    """Send a hint to every rendition at once, and one to the join when the last of them has returned."""
    try:
        chord([_signature(step) for step in header])(_signature(body))
    # RuntimeError: of a result backend that has gone since this process first asked for it.
    except (*BROKER_ERRORS, RuntimeError) as error:
        log.warning("chord not sent", job=str(body.job_id), error=str(error))
        return False
    return True


def _signature(step: Step) -> Signature:
    # Immutable: the body gets no results. It reads the database, not its arguments.
    return _app().signature(TASK_OF[step.kind], args=(str(step.id),), queue=step.queue, immutable=True)


def _app() -> Celery:
    # By name: the app is composed above this layer, and a process that sends nothing never loads it.
    app: Celery = import_string(settings.CELERY_APP)
    return app
