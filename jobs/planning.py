"""Resolve the wish against the source, write the renditions down, and send the chord."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models.functions import Now

from adapters.ffmpeg.probe import parse_probe
from adapters.imaging.seen import parse_still
from jobs import admission, canvas, dispatch, extras, faults, leases, routing, subtitles
from jobs.attempts import Faulted, Running
from jobs.models import Job, Rendition, Source, Step
from jobs.models.identifiers import uuid7
from jobs.planner.commands import KEY, KIND, plan_command
from jobs.planner.groups import Machine
from jobs.planner.ladder import resolve
from jobs.planner.plan import Plan, PlanFailed
from jobs.planner.specs import Ladder
from jobs.planner.stills import resolve_still
from jobs.states import AttemptState, JobState, StepKind, StepState

_JOINED = [StepKind.RENDITION, StepKind.EXTRA, StepKind.QUALITY, StepKind.DETECTION]


def work(running: Running) -> None:
    """The plan step. Raises Faulted, LeaseLost."""
    held = running.claim
    job = Job.objects.get(id=held.job_id)
    document, wanted = _plan(job)
    with leases.fenced(held, StepState.DONE, progress=1.0) as moves:
        # Where the queues have room, all hints leave at once, as a chord; elsewhere the conductor sends them
        # one by one, and the barrier does what the chord's body would have done.
        steps, renditions = _rows(job, wanted)
        looking = [*_measurements(job, wanted), *_detections(job, document)]
        # The body of a chord would come as soon as the renditions are there, before anybody has looked at them.
        hinted = not looking and admission.has_room_for(steps)
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
        moves.add_steps([*steps, *looking, join])
        Rendition.objects.bulk_create(renditions)
        moves.add_renditions(renditions)
        Job.objects.filter(id=job.id).update(plan=document)
        moves.attempt(held.attempt_id, AttemptState.SUCCEEDED, label=held.label, stored=False)
        moves.job(JobState.RUNNING)
    if hinted and not _send(steps, join):
        dispatch.take_back(steps)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A rendition to be, with the step that makes it."""

    key: str
    kind: str
    required: bool
    spec: dict[str, Any]
    queue: str


def _plan(job: Job) -> tuple[dict[str, Any], list[_Wanted]]:
    """The plan as it is stored, and its renditions. Raises Faulted."""
    documents = list(Source.objects.filter(job=job).order_by("position").values_list("probe", flat=True))
    if job.command is not None:
        command = plan_command([parse_probe(document) if document else None for document in documents])
        return command.to_json(), [_Wanted(KEY, KIND, True, {}, routing.TRANSCODE_CPU)]
    if not documents[0]:
        raise Faulted(faults.fault("internal_error", "the source of a ladder has no probe"))
    try:
        plan = resolved(Ladder.from_json(job.ladder), documents[0])
    except PlanFailed as error:
        raise Faulted(replace(faults.fault(error.code), message=error.message)) from error
    renditions = [
        _Wanted(one.key, one.kind, one.required, one.to_json(), routing.queue_of(one.encode, one.pool))
        for one in plan.renditions
    ]
    beside = [
        _Wanted(one.key, extras.KIND, one.required, one.to_json(), routing.queue_of_extra(one.encode))
        for one in plan.extras
    ]
    words = [
        _Wanted(one.key, subtitles.KIND, False, one.to_json(), routing.TRANSCODE_CPU)
        for one in plan.subtitles
    ]
    return plan.to_json(), [*renditions, *beside, *words]


def resolved(ladder: Ladder, document: dict[str, Any]) -> Plan:
    """The ladder against what the ingest has written down of the source. Raises PlanFailed."""
    still = parse_still(document)
    if still is not None:
        return resolve_still(ladder, still)
    return resolve(ladder, parse_probe(document), machine=machine())


def machine() -> Machine:
    """What one FFmpeg has here. Workers elsewhere may have less: a group that is too large for one runs apart."""
    return Machine(settings.MEMORY_LIMIT_BYTES, os.cpu_count() or 1)


def _send(steps: list[Step], join: Step) -> bool:
    """One rendition needs no chord: who ends it goes on with the join. False: the broker did not take it."""
    return canvas.hint(steps[0]) if len(steps) == 1 else canvas.send_chord(steps, join)


def _measurements(job: Job, wanted: Sequence[_Wanted]) -> list[Step]:
    """A step for each rendition that is measured: it waits for that one alone."""
    return [
        Step(
            id=uuid7(),
            job_id=job.id,
            kind=StepKind.QUALITY,
            key=one.key,
            state=StepState.BLOCKED,
            after=[f"{StepKind.RENDITION} {one.key}"],
            queue=routing.queue_of_measurement(one.spec["pool"]),
        )
        for one in wanted
        if one.spec.get("quality")
    ]


def _detections(job: Job, document: dict[str, Any]) -> list[Step]:
    """One step, which looks at what counts: after the gates."""
    if not document.get("detections"):
        return []
    return [
        Step(
            id=uuid7(),
            job_id=job.id,
            kind=StepKind.DETECTION,
            state=StepState.BLOCKED,
            after=[StepKind.RENDITION, StepKind.QUALITY],
            queue=routing.TRANSCODE_CPU,
        )
    ]


def _rows(job: Job, wanted: Sequence[_Wanted]) -> tuple[list[Step], list[Rendition]]:
    steps, renditions = [], []
    for position, one in enumerate(wanted):
        step = Step(
            id=uuid7(),
            job_id=job.id,
            kind=StepKind.RENDITION,
            key=one.key,
            state=StepState.READY,
            queue=one.queue,
            has_fallback=one.spec.get("fallback") is not None,
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
                key=one.key,
                kind=one.kind,
                required=one.required,
                spec=one.spec,
            )
        )
    return steps, renditions
