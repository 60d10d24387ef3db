"""The faults: one generator for each. It does its harm, yields how many seconds to go on for, and makes it good.

What a fault breaks is its `target`; no two faults have one target at the same time. A fault that finds itself
impossible on this machine says so by returning a sentence.
"""

import signal
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass

import psycopg
import redis

from tests.chaos import launch, processes
from tests.chaos.processes import Encoder
from tests.chaos.rig import (
    ENCODING_WORKERS,
    IMPATIENT,
    LEASE_SECONDS,
    SECOND_CONDUCTOR,
    SLOW_LADDER,
    VISIBILITY_SECONDS,
    Rig,
)

Course = Generator[float, None, str | None]
_POLL_SECONDS = 0.1
_BAIT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Fault:
    name: str
    target: str
    run: Callable[[Rig], Course]

    @property
    def title(self) -> str:
        return (self.run.__doc__ or self.name).partition("\n")[0].rstrip(".:")


FAULTS: dict[str, Fault] = {}


def fault(target: str) -> Callable[[Callable[[Rig], Course]], Callable[[Rig], Course]]:
    def register(run: Callable[[Rig], Course]) -> Callable[[Rig], Course]:
        name = run.__name__.replace("_", "-")
        FAULTS[name] = Fault(name, target, run)
        return run

    return register


def _until(rig: Rig, condition: Callable[[], object]) -> Generator[float, None, None]:
    """Wait for something that a job at work makes true; where there is none for a while, a slow one is ordered."""
    waited = 0.0
    while not condition():
        yield _POLL_SECONDS
        waited += _POLL_SECONDS
        if waited > _BAIT_SECONDS:
            rig.submit(SLOW_LADDER)
            waited = -2 * _BAIT_SECONDS  # it needs time to get there


def _encoder(rig: Rig) -> Generator[float, None, Encoder]:
    """An FFmpeg at work."""
    found: list[Encoder] = []

    def is_any() -> bool:
        found[:] = rig.encoders()
        return bool(found)

    yield from _until(rig, is_any)
    return rig.random.choice(found)


def _mark_taken(rig: Rig, name: str) -> Generator[float, None, None]:
    """Lay a mark out (see `launch`), and wait until a process has met it."""
    mark = rig.folder / name
    mark.touch()
    yield from _until(rig, lambda: not mark.exists())


def _busy_worker(rig: Rig) -> Generator[float, None, str]:
    """The encoding worker that such an FFmpeg belongs to."""
    while True:
        encoder = yield from _encoder(rig)
        for name in ENCODING_WORKERS:
            if encoder.pid in processes.family(rig.child(name).pid or 0):
                return name
        yield _POLL_SECONDS


# --- workers ----------------------------------------------------------------------------------------------
@fault("workers")
def kill_child(rig: Rig) -> Course:
    """kill -9 a prefork child at work"""
    rig.kill_parent((yield from _encoder(rig)))
    return None


@fault("workers")
def kill_worker(rig: Rig) -> Course:
    """kill -9 a whole worker with its children"""
    name = yield from _busy_worker(rig)
    rig.kill(name)
    yield 1.0
    rig.start(name)
    return None


@fault("workers")
def stop_worker(rig: Rig) -> Course:
    """SIGTERM to a busy worker"""
    name = yield from _busy_worker(rig)
    rig.expect_end(name)
    rig.child(name).ask_to_stop()
    while rig.child(name).running:
        yield 0.5
    rig.start(name)
    return None


@fault("workers")
def freeze_worker(rig: Rig) -> Course:
    """SIGSTOP a busy worker for longer than its lease"""
    family = rig.freeze((yield from _busy_worker(rig)))
    yield LEASE_SECONDS + rig.random.uniform(2.0, 5.0)
    rig.thaw(family)
    return None


@fault("zombie")
def row_late(rig: Rig) -> Course:
    """SIGSTOP before an output's row, for longer than the lease: a zombie writes row and object"""
    yield from _stop_at(rig, launch.BEFORE_ROW)
    return None


@fault("zombie")
def store_late(rig: Rig) -> Course:
    """SIGSTOP between an output's row and its object, for longer than the lease: a zombie stores"""
    yield from _stop_at(rig, launch.BEFORE_STORE)
    return None


def _stop_at(rig: Rig, mark: str) -> Generator[float, None, None]:
    yield from _mark_taken(rig, mark)
    stopped = rig.folder / launch.STOPPED
    while not (stopped.exists() and stopped.read_text()):
        yield _POLL_SECONDS
    zombie = [int(stopped.read_text())]
    stopped.unlink()
    # Not much longer: later, its workspace is gone as well, and it comes to nothing.
    yield LEASE_SECONDS + rig.random.uniform(1.5, 3.0)
    processes.send(zombie, signal.SIGCONT)


@fault("commit")
def kill_before_commit(rig: Rig) -> Course:
    """kill -9 between the work and its commit, with the objects stored"""
    yield from _mark_taken(rig, launch.BEFORE_COMMIT)
    return None


@fault("workers")
def short_visibility(rig: Rig) -> Course:
    """a visibility timeout of 5 s, with longer encodes"""
    yield from _encoder(rig)
    rig.start(IMPATIENT)
    rig.submit(SLOW_LADDER)
    yield VISIBILITY_SECONDS * 4
    rig.expect_end(IMPATIENT)
    rig.child(IMPATIENT).ask_to_stop()
    while rig.child(IMPATIENT).running:
        yield 0.5
    return None


@fault("clock")
def jump_clock(rig: Rig) -> Course:
    """the clocks of workers and conductor jump 13 h ahead, and back (`time.time()`)

    Beyond the visibility timeout: every unacknowledged message looks lost. `datetime.now()` and the services keep
    the machine's clock, which is not ours to move.
    """
    launch.set_clock(rig.folder, 13 * 3600.0)
    yield 8.0
    launch.set_clock(rig.folder, -3600.0)
    yield 4.0
    launch.set_clock(rig.folder, 0.0)
    return None


@fault("disk")
def fill_disk(rig: Rig) -> Course:
    """a full disk beneath the workspaces"""
    if not rig.has_small_disk:
        return "no right to mount a small file system here"
    yield from _encoder(rig)
    filler = rig.work / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:  # ENOSPC is what we want
        while True:
            file.write(bytes(64 * 1024))
    yield 6.0
    filler.unlink()
    return None


# --- the broker -------------------------------------------------------------------------------------------
@fault("valkey")
def flushall(rig: Rig) -> Course:
    """FLUSHALL"""
    _flush(rig)
    yield 0.0
    return None


@fault("valkey")
def flushall_and_kill(rig: Rig) -> Course:
    """FLUSHALL, and kill -9 a busy prefork child at once"""
    encoder = yield from _encoder(rig)
    _flush(rig)
    rig.kill_parent(encoder)
    return None


@fault("valkey")
def stop_valkey(rig: Rig) -> Course:
    """Valkey is stopped for 20 s"""
    valkey = rig.stack.services.valkey
    valkey.stop()
    yield 20.0
    valkey.start()
    return None


@fault("valkey")
def freeze_valkey(rig: Rig) -> Course:
    """SIGSTOP Valkey for 10 s"""
    server = [rig.stack.services.valkey.server.pid or 0]
    processes.send(server, signal.SIGSTOP)
    yield 10.0
    processes.send(server, signal.SIGCONT)
    return None


@fault("valkey")
def drop_connections(rig: Rig) -> Course:
    """all connections to Valkey are dropped (CLIENT KILL), three times"""
    for _ in range(3):
        with suppress(redis.RedisError), rig.broker() as broker:
            broker.execute_command("CLIENT", "KILL", "TYPE", "normal")
        yield 1.0
    return None


@fault("hints")
def repeat_hints(rig: Rig) -> Course:
    """every hint is published five times more, to steps in any state"""
    task_of = {
        "ingest": "jobs.ingest_source",
        "plan": "jobs.plan_job",
        "rendition": "jobs.run_rendition",
        "manifest": "jobs.emit_manifest",
    }
    for _ in range(5):
        with suppress(psycopg.OperationalError, redis.RedisError, OSError):
            for step_id, kind, queue in rig.rows("SELECT id::text, kind, queue FROM jobs_step"):
                rig.hint(task_of[kind], step_id, queue)
        yield 0.5
    return None


def _flush(rig: Rig) -> None:
    with suppress(redis.RedisError), rig.broker() as broker:
        broker.flushall()


# --- the database, the doors, the conductor ---------------------------------------------------------------
@fault("postgres")
def restart_postgres(rig: Rig) -> Course:
    """PostgreSQL restarts, while an encode runs"""
    yield from _encoder(rig)
    server = rig.stack.services.postgres.server
    server.ask_to_stop()
    while server.running:
        yield _POLL_SECONDS
    server.start()
    return None


@fault("postgres")
def crash_postgres(rig: Rig) -> Course:
    """kill -9 PostgreSQL, which recovers from its log"""
    server = rig.stack.services.postgres.server
    server.kill()
    yield 1.0
    server.start()
    return None


@fault("web")
def kill_web_and_beat(rig: Rig) -> Course:
    """kill -9 the web process and beat"""
    rig.kill("web")
    rig.kill("beat")
    yield 3.0
    rig.start("web")
    rig.start("beat")
    return None


@fault("plan")
def kill_before_chord(rig: Rig) -> Course:
    """kill -9 between the plan's commit and its chord"""
    yield from _mark_taken(rig, launch.BEFORE_CHORD)
    return None


@fault("conductor")
def kill_before_hint(rig: Rig) -> Course:
    """kill -9 the conductor between marking a hint and sending it"""
    rig.expect_end("conductor")
    yield from _mark_taken(rig, launch.BEFORE_HINT)
    while rig.child("conductor").running:
        yield _POLL_SECONDS
    yield 1.0
    rig.start("conductor")
    return None


@fault("conductor")
def two_conductors(rig: Rig) -> Course:
    """two conductors at once; then the first is killed"""
    rig.start(SECOND_CONDUCTOR)
    yield 12.0
    rig.kill("conductor")
    yield 3.0
    rig.start("conductor")
    yield 1.0
    rig.kill(SECOND_CONDUCTOR)
    return None


# --- what lies outside ------------------------------------------------------------------------------------
@fault("storage")
def storage_answers_503(rig: Rig) -> Course:
    """the storage answers 503 for 10 s"""
    rig.proxy.fail()
    yield 10.0
    rig.proxy.recover()
    return None


@fault("origin")
def drip(rig: Rig) -> Course:
    """two origins drip one byte a second: one recovers, the job of the other is cancelled"""
    rig.submit(source=rig.origin.patience)
    hopeless = rig.submit(source=rig.origin.forever)
    yield 10.0
    rig.origin.release()
    while hopeless not in rig.jobs or not rig.cancel(rig.jobs[hopeless]):
        yield 0.5
    return None
