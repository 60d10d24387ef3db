"""Acceptance alone: POST /api/v1/jobs by two server processes, with nobody there to work the jobs off.

Beside it, on the same server: `/health/live`, a Django view behind the same middleware that answers a constant.
"""

import json
import subprocess
import sys
from dataclasses import asdict

from config.embedded.programs import ROOT
from tests.bench.bed import ACCOUNT, Bed
from tests.bench.load import Load
from tests.bench.results import Goal, Row, percentile

# Two for each server process: one is served while the next one connects. More would only wait.
THREADS = 4
JOB = {"source": {"url": f"s3://sources/{ACCOUNT}/clip.mp4"}, "preset": "hls-720p"}


def measure(bed: Bed, *, pairs: int, requests: int) -> list[Row]:
    bed.only_web()
    url, key = bed.stack.url, bed.key
    submissions = Load(url, key, "POST", "/api/v1/jobs", json.dumps(JOB), 202, requests, THREADS)
    constants = Load(url, key, "GET", "/health/live", None, 200, requests, THREADS)
    runs: dict[Load, list[list[float]]] = {submissions: [], constants: []}
    rates: dict[Load, list[float]] = {submissions: [], constants: []}
    for _ in range(pairs):
        for load in runs:
            seconds, latencies = _run(load)
            rates[load].append(requests / seconds)
            runs[load].append(latencies)

    def row(title: str, share: float) -> Row:
        ours, theirs = ([percentile(one, share) for one in runs[load]] for load in runs)
        return Row("post", title, "ms", ours, "constant view", theirs, "ratio")

    title, goal = f"POST /api/v1/jobs, {THREADS} clients", Goal("service", at_least=350)
    return [
        Row("post", title, "1/s", rates[submissions], "constant view", rates[constants], "ratio", goal),
        row("... latency p50", 0.50),
        row("... latency p99", 0.99),
    ]


def _run(load: Load) -> tuple[float, list[float]]:
    """Seconds of the whole run, and each request's latency in ms; in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.load"]
    done = subprocess.run(
        command, input=json.dumps(asdict(load)), stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT
    )
    seconds, latencies = json.loads(done.stdout)
    return seconds, latencies
