"""The test bed: a whole stack of its own, and what the parts of the benchmark ask of it."""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from config.embedded import programs
from config.embedded.ports import free_ports
from config.embedded.stack import Stack
from tests.bench.api import Api

ACCOUNT = "demo"
SLOTS = 2
WARMING_JOBS = 6
# A look at a primary key takes 0.2 ms: this costs a few per cent of a core, and adds 2 ms to what is measured.
POLL_SECONDS = 0.004
JOB_SECONDS = 600
REMUX = {
    "packaging": "mp4",
    "rungs": [{"name": "copy", "encoder": "copy"}],
    "audio": {"encoder": "copy"},
}

Argv = tuple[str, ...]


class Bed:
    """A running stack with two slots for encodes; `folder` is for files of the benchmark's own."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.stack = stack
        self.folder = folder
        self.key = stack.services.credentials.api_key
        self._api = Api(stack.url, self.key)
        self._database = psycopg.connect(stack.environment["DATABASE_URL"], autocommit=True)

    def upload(self, clip: Path) -> str:
        """Put a source where the account may read it; its URL."""
        self.stack.services.seaweed.client().upload_file(str(clip), "sources", f"{ACCOUNT}/{clip.name}")
        return f"s3://sources/{ACCOUNT}/{clip.name}"

    def submit(self, source: str, wish: object) -> UUID:
        """POST a job; `wish` is a preset's name or a ladder."""
        kind = "preset" if isinstance(wish, str) else "ladder"
        body = {"source": {"url": source}, kind: wish}
        return UUID(self._api.document("POST", "/api/v1/jobs", body)["id"])

    def wait(self, jobs: Sequence[UUID], *, poll_seconds: float = POLL_SECONDS) -> None:
        """Until all are final, asking the database itself. Raises AssertionError unless all succeeded."""
        unfinished = "SELECT count(*) FROM jobs_job WHERE id = ANY(%s) AND finished_at IS NULL"
        deadline = time.monotonic() + JOB_SECONDS
        while self._number(unfinished, jobs):
            assert time.monotonic() < deadline, "a job does not end"
            time.sleep(poll_seconds)
        failed = "SELECT count(*) FROM jobs_job WHERE id = ANY(%s) AND state <> 'succeeded'"
        assert self._number(failed, jobs) == 0, f"a job failed: see {self.stack.services.logs}"

    def finished_at(self, job: UUID) -> float:
        """When the job was committed as final, in seconds since the epoch by this machine's clock."""
        row = self._database.execute(
            "SELECT extract(epoch FROM finished_at) FROM jobs_job WHERE id = %s", [job]
        ).fetchone()
        assert row is not None
        return float(row[0])

    def commands(self, job: UUID) -> list[Argv]:
        """The FFmpeg commands that the job's attempts ran, in the order in which they started."""
        ran = sorted(
            (one for one in self._attempts(job) if one["argv"]), key=lambda one: str(one["started_at"])
        )
        return [tuple(one["argv"]) for one in ran]

    def cpu_seconds(self, job: UUID) -> float:
        """What the job's FFmpeg processes used. The attempts of a group have one in common: it counts once."""
        used = {tuple(one["argv"]): float(one["cpu_seconds"]) for one in self._attempts(job) if one["argv"]}
        return sum(used.values())

    def longest_process_seconds(self, job: UUID) -> float:
        """The wall clock of the job's FFmpeg process that ran longest, as its supervisor saw it."""
        return max(float(one["wall_seconds"]) for one in self._attempts(job) if one["argv"])

    def _attempts(self, job: UUID) -> list[dict[str, Any]]:
        answer = self._api.document("GET", f"/api/v1/jobs/{job}/attempts?page_size=100")
        found: list[dict[str, Any]] = answer["results"]
        return found

    def only_web(self) -> None:
        """Stop everything that works jobs off."""
        for program in self.stack.programs:
            if program.name != "web":
                self.stack.children[program.name].stop(grace_seconds=program.grace_seconds)

    def _number(self, query: str, jobs: Sequence[UUID]) -> int:
        row = self._database.execute(query, [list(jobs)]).fetchone()
        assert row is not None
        return int(row[0])

    def close(self) -> None:
        self._database.close()


@contextmanager
def bed(folder: Path, clip: Path) -> Iterator[Bed]:
    """A fresh stack in `folder`, warm: its processes have worked a few remuxes of `clip` off."""
    [port] = free_ports(1)
    parts = [programs.web(port), programs.conductor(), *programs.few_workers(SLOTS)]
    with Stack(folder / "stack", port=port, programs=parts) as stack:
        stack.start(lambda name: None)
        made = Bed(stack, folder)
        try:
            source = made.upload(clip)
            made.wait([made.submit(source, REMUX) for _ in range(WARMING_JOBS)])
            yield made
        finally:
            made.close()


def elsewhere(argv: Argv, source: Path, folder: Path) -> Argv:
    """The same command on another copy of the source, writing to a new folder beneath `folder`.

    Like an attempt, it then makes a new file: to overwrite one costs a multiple on some file systems (ext4
    flushes a file that was truncated when it is closed).
    """
    own = tempfile.mkdtemp(dir=folder)
    words = list(argv)
    words[words.index("-i") + 1] = f"file:{source}"
    words[-1] = f"file:{own}/{Path(words[-1]).name}"
    return tuple(words)


def run_bare(argv: Argv) -> None:
    """What a plain script does: start it, wait for it."""
    null = subprocess.DEVNULL
    subprocess.run(
        argv, check=True, stdin=null, stdout=null, stderr=null, env={"LANG": os.environ.get("LANG", "C")}
    )
