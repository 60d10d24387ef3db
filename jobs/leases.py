"""The timed right to run a step: claim it, renew it, commit under its fence.

A claim that lost its lease is not told so; it finds out, at the next renewal or at its commit, and then nothing
that it did counts.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now

from jobs.claims import Claim
from jobs.ledger import notify_if_waiting
from jobs.models import Attempt, Rendition, Step
from jobs.states import JobState, RenditionState, StepKind, StepState
from jobs.transitions import Change, change

# A claim moves its job on: the first worker that touches a job says so.
_JOB_STATE_AT_CLAIM = {
    StepKind.INGEST: JobState.INGESTING,
    StepKind.PLAN: JobState.PLANNING,
    StepKind.MANIFEST: JobState.ASSEMBLING,
}


class LeaseLost(Exception):
    """The epoch is not ours any more: another worker has the step, or the job was cancelled."""


def claim(step_id: UUID, worker: str) -> Claim | None:
    """Take a ready step. None: it is taken, done, cancelled or backing off, and this hint is void."""
    return next(iter(_hinted(step_id, worker, with_group=False)), None)


def claim_together(step_id: UUID, worker: str) -> tuple[Claim, ...]:
    """Take a ready step and, in the same transaction, what its plan makes in one process with it; () for a void hint.

    In the ladder's order. Only first attempts come together, of steps that wait in the same queue for the same
    encoder: what was tried once in company runs alone, and so does what an operator has sent somewhere else.
    """
    return _hinted(step_id, worker, with_group=True)


def _hinted(step_id: UUID, worker: str, *, with_group: bool) -> tuple[Claim, ...]:
    # Most duplicates end here, without a lock and without a trace.
    with connection.cursor() as cursor:
        cursor.execute("SELECT job_id FROM jobs_step WHERE id = %s AND state = 'ready'", [step_id])
        found = cursor.fetchone()
    if found is None:
        return ()
    with change(found[0], actor=f"worker:{worker}") as moves:
        held = _claim(moves, step_id, worker)
        if held is None:
            return ()
        claims = _with_group(moves, held) if with_group and held.group and held.attempts == 1 else (held,)
        # A hint is used up: the conductor may send the next one, if a step waits for it.
        notify_if_waiting(held.queue)
    return claims


def _with_group(moves: Change, held: Claim) -> tuple[Claim, ...]:
    partners = Q(state=StepState.READY, attempts=0, queue=held.queue, encoder_revision=held.encoder_revision)
    steps = (
        Step.objects.filter(
            Q(id=held.step_id) | partners, job_id=held.job_id, rendition__spec__group=held.group
        )
        .order_by("rendition__position")
        .values_list("id", flat=True)
    )
    claims = [held if step_id == held.step_id else _claim(moves, step_id, held.worker) for step_id in steps]
    return tuple(one for one in claims if one is not None)


def claim_next(moves: Change, held: Claim, kind: StepKind) -> Claim | None:
    """Go on with another step of the job, in the transaction that ends this one: it saves a hop and a claim."""
    step_id = moves.opened.get(kind)
    return None if step_id is None else _claim(moves, step_id, held.worker)


def _claim(moves: Change, step_id: UUID, worker: str) -> Claim | None:
    step = moves.claim_step(step_id, worker, settings.LEASE_SECONDS)
    if step is None:
        return None
    rendition = Rendition.objects.get(step=step) if step.kind == StepKind.RENDITION else None
    attempt = Attempt.objects.create(
        job_id=step.job_id,
        step=step,
        rendition=rendition,
        epoch=step.epoch,
        worker=worker,
        queue=step.queue,
        queued_at=step.ready_at or Now(),
    )
    kind = StepKind(step.kind)
    if rendition is not None:
        moves.rendition(rendition, RenditionState.QUEUED, RenditionState.RUNNING)
    elif kind in _JOB_STATE_AT_CLAIM:
        moves.job(_JOB_STATE_AT_CLAIM[kind])
    held = _claim_of(step, attempt, worker)
    return held if rendition is None else replace(held, group=rendition.spec.get("group"))


def renew(held: Claim, *, progress: float, speed: float | None, eta_seconds: float | None) -> bool:
    """Extend the lease and write the progress, in one statement. False: lost or cancelled; stop at once."""
    renewed = Step.objects.filter(id=held.step_id, epoch=held.epoch, state=StepState.RUNNING).update(
        lease_until=Now() + timedelta(seconds=settings.LEASE_SECONDS),
        progress=progress,
        speed=speed,
        eta_seconds=eta_seconds,
    )
    return renewed == 1


@contextmanager
def fenced(held: Claim, to: StepState, **fields: object) -> Iterator[Change]:
    """One transaction that ends the step and whatever belongs to it. Raises LeaseLost, with nothing written."""
    with change(held.job_id, actor=held.actor) as moves:
        if not moves.end_step(held, to, **fields):
            raise LeaseLost(f"{held.label}: epoch {held.epoch} is over")
        yield moves


@contextmanager
def holding(held: Claim) -> Iterator[None]:
    """One transaction in which the claim holds: whoever ends the attempt sees what it wrote. Raises LeaseLost.

    For rows that the end of the attempt has to find: written without it by a worker that was frozen beyond its
    lease, they would belong to an attempt that is over, and to nobody.
    """
    with change(held.job_id, actor=held.actor):
        mine = Step.objects.filter(id=held.step_id, epoch=held.epoch, state=StepState.RUNNING)
        if not mine.exists():
            raise LeaseLost(f"{held.label}: epoch {held.epoch} is over")
        yield


@contextmanager
def returning(
    held: Claim, *, delay_seconds: float, forgive: bool = False, queue: str | None = None
) -> Iterator[Change]:
    """One transaction that gives the step back, ready after the delay, perhaps in another queue. Raises LeaseLost."""
    with change(held.job_id, actor=held.actor) as moves:
        if not moves.return_step(held, delay_seconds=delay_seconds, forgive=forgive, queue=queue):
            raise LeaseLost(f"{held.label}: epoch {held.epoch} is over")
        yield moves


@contextmanager
def blocking(held: Claim) -> Iterator[Change]:
    """One transaction in which the step waits again, for what will be done once more. Raises LeaseLost."""
    with change(held.job_id, actor=held.actor) as moves:
        if not moves.block_step(held):
            raise LeaseLost(f"{held.label}: epoch {held.epoch} is over")
        yield moves


def expired(limit: int) -> list[Step]:
    """Steps whose lease has run out, oldest first. Locked rows (somebody is at work on them) are passed over."""
    with transaction.atomic():
        return list(
            Step.objects.select_for_update(skip_locked=True)
            .filter(state=StepState.RUNNING, lease_until__lt=Now())
            .order_by("lease_until")[:limit]
        )


def lapsed_claim(step: Step) -> Claim:
    """The claim that a running step is held by, for the conductor, which ends it in the silent worker's place."""
    attempt = Attempt.objects.get(step=step, epoch=step.epoch)
    return replace(_claim_of(step, attempt, step.owner), lapsed=True)


def _claim_of(step: Step, attempt: Attempt, worker: str) -> Claim:
    return Claim(
        step_id=step.id,
        job_id=step.job_id,
        kind=StepKind(step.kind),
        key=step.key,
        queue=step.queue,
        epoch=step.epoch,
        attempts=step.attempts,
        attempt_id=attempt.id,
        worker=worker,
        encoder_revision=step.encoder_revision,
    )
