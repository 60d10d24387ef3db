"""One attempt from its claim to its end, whatever kind of step it is: the frame around every service.

The service does the work and commits it; this frame keeps the lease alive meanwhile, classifies what went wrong,
and decides by its bucket what happens next. Every way out of here leaves the attempt ended, or its lease running
out for the conductor to see.
"""

import errno
import random
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.db.models import QuerySet

from adapters.ffmpeg.supervisor import StopReason
from adapters.storage.base import Aborted, StorageError
from jobs import admission, faults, leases, pruning, routing
from jobs.claims import Claim
from jobs.faults import Fault, GiveUp, Retry
from jobs.leases import LeaseLost
from jobs.models import Attempt, Rendition
from jobs.states import AttemptState, JobState, RenditionState, StepKind, StepState
from jobs.transitions import Change

log = structlog.get_logger(__name__)

# So many lost leases in a row make a dead letter, whatever the bucket would still allow.
WORKER_LOSSES = 3


class Faulted(Exception):
    """The attempt has failed, for a reason that we can name."""

    def __init__(self, fault: Fault, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(f"{fault.code}: {fault.detail}")
        self.fault = fault
        self.retry_after_seconds = retry_after_seconds


@dataclass(slots=True)
class Progress:
    """What the work last said of itself; the heartbeat writes it down together with the lease."""

    fraction: float = 0.0
    speed: float | None = None
    eta_seconds: float | None = None


@dataclass(slots=True)
class Running:
    """A claim at work: its workspace, empty at the start, and whether it still holds its lease."""

    claim: Claim
    workspace: Path
    then: "Mapping[StepKind, Work]" = field(default_factory=dict)
    """The steps that this worker may go on with, without a hint of their own."""
    progress: Progress = field(default_factory=Progress)
    next: Claim | None = None
    _lost: threading.Event = field(default_factory=threading.Event)

    def lose(self) -> None:
        self._lost.set()

    def is_held(self) -> bool:
        return not self._lost.is_set()

    def go_on(self, moves: Change, kind: StepKind) -> None:
        """Claim the job's next step in the transaction that ends this one, if it is ready and ours to do."""
        if kind in self.then:
            self.next = leases.claim_next(moves, self.claim, kind)

    def stop_reason(self) -> StopReason | None:
        """Why FFmpeg has to stop, or None."""
        return None if self.is_held() else StopReason.LEASE_LOST


Work = Callable[[Running], None]


def perform(held: Claim, work: Work, then: Mapping[StepKind, Work] | None = None) -> str:
    """Run `work` for this claim; it commits by itself. Answers how it ended, in one word, for the log.

    `then` says how to do the steps that may follow at once. Whatever becomes of them is not in the answer.
    """
    following: list[Claim] = []
    word = _perform(held, work, then or {}, following)
    for claim in following:
        perform(claim, (then or {})[claim.kind], then)
    return word


def _perform(held: Claim, work: Work, then: Mapping[StepKind, Work], following: list[Claim]) -> str:
    logger = log.bind(job=str(held.job_id), step=held.kind.value, key=held.key, epoch=held.epoch)
    try:
        made = _make_workspace(held)
    except OSError as error:
        return _fail(held, Faulted(_disk_fault(error)), logger)
    with _workspace(made) as workspace:
        running = Running(held, workspace, then)
        with _heartbeat(running):
            try:
                work(running)
            except LeaseLost:
                logger.warning("lease lost", attempt=str(held.attempt_id))
                pruning.erase(held.attempt_id)
                return "lost"
            except Faulted as error:
                return _fail(held, error, logger)
            except Aborted:
                logger.warning("lease lost while fetching or storing", attempt=str(held.attempt_id))
                pruning.erase(held.attempt_id)
                return "lost"
            except StorageError as error:
                # A storage's message is made for the customer too: it says what the code's own sentence cannot.
                fault = faults.fault(error.code, error.message)
                fault = replace(fault, message=f"{fault.message} {error.message}")
                return _fail(held, Faulted(fault, retry_after_seconds=error.retry_after_seconds), logger)
            except (SystemExit, KeyboardInterrupt):
                # The worker was told to stop and its grace is over: the step is somebody else's now, no blame.
                _hand_back(held)
                logger.warning("handed back", attempt=str(held.attempt_id))
                raise
            except DatabaseError:
                # The attempt cannot be ended without the database; its lease runs out and the conductor ends it.
                logger.exception("database error during an attempt")
                connection.close()
                return "database error"
            except OSError as error:
                logger.exception("the machine failed an attempt")
                return _fail(held, Faulted(_disk_fault(error)), logger)
            except Exception:
                # A mistake of ours. It must not leave the step running until its lease expires, nor hide: the
                # traceback goes to the log, the attempt carries the fault, and the retry policy does the rest.
                logger.exception("internal error")
                return _fail(held, Faulted(faults.fault("internal_error")), logger)
    if running.next is not None:
        following.append(running.next)
    return "done"


def settle(moves: Change, held: Claim, fault: Fault, *, dead_letter: bool) -> None:
    """What a step that failed for good means to its job. Call it after the step has ended.

    A rendition ends alone: the barrier opens, and the join decides what the job is worth without it. Without its
    source or its plan, or without a manifest, there is no job.
    """
    if held.kind == StepKind.RENDITION:
        rendition = Rendition.objects.get(step_id=held.step_id)
        state = RenditionState.DEAD_LETTER if dead_letter else RenditionState.FAILED
        moves.rendition(rendition, RenditionState.RUNNING, state, fault=fault)
        moves.open_barrier()
        if dead_letter:
            log.error("dead letter", job=str(held.job_id), rendition=rendition.key, fault=fault.code)
    else:
        moves.stop_everything(fault=None, discard_committed=False)
        # A manifest that grew is not the job's result: the files in it stay for the requeue.
        moves.job(JobState.DEAD_LETTER if dead_letter else JobState.FAILED, fault=fault, manifest=None)


def end_badly(
    held: Claim, fault: Fault, *, state: AttemptState, retry_after_seconds: float | None = None
) -> float | None:
    """End the attempt, and give its step back or give it up, as the fault's bucket says. Raises LeaseLost.

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
    if held.kind != StepKind.RENDITION or held.encoder_revision:
        return held.queue
    return routing.queue_after(held.queue, fault.bucket, admission.live_queues())


def _fail(held: Claim, error: Faulted, logger: structlog.stdlib.BoundLogger) -> str:
    fault = error.fault
    try:
        delay = end_badly(
            held, fault, state=AttemptState.FAILED, retry_after_seconds=error.retry_after_seconds
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


def _hand_back(held: Claim) -> None:
    try:
        with leases.returning(held, delay_seconds=0, forgive=True) as moves:
            moves.attempt(
                held.attempt_id,
                AttemptState.CANCELLED,
                label=held.label,
                fault=faults.fault("worker_stopping"),
            )
            if held.kind == StepKind.RENDITION:
                rendition = Rendition.objects.get(step_id=held.step_id)
                moves.rendition(rendition, RenditionState.RUNNING, RenditionState.QUEUED)
    except LeaseLost:
        log.info("nothing to hand back", step=str(held.step_id), epoch=held.epoch)


def _make_workspace(held: Claim) -> Path:
    """A folder of this epoch alone, so that no attempt ever sees what another left. Raises OSError."""
    folder: Path = settings.WORK_DIR / "attempts" / str(held.step_id) / str(held.epoch)
    while True:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # the pruner took the empty parent in between
            folder.mkdir()
            return folder


@contextmanager
def _workspace(folder: Path) -> Iterator[Path]:
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # not empty: another epoch's workspace is there; or pruned with ours
            folder.parent.rmdir()


def _disk_fault(error: OSError) -> Fault:
    """What a failure of this machine's own disk is worth: room can be found elsewhere, a vanished file too."""
    code = "disk_full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "workspace_unusable"
    return faults.fault(code, f"{error.strerror}: {error.filename}")


@contextmanager
def _heartbeat(running: Running) -> Iterator[None]:
    """Renew the lease from a thread of its own; the first beat comes after a period, so short steps pay nothing.

    A worker that cannot renew for as long as the lease lasts has lost it, whatever the database says later.
    """
    done = threading.Event()
    thread = threading.Thread(target=_beat, args=(running, done), name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _beat(running: Running, done: threading.Event) -> None:
    period = settings.HEARTBEAT_SECONDS
    # Early beats come faster: the progress of a short encode is worth seeing.
    wait = min(0.5, period)
    renewed_at = time.monotonic()
    try:
        while not done.wait(wait):
            progress = running.progress
            try:
                if not leases.renew(
                    running.claim,
                    progress=progress.fraction,
                    speed=progress.speed,
                    eta_seconds=progress.eta_seconds,
                ):
                    running.lose()
                    return
                renewed_at = time.monotonic()
            except DatabaseError:
                log.warning("heartbeat missed", step=str(running.claim.step_id))
                connection.close()
            if time.monotonic() - renewed_at > settings.LEASE_SECONDS - period:
                running.lose()
                return
            wait = min(period, wait * 1.2)
    finally:
        connection.close()
