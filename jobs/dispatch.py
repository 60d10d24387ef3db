"""Send hints for what is ready and due, within each queue's window."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import partial

import structlog
from django.conf import settings
from django.db import connection
from django.db.models.functions import Now

from jobs import admission, canvas
from jobs.metrics import HINTS, REPAIRS
from jobs.models import Step
from jobs.states import StepState

log = structlog.get_logger(__name__)

LONGEST_HINT_SECONDS = 600
_REPEATED_AT_ONCE = 50
_BROKER_DOWN_SECONDS = 2
_NO_BOUND = 2**31 - 1

# One look into the index of ready steps for each queue.
_DUE = """
    SELECT queue FROM unnest(%s::text[]) WITH ORDINALITY AS asked (queue, position)
    WHERE EXISTS (
        SELECT FROM jobs_step
        WHERE jobs_step.queue = asked.queue AND state = 'ready' AND dispatch_after <= statement_timestamp()
    )
    ORDER BY position
"""
_MARK = """
    UPDATE jobs_step
    SET hints = hints + 1,
        dispatch_after = statement_timestamp() + make_interval(secs => least(%s * 2 ^ hints, %s))
    WHERE id IN (
        SELECT id FROM jobs_step
        WHERE queue = %s AND state = 'ready' AND dispatch_after <= statement_timestamp()
            AND hints BETWEEN %s AND %s AND attempts BETWEEN %s AND %s {only}
        ORDER BY dispatch_after LIMIT %s FOR UPDATE SKIP LOCKED
    )
    RETURNING *
"""


def dispatch(queues: Iterable[str]) -> int:
    """Hint what is due in these queues; how many hints left. Safe in several processes at once."""
    due = _with_something_due(queues)
    if not due:
        return 0  # most rounds: another conductor was faster, or it was only the tick
    left = 0
    for queue, room in admission.windows(due).items():
        # Who has had no hint yet does not wait until somebody has looked for lost ones.
        for find in (partial(_unhinted, queue, room), partial(_unanswered, queue)):
            steps = find()
            for position, step in enumerate(steps):
                if not canvas.hint(step):
                    # A frozen broker takes its whole timeout for each try; the leases cannot wait for that.
                    take_back(steps[position:])
                    return left
                HINTS.labels(queue).inc()
                left += 1
    return left


def _with_something_due(queues: Iterable[str]) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [list(queues)])
        return [queue for (queue,) in cursor.fetchall()]


def _unhinted(queue: str, room: int) -> list[Step]:
    """What is due in a queue, as much as there is room for, marked as hinted."""
    # Who was interrupted goes before who never began: its job has waited longest.
    steps = _mark(queue, room, hints=(0, 0), attempts=(1, _NO_BOUND)) if room else []
    if len(steps) < room:
        steps += _mark(queue, room - len(steps), hints=(0, 0), attempts=(0, 0))
    return steps


def _unanswered(queue: str) -> list[Step]:
    """Hints that led to no claim in their time: lost, or still waiting in a long queue. One more does no harm."""
    steps = _mark(queue, _REPEATED_AT_ONCE, hints=(1, _NO_BOUND), attempts=(0, _NO_BOUND))
    for step in steps:
        REPAIRS.labels("hint_repeated").inc()
        log.info("hint repeated", job=str(step.job_id), step=str(step.id), queue=queue, hints=step.hints)
    return steps


def take_back(steps: Sequence[Step]) -> None:
    """The broker did not take the hints to these steps: due again in a moment, as if none had left."""
    if steps:
        retry_at = Now() + timedelta(seconds=_BROKER_DOWN_SECONDS)
        unsent = Step.objects.filter(id__in=[step.id for step in steps], state=StepState.READY)
        unsent.update(hints=0, dispatch_after=retry_at)


def _mark(queue: str, limit: int, *, hints: tuple[int, int], attempts: tuple[int, int]) -> list[Step]:
    """Count the hint before it is sent: a conductor killed in between costs one hint's time, not a flood.

    One statement, which answers with the steps as they now are.
    """
    parameters = [settings.HINT_SECONDS, LONGEST_HINT_SECONDS, queue, *hints, *attempts, limit]
    # The conditions of the partial indexes have to stand there as they are, or they are not used.
    only = ("AND hints > 0" if hints[0] else "") + ("AND attempts > 0" if attempts[0] else "")
    return list(Step.objects.raw(_MARK.format(only=only), parameters))
