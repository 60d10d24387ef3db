"""Works a queue of deliveries off: claims batches, sends them on threads of its own, writes down what came of them.

A message to a worker only says 'look'. The first one starts the pump of its process, which runs until nothing is
due; those that come meanwhile wake it. Only the thread that runs the pump talks to the database.
"""

import queue
import socket
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from os import getpid
from uuid import UUID

import structlog
from django.db import DataError, IntegrityError, connection
from django.db import Error as DatabaseError

from webhooks import claims, deliveries, transitions
from webhooks.claims import Claimed
from webhooks.deliveries import Send
from webhooks.tries import Tried

log = structlog.get_logger(__name__)

# A running pump looks for more this often by itself, and goes on looking for a while when nothing is left: hints
# that come close together are sent as one.
LOOK_SECONDS = 0.05
LINGER_SECONDS = 0.3
_DATABASE_DOWN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Limits:
    """`slots` tries at once in this process, `per_endpoint` of them, over all processes, to one endpoint."""

    slots: int
    per_endpoint: int
    lease_seconds: float


class Pump:
    """The pump of one queue in one process. `sender` opens what its threads send with: one `Send` for each call."""

    def __init__(
        self,
        queue_name: str,
        limits: Limits,
        sender: Callable[[], AbstractContextManager[Callable[[], Send]]],
    ) -> None:
        self._queue = queue_name
        self._limits = limits
        self._sender = sender
        self._owner = f"{self._queue}@{socket.gethostname()}:{getpid()}"[:200]
        self._lock = threading.Lock()
        self._running = False
        self._asked = False
        self._stopping = threading.Event()

    def run(self) -> int:
        """Send what is due until nothing is, or until `stop`; how many tries ended. 0 at once where it runs already."""
        with self._lock:
            self._asked = True
            if self._running or self._stopping.is_set():
                return 0
            self._running = True
        try:
            return self._run()
        finally:
            with self._lock:
                self._running = False

    def stop(self) -> None:
        """Claim nothing more. What is in flight may end; what does not is due again when its lease runs out."""
        self._stopping.set()

    def _run(self) -> int:
        done: queue.SimpleQueue[Tried] = queue.SimpleQueue()
        local = threading.local()
        with (
            self._sender() as make_send,
            ThreadPoolExecutor(self._limits.slots, f"{self._queue}-try") as threads,
        ):

            def attempt(claimed: Claimed) -> None:
                if not hasattr(local, "send"):
                    local.send = make_send()
                done.put(_attempt(claimed, local.send))

            return self._work(lambda claimed: threads.submit(attempt, claimed), done)

    def _work(self, submit: Callable[[Claimed], object], done: "queue.SimpleQueue[Tried]") -> int:
        in_flight, ended = 0, 0
        after = claims.FIRST
        idle_at = time.monotonic() + LINGER_SECONDS
        unwritten: list[Tried] = []
        while True:
            try:
                room = self._limits.slots - in_flight - len(unwritten)
                if room > 0 and not self._stopping.is_set():
                    claimed, after = self._claim(room, after)
                    for one in claimed:
                        if (tried := deliveries.not_sent(one)) is None:
                            in_flight += 1
                            submit(one)
                        else:
                            unwritten.append(tried)
                    if claimed or after != claims.FIRST:
                        idle_at = time.monotonic() + LINGER_SECONDS
                # Once something has ended, all that has ended goes into one transaction.
                ready = _drain(done, seconds=0 if unwritten else LOOK_SECONDS)
                in_flight -= len(ready)
                unwritten += ready
                ended += len(self._settle(unwritten))
                unwritten = []
            except DatabaseError as error:
                # What has ended is kept and written down later; what nobody writes down is sent once more.
                log.warning("database away", queue=self._queue, error=str(error))
                connection.close()
                time.sleep(_DATABASE_DOWN_SECONDS)
            if in_flight or unwritten:
                continue
            with self._lock:
                over = self._stopping.is_set() or (time.monotonic() > idle_at and not self._asked)
                if over:
                    self._running = False
                    return ended
                if self._asked:
                    self._asked = False
                    idle_at = time.monotonic() + LINGER_SECONDS

    def _claim(self, room: int, after: UUID) -> tuple[list[Claimed], UUID]:
        return claims.claim(
            self._queue,
            owner=self._owner,
            limit=room,
            per_endpoint=self._limits.per_endpoint,
            lease_seconds=self._limits.lease_seconds,
            after=after,
        )

    def _settle(self, tried: Sequence[Tried]) -> list[Tried]:
        held = _settled(tried)
        for one in held:
            if one.error:
                log.info(
                    "delivery failed",
                    delivery=str(one.claimed.id),
                    endpoint=str(one.claimed.endpoint_id),
                    type=one.claimed.message.type,
                    tries=one.claimed.tries,
                    status=one.status,
                    error=one.error,
                    state=str(one.verdict.state),
                    retry_in_seconds=round(one.verdict.delay_seconds, 1),
                )
        if len(held) < len(tried):
            log.warning("claims lost", queue=self._queue, count=len(tried) - len(held))
        return held


def _settled(tried: Sequence[Tried]) -> list[Tried]:
    """A batch in one transaction; where the database refuses something in it, each by itself, without what it refuses.

    That one's lease runs out, and its tries with it: it becomes a dead letter, and holds up no other.
    """
    try:
        return transitions.settle(tried)
    except (DataError, IntegrityError):
        log.exception("a try cannot be written down", deliveries=[str(one.claimed.id) for one in tried])
        if len(tried) == 1:
            return []
        return [held for one in tried for held in _settled([one])]


def _attempt(claimed: Claimed, send: Send) -> Tried:
    try:
        return send(claimed)
    except Exception as error:  # a mistake of ours: one delivery's, not the pump's
        log.exception("delivery broke", delivery=str(claimed.id))
        return deliveries.broken(claimed, error)


def _drain(done: "queue.SimpleQueue[Tried]", *, seconds: float) -> list[Tried]:
    """All that is there; waits for the first."""
    found: list[Tried] = []
    try:
        found.append(done.get(timeout=seconds) if seconds else done.get_nowait())
        while True:
            found.append(done.get_nowait())
    except queue.Empty:
        return found
