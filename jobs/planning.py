"""Resolve the ladder against the source, write the renditions down, and send the chord."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

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


def ready_after(ingest_id: UUID) -> list[UUID]:
    """The plan step, if the end of this ingest has made it ready."""
    ready = Step.objects.filter(job__steps=ingest_id, kind=StepKind.PLAN, state=StepState.READY)
    return list(ready.values_list("id", flat=True))


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
        chorded = admission.has_room_for(steps)
        if chorded:
            for step in steps:
                step.hints, step.dispatch_after = 1, Now() + timedelta(seconds=settings.HINT_SECONDS)
        join = Step(
            id=uuid7(),
            job_id=job.id,
            kind=StepKind.MANIFEST,
            state=StepState.BLOCKED,
            after=[StepKind.RENDITION, StepKind.EXTRA],
            queue=routing.CONTROL,
            hints=1 if chorded else 0,
        )
        moves.add_steps([*steps, join])
        Rendition.objects.bulk_create(renditions)
        moves.add_renditions(renditions)
        Job.objects.filter(id=job.id).update(plan=plan.to_json())
        moves.attempt(held.attempt_id, AttemptState.SUCCEEDED, label=held.label)
        moves.job(JobState.RUNNING)
    if chorded and not canvas.send_chord(steps, join):
        dispatch.take_back(steps)


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
