"""Resolve the ladder against the source, write the renditions down, and send the chord."""

from dataclasses import replace
from datetime import timedelta

from django.conf import settings
from django.db.models.functions import Now

from adapters.ffmpeg.probe import parse_probe
from jobs import admission, canvas, dispatch, faults, leases, routing
from jobs.attempts import Faulted, Running
from jobs.models import Job, Rendition, Source, Step
from jobs.models.identifiers import uuid7
from jobs.planner.ladder import PlanFailed, resolve
from jobs.planner.plan import Plan
from jobs.planner.specs import Ladder
from jobs.states import AttemptState, JobState, StepKind, StepState

_JOINED = [StepKind.RENDITION, StepKind.EXTRA]


def work(running: Running) -> None:
    """The plan step. Raises Faulted, LeaseLost."""
    held = running.claim
    job = Job.objects.get(id=held.job_id)
    source = Source.objects.get(job_id=held.job_id, position=0)
    try:
        plan = resolve(Ladder.from_json(job.ladder), parse_probe(source.probe))
    except PlanFailed as error:
        raise Faulted(replace(faults.fault(error.code), message=error.message)) from error
    with leases.fenced(held, StepState.DONE, progress=1.0) as moves:
        # Where the queues have room, all hints leave at once, as a chord; elsewhere the conductor sends them
        # one by one, and the barrier does what the chord's body would have done.
        steps, renditions = _rows(job, plan)
        hinted = admission.has_room_for(steps)
        if hinted:
            for step in steps:
                step.hints, step.dispatch_after = 1, Now() + timedelta(seconds=settings.HINT_SECONDS)
        join = Step(
            id=uuid7(),
            job_id=job.id,
            kind=StepKind.MANIFEST,
            state=StepState.BLOCKED,
            after=_JOINED,
            queue=routing.CONTROL,
            hints=1 if hinted else 0,
        )
        moves.add_steps([*steps, join])
        Rendition.objects.bulk_create(renditions)
        moves.add_renditions(renditions)
        Job.objects.filter(id=job.id).update(plan=plan.to_json())
        moves.attempt(held.attempt_id, AttemptState.SUCCEEDED, label=held.label, stored=False)
        moves.job(JobState.RUNNING)
    if hinted and not _send(steps, join):
        dispatch.take_back(steps)


def _send(steps: list[Step], join: Step) -> bool:
    """One rendition needs no chord: who ends it goes on with the join. False: the broker did not take it."""
    return canvas.hint(steps[0]) if len(steps) == 1 else canvas.send_chord(steps, join)


def _rows(job: Job, plan: Plan) -> tuple[list[Step], list[Rendition]]:
    steps, renditions = [], []
    for position, planned in enumerate(plan.renditions):
        step = Step(
            id=uuid7(),
            job_id=job.id,
            kind=StepKind.RENDITION,
            key=planned.key,
            state=StepState.READY,
            queue=routing.queue_of(planned.encode),
            ready_at=Now(),
            dispatch_after=Now(),
        )
        steps.append(step)
        renditions.append(
            Rendition(
                id=uuid7(),
                job_id=job.id,
                step=step,
                position=position,
                key=planned.key,
                kind=planned.kind,
                required=planned.required,
                spec=planned.to_json(),
            )
        )
    return steps, renditions
