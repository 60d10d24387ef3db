"""Run again what ended badly: an operator's or a customer's decision, never an automatic one.

Only what is missing runs: renditions that succeeded keep their files. The old attempts stay as they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, get_args
from uuid import UUID

from jobs import admission, planning, routing
from jobs.models import Job, Rendition, Step
from jobs.planner.plan import Kind, PlanFailed, RenditionPlan
from jobs.planner.problems import problems
from jobs.planner.specs import COPY, Ladder, Rung
from jobs.states import JobState, RenditionState, StepKind, StepState
from jobs.transitions import Change, change

REQUEUEABLE = frozenset({JobState.FAILED, JobState.DEAD_LETTER, JobState.PARTIAL})
# What may change about a rung without making it another rendition.
PARAMETERS = (
    "crf",
    "bitrate_kbps",
    "maxrate_kbps",
    "bufsize_kbps",
    "speed",
    "codec_profile",
    "level",
    "tune",
    "fallback_crf",
)


class NotRequeueable(Exception):
    """The job or a rendition is not in a state to run again, or the wish cannot be met. `pointer` names which."""

    def __init__(self, code: str, message: str, pointer: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.pointer = pointer


@dataclass(frozen=True, slots=True)
class Wish:
    """How to run again. `renditions` empty: all that are missing. `parameters` replace the
    rungs' own; they are fields of a rung, of the right types."""

    renditions: tuple[str, ...] = ()
    pool: str | None = None
    encoder_revision: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)


def requeue(job_id: UUID, wish: Wish, *, actor: str) -> JobState:
    """Set a failed, partial or dead-lettered job going again; its new state.

    Raises NotRequeueable with nothing changed, Job.DoesNotExist.
    """
    with change(job_id, actor=actor) as moves:
        if moves.state not in REQUEUEABLE:
            raise NotRequeueable(
                "job_not_requeueable", f"The job is {moves.state}: only what ended badly runs again."
            )
        steps = {(step.kind, step.key): step for step in Step.objects.filter(job_id=job_id)}
        if steps[(StepKind.PLAN, "")].state == StepState.DONE:
            _requeue_renditions(moves, wish, list(steps.values()))
        else:
            for asked in ("renditions", "pool", "encoder_revision", "parameters"):
                if getattr(wish, asked):
                    message = "The job has no renditions yet: it starts with its source again."
                    raise NotRequeueable("job_not_planned", message, f"/{asked}")
            _requeue_from_source(moves, steps[(StepKind.INGEST, "")], steps[(StepKind.PLAN, "")])
        return moves.state


def _requeue_from_source(moves: Change, ingest: Step, plan: Step) -> None:
    fetched = ingest.state == StepState.DONE
    if not fetched:
        moves.reopen_step(ingest, StepState.READY)
    moves.reopen_step(plan, StepState.READY if fetched else StepState.BLOCKED)
    moves.reopen(JobState.QUEUED)


def _requeue_renditions(moves: Change, wish: Wish, steps: Sequence[Step]) -> None:
    missing = list(
        Rendition.objects.filter(job_id=moves.job_id)
        .exclude(state=RenditionState.SUCCEEDED)
        .select_related("step")
    )
    chosen = _chosen(missing, wish.renditions)
    queue = _queue_for(wish)
    _check_pool(chosen, queue)
    specs = _new_specs(moves.job_id, chosen, wish.parameters)
    for rendition in chosen:
        if rendition.key in specs:
            Rendition.objects.filter(id=rendition.id).update(spec=specs[rendition.key].to_json())
        elif rendition.spec.get("raised"):
            # From the better setting that it had at last: the one before was not good enough.
            Rendition.objects.filter(id=rendition.id).update(spec={**rendition.spec, "raised": False})
        moves.rendition(rendition, RenditionState(rendition.state), RenditionState.QUEUED)
        # A pool is where FFmpeg runs; what it has no part in stays where it was.
        stays = rendition.step.queue == routing.FILES
        revision = "" if stays else wish.encoder_revision or ""
        Step.objects.filter(id=rendition.step_id).update(encoder_revision=revision)
        moves.reopen_step(rendition.step, StepState.READY, queue=None if stays else queue)
    keys = {rendition.key for rendition in chosen}
    for step in steps:
        looks = step.kind == StepKind.DETECTION or (step.kind == StepKind.QUALITY and step.key in keys)
        if step.kind == StepKind.MANIFEST or (chosen and looks):
            moves.reopen_step(step, StepState.BLOCKED)
    moves.reopen(JobState.RUNNING)
    # With every rendition there, it was the join that failed: it is due at once.
    moves.open_barrier()


def _chosen(missing: Sequence[Rendition], keys: Sequence[str]) -> list[Rendition]:
    if not keys:
        return list(missing)
    by_key = {rendition.key: rendition for rendition in missing}
    for position, key in enumerate(keys):
        if key not in by_key:
            known = ", ".join(by_key) or "none"
            raise NotRequeueable(
                "rendition_not_missing",
                f"{key!r} is no missing rendition; missing: {known}.",
                f"/renditions/{position}",
            )
    return [by_key[key] for key in keys]


def _queue_for(wish: Wish) -> str | None:
    """The queue that was asked for, by its pool or by an encoder that a live worker has; None: as before."""
    if wish.pool is not None and wish.pool not in routing.QUEUE_OF_POOL:
        known = ", ".join(routing.QUEUE_OF_POOL)
        raise NotRequeueable("pool_unknown", f"Known pools: {known}.", "/pool")
    queue = routing.QUEUE_OF_POOL.get(wish.pool or "")
    if wish.encoder_revision is not None:
        served = admission.queues_of_encoder(wish.encoder_revision) & set(routing.QUEUE_OF_POOL.values())
        if not served or (queue is not None and queue not in served):
            raise NotRequeueable(
                "encoder_revision_unavailable", "No live worker there runs this encoder.", "/encoder_revision"
            )
        queue = queue or sorted(served)[0]
    return queue


def _check_pool(chosen: Sequence[Rendition], queue: str | None) -> None:
    """What only a GPU can make does not run elsewhere."""
    if queue in (None, routing.TRANSCODE_GPU):
        return
    for rendition in chosen:
        if rendition.kind not in get_args(Kind):
            continue
        planned = RenditionPlan.from_json(rendition.spec)
        if routing.needs_gpu(routing.encode_in(str(queue), planned)):
            message = f"{rendition.key!r} needs a GPU, and its rung has no fallback: leave the pool out."
            raise NotRequeueable("pool_without_encoder", message, "/pool")


def _new_specs(
    job_id: UUID, chosen: Sequence[Rendition], parameters: dict[str, Any]
) -> dict[str, RenditionPlan]:
    """The chosen renditions planned again with other parameters; empty where there are none."""
    if not parameters:
        return {}
    job = Job.objects.get(id=job_id)
    if job.ladder is None:
        raise NotRequeueable(
            "not_a_ladder", "A command runs again as it was posted; post another to change it.", "/parameters"
        )
    ladder = Ladder.from_json(job.ladder)
    keys = {rendition.key for rendition in chosen}
    changed = replace(ladder, rungs=tuple(_changed(rung, keys, parameters) for rung in ladder.rungs))
    for problem in problems(changed):
        raise NotRequeueable(
            problem.code, problem.detail, f"/parameters/{problem.pointer.rpartition('/')[2]}"
        )
    source = job.sources.order_by("position")[0]
    try:
        plan = planning.resolved(changed, source.probe)
    except PlanFailed as error:
        raise NotRequeueable(error.code, error.message, "/parameters") from error
    return {planned.key: planned for planned in plan.renditions if planned.key in keys}


def _changed(rung: Rung, keys: set[str], parameters: dict[str, Any]) -> Rung:
    if rung.name not in keys or rung.encoder == COPY:
        return rung
    # crf and bitrate exclude each other: the one that is asked for replaces the other.
    cleared: dict[str, Any] = {}
    if "crf" in parameters:
        cleared["bitrate_kbps"] = None
    if "bitrate_kbps" in parameters:
        cleared["crf"] = cleared["fallback_crf"] = None
    return replace(rung, **{**cleared, **parameters})
