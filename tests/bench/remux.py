"""A tiny job, where only the service's own costs are to be seen: latency, and jobs per second.

The latency stands beside the bare FFmpeg call, the throughput beside the least that Celery can do.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from celery import Celery

from config.embedded.child import Child
from config.embedded.programs import ROOT
from tests.bench.bed import REMUX, SLOTS, Argv, Bed, elsewhere, run_bare
from tests.bench.results import Goal, Row
from tests.bench.sources import short_clip

READY_SECONDS = 30


def measure(bed: Bed, *, pairs: int, bursts: int, burst_jobs: int) -> list[Row]:
    clip = short_clip()
    source = bed.upload(clip)
    job = bed.submit(source, REMUX)
    bed.wait([job])
    [command] = bed.commands(job)

    service, bare = [], []
    for _ in range(pairs):
        service.append(1000 * _seconds_of_jobs(bed, source, 1))
        bare.append(1000 * _seconds_of_call(elsewhere(command, clip, bed.folder)))

    service_rate, peer_rate = [], []
    with _peer(bed) as peer:
        _seconds_of_tasks(peer, command, clip, bed.folder, 2 * SLOTS)  # its processes warm up as well
        for _ in range(bursts):
            service_rate.append(burst_jobs / _seconds_of_jobs(bed, source, burst_jobs))
            peer_rate.append(burst_jobs / _seconds_of_tasks(peer, command, clip, bed.folder, burst_jobs))
    burst = f"remux, {burst_jobs} jobs, {SLOTS} slots"
    goal = Goal("difference", at_most=150)
    return [
        Row("remux", "remux, submit to final", "ms", service, "bare FFmpeg call", bare, "difference", goal),
        Row("remux", burst, "jobs/s", service_rate, "Celery that only spawns FFmpeg", peer_rate, "ratio"),
    ]


def _seconds_of_jobs(bed: Bed, source: str, count: int) -> float:
    """From the first submission to the moment at which the last job is seen to be final (client's clock)."""
    began = time.monotonic()
    bed.wait([bed.submit(source, REMUX) for _ in range(count)])
    return time.monotonic() - began


def _seconds_of_call(command: Argv) -> float:
    began = time.monotonic()
    run_bare(command)
    return time.monotonic() - began


def _seconds_of_tasks(peer: Celery, command: Argv, clip: Path, folder: Path, count: int) -> float:
    commands = [elsewhere(command, clip, folder) for _ in range(count)]
    began = time.monotonic()
    results = [peer.send_task("peer.run", [argv]) for argv in commands]
    for result in results:
        assert result.get(timeout=READY_SECONDS) == 0
    return time.monotonic() - began


@contextmanager
def _peer(bed: Bed) -> Iterator[Celery]:
    """A worker of `celery_peer` on the stack's own Valkey, in a database of its own."""
    socket = bed.stack.services.valkey.url().removeprefix("unix://").partition("?")[0]
    url = f"redis+socket://{socket}?virtual_host=1"
    options = ("-A", "tests.bench.celery_peer", "worker", "-P", "prefork", "-c", str(SLOTS), "-l", "INFO")
    worker = Child(
        "peer",
        [sys.executable, "-m", "celery", *options],
        log=bed.folder / "peer.log",
        environment={**bed.stack.environment, "PEER_URL": url},
        folder=ROOT,
    )
    worker.start()
    try:
        worker.wait_until(lambda: " ready." in worker.log_since_start(), seconds=READY_SECONDS)
        yield Celery(broker=url, backend=url)
    finally:
        worker.stop(grace_seconds=READY_SECONDS)
