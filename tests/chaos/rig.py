"""The stack that is broken, and the hands that break it."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import redis
import requests
from celery import Celery
from psycopg import sql

from config.embedded import programs
from config.embedded.child import Child
from config.embedded.ports import free_ports
from config.embedded.programs import Program
from config.embedded.stack import Stack
from tests.chaos import launch, processes
from tests.chaos.origin import Origin
from tests.chaos.processes import Encoder
from tests.chaos.storage_proxy import StorageProxy

# Shorter than in production, so that a run takes minutes: everything waits for leases.
LEASE_SECONDS = 6
TIMES = {
    "LEASE_SECONDS": str(LEASE_SECONDS),
    "HEARTBEAT_SECONDS": "1",
    "RECONCILE_SECONDS": "1",
    "HINT_SECONDS": "10",
}
ENCODING_WORKERS = ("transcode-1", "transcode-2")
WORKERS = (*ENCODING_WORKERS, "rest")
DISK_MIB = 256

LADDER = {
    "packaging": "hls",
    "rungs": [
        {"name": "240p", "height": 240, "speed": "ultrafast"},
        {"name": "120p", "height": 120, "speed": "ultrafast"},
    ],
    "audio": {"bitrate_kbps": 64},
}
# Long enough to be caught at work.
SLOW_LADDER = {
    "packaging": "hls",
    "rungs": [
        {"name": "480p", "height": 480, "speed": "slower"},
        {"name": "120p", "height": 120, "speed": "ultrafast"},
    ],
}


class _BreakableStack(Stack):
    """A stack whose storage lies behind the proxy, and whose processes start by `tests.chaos.launch`."""

    def __init__(self, folder: Path, *, port: int, programs: Sequence[Program], clip: Path) -> None:
        self._clip = clip
        super().__init__(folder, port=port, programs=programs)

    def _environment(self) -> dict[str, str]:
        self.origin = Origin(self._clip)
        self.proxy = StorageProxy(int(self.services.seaweed.endpoint_url.rpartition(":")[2]))
        return (
            super()._environment()
            | TIMES
            | {
                "S3_ENDPOINT_URL": self.proxy.url,
                "EGRESS_ALLOWED_NETWORKS": "127.0.0.0/8",
                "EGRESS_ALLOWED_PORTS": f"80,443,{self.origin.port}",
                "CHAOS_FOLDER": str(self.services.folder),
            }
        )


@dataclass(frozen=True, slots=True)
class Loss:
    """An attempt that a fault took away, by the database's clock."""

    step_id: str
    epoch: int
    at: datetime


class Rig:
    """What the faults use: the stack's processes by name, its tables, its API as a customer sees it."""

    def __init__(self, stack: _BreakableStack, random: Random, clip: Path, *, has_small_disk: bool) -> None:
        self.stack = stack
        self.random = random
        self.has_small_disk = has_small_disk
        self.folder = stack.services.folder
        self.work = Path(stack.environment["WORK_DIR"])
        self.proxy, self.origin = stack.proxy, stack.origin
        self.losses: list[Loss] = []
        self.jobs: dict[str, str] = {}  # Idempotency-Key: id, once it is known
        self.cancelled: set[str] = set()
        self.ended_by_themselves: list[str] = []
        self._bodies: dict[str, dict[str, Any]] = {}
        self._down: set[str] = set()
        broker = stack.environment["REDIS_URL"].removeprefix("unix://").partition("?")[0]
        self._celery = Celery(broker=f"redis+socket://{broker}?virtual_host=0")
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {stack.environment['REELCHORD_API_KEY']}"
        # Past the proxy: the storage has no bad day while its stock is taken.
        self.s3 = stack.services.seaweed.client()
        self.s3.upload_file(str(clip), "sources", "demo/clip.mp4")

    # --- processes ----------------------------------------------------------------------------------------
    def child(self, name: str) -> Child:
        return self.stack.children[name]

    def kill(self, name: str) -> None:
        """SIGKILL to the process and its session; an FFmpeg of it has to die by itself."""
        self._down.add(name)
        if name in WORKERS:
            self._lose(self._attempts_of(name))
        self.child(name).kill()

    def kill_parent(self, encoder: Encoder) -> None:
        """SIGKILL to the prefork child that this FFmpeg works for."""
        processes.send([encoder.parent], signal.SIGKILL)
        self._lose([(encoder.step_id, encoder.epoch)])

    def start(self, name: str) -> None:
        self.child(name).start()
        self._down.discard(name)

    def expect_end(self, name: str) -> None:
        """It will die by its own hand."""
        self._down.add(name)

    def freeze(self, name: str) -> list[int]:
        """SIGSTOP to a process and all beneath it; what to hand to `thaw`."""
        family = processes.family(self.child(name).pid or 0)
        processes.send(family, signal.SIGSTOP)
        self._lose(self._attempts_of(name))
        return family

    def thaw(self, family: list[int]) -> None:
        processes.send(family, signal.SIGCONT)

    def encoders(self) -> list[Encoder]:
        return processes.encoders(self.work)

    def watch(self) -> None:
        """Start again what has ended without a fault's doing, and remember it: that is a finding."""
        for name, child in self.stack.children.items():
            if name not in self._down and not child.running:
                self.ended_by_themselves.append(f"{name} ended with {child.exit_code}")
                child.start()

    # --- tables and broker --------------------------------------------------------------------------------
    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Raises psycopg.OperationalError while PostgreSQL is away."""
        with psycopg.connect(self.stack.services.postgres.url(), connect_timeout=5) as connection:
            return connection.execute(sql.SQL(query), parameters).fetchall()

    def broker(self) -> "redis.Redis":
        return redis.Redis.from_url(self.stack.environment["REDIS_URL"], socket_timeout=5)

    def hint(self, task: str, step_id: str, queue: str) -> None:
        self._celery.send_task(task, args=(step_id,), queue=queue, ignore_result=True, retry=False)

    def collect(self) -> None:
        """What beat asks for twice an hour."""
        self._celery.send_task("jobs.prune_orphans", queue="files", ignore_result=True)

    def _attempts_of(self, worker: str) -> list[tuple[str, int]]:
        running = "SELECT step_id::text, epoch FROM jobs_attempt WHERE state = 'running' AND worker LIKE %s"
        try:
            return [(step, epoch) for step, epoch in self.rows(running, f"{worker}@%")]
        except psycopg.OperationalError:
            return []  # another fault has the database: this one is not measured

    def _lose(self, attempts: Sequence[tuple[str, int]]) -> None:
        if not attempts:
            return
        try:
            [(now,)] = self.rows("SELECT clock_timestamp()")
        except psycopg.OperationalError:
            return
        self.losses += [Loss(step, epoch, now) for step, epoch in attempts]

    # --- the customer -------------------------------------------------------------------------------------
    def submit(self, ladder: dict[str, Any] = LADDER, source: str = "s3://sources/demo/clip.mp4") -> str:
        """Order a job; its key. It is posted, now or later, until an answer comes: with the key, only once."""
        key = f"chaos-{len(self._bodies)}"
        self._bodies[key] = {"source": {"url": source}, "ladder": ladder}
        self.post()
        return key

    def post(self) -> None:
        """Try what has no answer yet; one try each."""
        for key, body in self._bodies.items():
            if key not in self.jobs:
                answer = self._call("POST", "/jobs", json=body, headers={"Idempotency-Key": key})
                if answer is not None and answer.status_code == 202:
                    self.jobs[key] = str(answer.json()["id"])

    @property
    def unanswered(self) -> list[str]:
        return [key for key in self._bodies if key not in self.jobs]

    def cancel(self, job_id: str) -> bool:
        answer = self._call("POST", f"/jobs/{job_id}/cancel")
        if answer is not None and answer.status_code == 200:
            self.cancelled.add(job_id)
        return job_id in self.cancelled

    def requeue(self, job_id: str) -> bool:
        answer = self._call("POST", f"/jobs/{job_id}/requeue", json={})
        return answer is not None and answer.ok

    def _call(self, method: str, path: str, **options: Any) -> requests.Response | None:
        """None: no answer, or one that says to come back later."""
        try:
            answer = self._session.request(method, f"{self.stack.url}/api/v1{path}", timeout=10, **options)
        except requests.RequestException:
            return None
        return None if answer.status_code >= 500 or answer.status_code == 409 else answer


@contextmanager
def rig(folder: Path, clip: Path, random: Random, *, small_disk: bool = True) -> Iterator[Rig]:
    """A started stack in `folder`, to be broken; everything is killed at the end."""
    [port] = free_ports(1)
    folder.mkdir(parents=True, exist_ok=True)
    launch.set_clock(folder, 0.0)
    parts = [
        programs.web(port),
        _launched(programs.beat()),
        _launched(programs.conductor()),
        *(_launched(programs.worker(name, "transcode-cpu,transcode-gpu", 2)) for name in ENCODING_WORKERS),
        _launched(programs.worker("rest", "control,files,delivery,mail,inbound", 2)),
        _launched(programs.webhooks_worker()),
    ]
    with (
        _small_disk(folder / "work", wanted=small_disk) as has_small_disk,
        _BreakableStack(folder, port=port, programs=parts, clip=clip) as stack,
    ):
        stack.start(lambda name: None)
        # Started by the faults that need them: not ready-made, so that they cost nothing until then.
        for program in (_conductor_two(), _impatient()):
            stack.children[program.name] = stack._child(program.name, program.arguments)
        made = Rig(stack, random, clip, has_small_disk=has_small_disk)
        made._down |= {SECOND_CONDUCTOR, IMPATIENT}
        try:
            yield made
        finally:
            # All is measured by now: no grace for processes that may be frozen or wounded.
            for child in stack.children.values():
                child.kill()
            stack.proxy.recover()
            stack.origin.close()
    stack.proxy.close()


SECOND_CONDUCTOR, IMPATIENT = "conductor-2", "impatient"
VISIBILITY_SECONDS = 5


def _launched(program: Program, *options: str) -> Program:
    """The same program through `tests.chaos.launch`: what follows `-m`, or `manage.py ...`."""
    words = program.arguments[1:] if program.arguments[0] == "-m" else ("manage.py", *program.arguments[1:])
    return Program(
        name=program.name,
        arguments=("-m", "tests.chaos.launch", *options, *words),
        ready_line=program.ready_line,
        ready_url=program.ready_url,
        grace_seconds=program.grace_seconds,
    )


def _conductor_two() -> Program:
    one = _launched(programs.conductor())
    return Program(name=SECOND_CONDUCTOR, arguments=one.arguments, ready_line=one.ready_line)


def _impatient() -> Program:
    worker = programs.worker(IMPATIENT, "transcode-cpu", 1)
    return _launched(worker, "--visibility", str(VISIBILITY_SECONDS))


@contextmanager
def _small_disk(folder: Path, *, wanted: bool) -> Iterator[bool]:
    """A file system of its own for the workspaces, small enough to be filled; False where that is forbidden."""
    folder.mkdir(parents=True, exist_ok=True)
    if not wanted or os.geteuid() != 0:
        yield False
        return
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        yield False
        return
    try:
        yield True
    finally:
        # The last process with a file open there may take a moment to be gone.
        for _ in range(50):
            if subprocess.run(["umount", str(folder)], capture_output=True, check=False).returncode == 0:
                break
            time.sleep(0.1)
