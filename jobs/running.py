"""A claim at work: its workspace, what it says of its progress, and the heartbeat that keeps its lease."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection

from jobs import leases
from jobs.claims import Claim
from jobs.states import StepKind
from jobs.transitions import Change

log = structlog.get_logger(__name__)


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


Work = Callable[[Running], None]
Begin = Callable[[Sequence[Running]], AbstractContextManager[Sequence[Work]]]
"""What several attempts have in common, and then the rest of each, to be done within."""


@contextmanager
def workspace(held: Claim) -> Iterator[Path]:
    """A folder of this epoch alone, so that no attempt ever sees what another left. Raises OSError."""
    folder: Path = settings.WORK_DIR / "attempts" / str(held.step_id) / str(held.epoch)
    _make(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # not empty: another epoch's workspace is there; or pruned with ours
            folder.parent.rmdir()


def _make(folder: Path) -> None:
    while True:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # the pruner took the empty parent in between
            folder.mkdir()
            return


@contextmanager
def heartbeat(runnings: Sequence[Running]) -> Iterator[None]:
    """Renew the leases from a thread of its own; the first beat comes after a period, so short steps pay nothing.

    A worker that cannot renew for as long as a lease lasts has lost it, whatever the database says later.
    """
    done = threading.Event()
    thread = threading.Thread(target=_beat, args=(runnings, done), name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _beat(runnings: Sequence[Running], done: threading.Event) -> None:
    period = settings.HEARTBEAT_SECONDS
    # Early beats come faster: the progress of a short encode is worth seeing.
    wait = min(0.5, period)
    renewed_at = time.monotonic()
    try:
        while not done.wait(wait):
            held = [running for running in runnings if running.is_held()]
            if not held:
                return
            try:
                for running in held:
                    _renew(running)
                renewed_at = time.monotonic()
            except DatabaseError:
                log.warning("heartbeat missed", steps=[str(running.claim.step_id) for running in held])
                connection.close()
            if time.monotonic() - renewed_at > settings.LEASE_SECONDS - period:
                for running in held:
                    running.lose()
                return
            wait = min(period, wait * 1.2)
    finally:
        connection.close()


def _renew(running: Running) -> None:
    """One statement for each: a statement for all would lock steps in an order of its own, and a cancel has another."""
    progress = running.progress
    if not leases.renew(
        running.claim, progress=progress.fraction, speed=progress.speed, eta_seconds=progress.eta_seconds
    ):
        running.lose()
