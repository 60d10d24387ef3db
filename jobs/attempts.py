"""Attempts from their claim to their end, whatever kind of step it is: the frame around every service.

The service does the work and commits it; this frame keeps the lease alive meanwhile, classifies what went wrong,
and decides by its bucket what happens next. Every way out of here leaves the attempt ended, or its lease running
out for the conductor to see.
"""

import errno
import random
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import replace
from typing import get_args

import structlog
from django.db import Error as DatabaseError
from django.db import connection
from django.db.models import QuerySet

from adapters.storage.base import Aborted, StorageError
from jobs import admission, faults, gates, leases, notes, pruning, routing
from jobs.claims import Claim
from jobs.faults import Bucket, Fault, GiveUp, Retry
from jobs.leases import LeaseLost
from jobs.models import Attempt, Rendition
from jobs.planner.plan import Kind, RenditionPlan
from jobs.running import Begin, Progress, Running, Work, heartbeat, workspace
from jobs.states import AttemptState, JobState, RenditionState, StepKind, StepState
from jobs.transitions import Change

__all__ = [
    "Begin",
    "Faulted",
    "HandedBack",
    "Progress",
    "Running",
    "Work",
    "end_badly",
    "perform",
    "perform_together",
    "settle",
]

log = structlog.get_logger(__name__)

# So many lost leases in a row make a dead letter, whatever the bucket would still allow.
WORKER_LOSSES = 3
_OF_THE_SOURCE = frozenset({Bucket.FAILED_INPUT, Bucket.NOT_FOUND})


class Faulted(Exception):
    """The attempt has failed, for a reason that we can name."""

    def __init__(self, fault: Fault, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(f"{fault.code}: {fault.detail}")
        self.fault = fault
        self.retry_after_seconds = retry_after_seconds
        # Who failed together with others has failed for the same reason, and alone would again.
        self.is_common = fault.bucket in _OF_THE_SOURCE


class HandedBack(Exception):
    """The attempt cannot go on now, through nobody's fault: the step is ready again after the delay, without blame."""

    def __init__(self, fault: Fault, *, delay_seconds: float) -> None:
        super().__init__(f"{fault.code}: {fault.detail}")
        self.fault = fault
        self.delay_seconds = delay_seconds


def perform(held: Claim, work: Work, then: Mapping[StepKind, Work] | None = None) -> str:
    """Run `work` for this claim; it commits by itself. Answers how it ended, in one word, for the log.

    `then` says how to do the steps that may follow at once. Whatever becomes of them is not in the answer.
    """
    return perform_together((held,), lambda _: nullcontext((work,)), then)


def perform_together(
    claims: Sequence[Claim], begin: Begin, then: Mapping[StepKind, Work] | None = None
) -> str:
    """The same for claims that have a part of their work in common: `begin` does it, and answers with the rest of each.

    The rests run one after the other, each to an end of its own. Should `begin` fail, so has every attempt. Answers
    with a word for each claim.
    """
    following: list[Claim] = []
    words = _perform(claims, begin, then or {}, following)
    for claim in following:
        perform(claim, (then or {})[claim.kind], then)
    return " ".join(words)


def _perform(
    claims: Sequence[Claim], begin: Begin, then: Mapping[StepKind, Work], following: list[Claim]
) -> list[str]:
    with ExitStack() as stack:
        try:
            runnings = [Running(held, stack.enter_context(workspace(held)), then) for held in claims]
        except OSError as error:
            return [_fail(held, Faulted(_disk_fault(error))) for held in claims]
        stack.enter_context(heartbeat(runnings))
        try:
            words = _work(runnings, begin)
        except (SystemExit, KeyboardInterrupt):
            # The worker was told to stop and its grace is over: the steps are somebody else's now, no blame.
            for running in runnings:
                _hand_back(running.claim, faults.fault("worker_stopping"))
            raise
    following += [running.next for running in runnings if running.next is not None]
    return words


def _work(runnings: Sequence[Running], begin: Begin) -> list[str]:
    with ExitStack() as stack:
        try:
            works = stack.enter_context(begin(runnings))
        except Exception as error:  # noqa: BLE001 - judged there, by what it is
            return [_judge(running, error, split=len(runnings) > 1) for running in runnings]
        words = []
        for running, work in zip(runnings, works, strict=True):
            try:
                work(running)
                words.append("done")
            except Exception as error:  # noqa: BLE001 - judged there, by what it is
                words.append(_judge(running, error))
        return words


def _judge(running: Running, error: Exception, *, split: bool = False) -> str:
    """End an attempt by what its work has raised, in one word. Call it while the exception is handled."""
    held = running.claim
    match error:
        case LeaseLost():
            _log(held).warning("lease lost", attempt=str(held.attempt_id))
            pruning.erase(held.attempt_id)
            return "lost"
        case Faulted():
            return _fail(held, error, split=split)
        case HandedBack():
            _hand_back(held, error.fault, delay_seconds=error.delay_seconds)
            return "handed back"
        case Aborted():
            _log(held).warning("lease lost while fetching or storing", attempt=str(held.attempt_id))
            pruning.erase(held.attempt_id)
            return "lost"
        case StorageError():
            # A storage's message is made for the customer too: it says what the code's own sentence cannot.
            fault = faults.fault(error.code, error.message)
            fault = replace(fault, message=f"{fault.message} {error.message}")
            faulted = Faulted(fault, retry_after_seconds=error.retry_after_seconds)
            return _fail(held, faulted, split=split)
        case DatabaseError():
            # The attempt cannot be ended without the database; its lease runs out and the conductor ends it.
            _log(held).exception("database error during an attempt")
            connection.close()
            return "database error"
        case OSError():
            _log(held).exception("the machine failed an attempt")
            return _fail(held, Faulted(_disk_fault(error)), split=split)
        case _:
            # A mistake of ours. It must not leave the step running until its lease expires, nor hide: the
            # traceback goes to the log, the attempt carries the fault, and the retry policy does the rest.
            _log(held).exception("internal error")
            return _fail(held, Faulted(faults.fault("internal_error")), split=split)


def _log(held: Claim) -> structlog.stdlib.BoundLogger:
    bound: structlog.stdlib.BoundLogger = log.bind(
        job=str(held.job_id), step=held.kind.value, key=held.key, epoch=held.epoch
    )
    return bound


def settle(moves: Change, held: Claim, fault: Fault, *, dead_letter: bool) -> None:
    """What a step that failed for good means to its job. Call it after the step has ended.

    A rendition ends alone: the barrier opens, and the join decides what the job is worth without it. Without its
    source or its plan, or without a manifest, there is no job. What looks at the renditions costs none of them, unless
    there is a gate.
    """
    if held.kind == StepKind.RENDITION:
        rendition = Rendition.objects.get(step_id=held.step_id)
        state = RenditionState.DEAD_LETTER if dead_letter else RenditionState.FAILED
        moves.rendition(rendition, RenditionState.RUNNING, state, fault=fault)
        gates.drop_measurement(moves, rendition)
        moves.open_barrier()
        if dead_letter:
            log.error("dead letter", job=str(held.job_id), rendition=rendition.key, fault=fault.code)
    elif held.kind == StepKind.QUALITY:
        gates.give_up(moves, held, fault, dead_letter=dead_letter)
    elif held.kind == StepKind.DETECTION:
        notes.add(held.job_id, f"Black, frozen and silent parts were not looked for: {fault.message}")
        moves.open_barrier()
    else:
        moves.stop_everything(fault=None, discard_committed=False)
        # A manifest that grew is not the job's result: the files in it stay for the requeue.
        moves.job(JobState.DEAD_LETTER if dead_letter else JobState.FAILED, fault=fault, manifest=None)


def end_badly(
    held: Claim,
    fault: Fault,
    *,
    state: AttemptState,
    retry_after_seconds: float | None = None,
    split: bool = False,
) -> float | None:
    """End the attempt, and give its step back or give it up, as the fault's bucket says. Raises LeaseLost.

    `split`: it failed together with others, and perhaps for the sake of one of them. The step is given back once
    whatever the bucket says: it then runs alone.
    Answers the delay in seconds until the next attempt, or None where there will be none.
    """
    decision = faults.decide(
        fault.bucket,
        _earlier(held).filter(fault_bucket=fault.bucket).count() + 1,
        retry_after_seconds=retry_after_seconds,
        random=random.random,
    )
    if state == AttemptState.LOST and _earlier(held).filter(state=state).count() + 1 >= WORKER_LOSSES:
        # A source that kills its worker would kill them all, one after the other.
        fault, decision = faults.fault("worker_killed_repeatedly", fault.code), GiveUp(dead_letter=True)
    if split and isinstance(decision, GiveUp):
        decision = Retry(0.0)
    if isinstance(decision, Retry):
        queue = _queue_after(held, fault)
        with leases.returning(held, delay_seconds=decision.delay_seconds, queue=queue) as moves:
            moves.attempt(held.attempt_id, state, label=held.label, fault=fault)
            if held.kind == StepKind.RENDITION:
                rendition = Rendition.objects.get(step_id=held.step_id)
                moves.rendition(rendition, RenditionState.RUNNING, RenditionState.QUEUED, fault=fault)
        return decision.delay_seconds
    with leases.fenced(held, StepState.FAILED) as moves:
        moves.attempt(held.attempt_id, state, label=held.label, fault=fault)
        settle(moves, held, fault, dead_letter=decision.dead_letter)
    return None


def _earlier(held: Claim) -> "QuerySet[Attempt]":
    """The step's ended attempts that count: those since an operator's requeue, without those handed back.

    Each bucket counts its own: two disks that were full say nothing about whether a network will come back.
    """
    since = held.epoch - held.attempts
    ended = Attempt.objects.filter(step_id=held.step_id, epoch__gt=since, epoch__lt=held.epoch)
    return ended.filter(state__in=[AttemptState.FAILED, AttemptState.LOST])


def _queue_after(held: Claim, fault: Fault) -> str:
    """Where the next attempt runs: elsewhere, if the bucket asks for it and a live worker is there."""
    if held.kind not in (StepKind.RENDITION, StepKind.QUALITY, StepKind.DETECTION) or held.encoder_revision:
        return held.queue
    rendition = Rendition.objects.filter(step_id=held.step_id, kind__in=get_args(Kind)).first()
    planned = RenditionPlan.from_json(rendition.spec) if rendition is not None else None
    return routing.queue_after(held.queue, fault.bucket, admission.live_queues(), planned)


def _fail(held: Claim, error: Faulted, *, split: bool = False) -> str:
    fault, logger = error.fault, _log(held)
    try:
        delay = end_badly(
            held,
            fault,
            state=AttemptState.FAILED,
            retry_after_seconds=error.retry_after_seconds,
            split=split and not error.is_common,
        )
    except LeaseLost:
        logger.warning("lease lost", attempt=str(held.attempt_id))
        pruning.erase(held.attempt_id)
        return "lost"
    logger.warning(
        "attempt failed",
        fault=fault.code,
        bucket=str(fault.bucket),
        detail=fault.detail,
        retry_in_seconds=delay,
    )
    return "failed" if delay is None else "retried"


def _hand_back(held: Claim, fault: Fault, *, delay_seconds: float = 0) -> None:
    try:
        with leases.returning(held, delay_seconds=delay_seconds, forgive=True) as moves:
            moves.attempt(held.attempt_id, AttemptState.CANCELLED, label=held.label, fault=fault)
            if held.kind == StepKind.RENDITION:
                rendition = Rendition.objects.get(step_id=held.step_id)
                moves.rendition(rendition, RenditionState.RUNNING, RenditionState.QUEUED)
        log.warning("handed back", step=str(held.step_id), attempt=str(held.attempt_id), why=fault.code)
    except LeaseLost:
        log.info("nothing to hand back", step=str(held.step_id), epoch=held.epoch)


def _disk_fault(error: OSError) -> Fault:
    """What a failure of this machine's own disk is worth: room can be found elsewhere, a vanished file too."""
    code = "disk_full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "workspace_unusable"
    return faults.fault(code, f"{error.strerror}: {error.filename}")
