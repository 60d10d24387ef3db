"""Send hints for what is ready and due, within each queue's window."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from jobs import admission, canvas
from jobs.metrics import HINTS, REPAIRS
from jobs.models import Step
from jobs.states import StepState

log = structlog.get_logger(__name__)

LONGEST_HINT_SECONDS = 600
_REPEATED_AT_ONCE = 50
_BROKER_DOWN_SECONDS = 2


def dispatch(queues: Iterable[str]) -> int:
    """Hint what is due in these queues; how many hints left. Safe in several processes at once."""
    left = 0
    for queue, room in admission.windows(queues).items():
        steps = _due(queue, room)
        for position, step in enumerate(steps):
            if not canvas.hint(step):
                # A frozen broker takes its whole timeout for each try; the leases cannot wait for that.
                take_back(steps[position:])
                return left
            HINTS.labels(queue).inc()
            left += 1
    return left


def _due(queue: str, room: int) -> list[Step]:
    """What is due in a queue, marked as hinted."""
    due = Step.objects.filter(queue=queue, state=StepState.READY, dispatch_after__lte=Now())
    steps = _mark(due.filter(hints=0), room) if room else []
    # A hint that led to no claim in its time: lost, or still waiting in a long queue. One more does no harm.
    repeated = _mark(due.filter(hints__gt=0), _REPEATED_AT_ONCE)
    for step in repeated:
        REPAIRS.labels("hint_repeated").inc()
        log.info("hint repeated", job=str(step.job_id), step=str(step.id), queue=queue, hints=step.hints + 1)
    return steps + repeated


def take_back(steps: Sequence[Step]) -> None:
    """The broker did not take the hints to these steps: due again in a moment, as if none had left."""
    if steps:
        retry_at = Now() + timedelta(seconds=_BROKER_DOWN_SECONDS)
        unsent = Step.objects.filter(id__in=[step.id for step in steps], state=StepState.READY)
        unsent.update(hints=0, dispatch_after=retry_at)


def _mark(due: "QuerySet[Step]", limit: int) -> list[Step]:
    """Count the hint before it is sent: a conductor killed in between costs one hint's time, not a flood."""
    with transaction.atomic():
        steps = list(due.select_for_update(skip_locked=True).order_by("dispatch_after")[:limit])
        for hints in {step.hints for step in steps}:
            wait = min(settings.HINT_SECONDS * 2**hints, LONGEST_HINT_SECONDS)
            Step.objects.filter(id__in=[step.id for step in steps if step.hints == hints]).update(
                hints=hints + 1, dispatch_after=Now() + timedelta(seconds=wait)
            )
    return steps
