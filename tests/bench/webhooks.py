"""Messages out: deliveries per second of one worker process, and the time from the commit to the request.

Beside it, in turns: a loop over one `requests.Session` that posts as many bodies of the same size, signed, one after
another, and writes nothing down. Both to the same receiver, a process of its own.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import IO
from uuid import uuid4

import requests
from standardwebhooks import Webhook

from config.embedded.child import Child
from config.embedded.programs import ROOT, webhooks_worker
from tests.bench.bed import Bed
from tests.bench.results import Row, percentile
from webhooks.signing import new_secret

# With four requests at once to each, as many as a worker has slots.
ENDPOINTS = 8
SECONDS = 60
# So far apart that a worker has gone to sleep in between.
PAUSE_SECONDS = 0.5

Arrivals = list[tuple[float, float]]


def measure(bed: Bed, *, pairs: int, deliveries: int, spaced: int) -> list[Row]:
    rates: list[float] = []
    loop_rates: list[float] = []
    with _receiver() as (port, url), _worker(bed, port), _events(bed, port) as tell:
        tell(5, 0.0)
        _arrived(url, 5 * ENDPOINTS)
        for _ in range(pairs):
            tell(deliveries // ENDPOINTS, 0.0)
            seen = _arrived(url, deliveries // ENDPOINTS * ENDPOINTS)
            rates.append(len(seen) / (max(at for at, _ in seen) - min(created for _, created in seen)))
            loop_rates.append(_loop(url, deliveries))
            requests.get(url, timeout=5)
        tell(spaced, PAUSE_SECONDS)
        alone = [1000 * (at - created) for at, created in _arrived(url, spaced * ENDPOINTS)]
        loop = [1000 / rate for rate in loop_rates]
    burst = f"webhooks, {deliveries} deliveries, one worker, {ENDPOINTS} endpoints"

    def latency(title: str, share: float) -> Row:
        ours = [percentile(alone, share)] * len(loop)
        return Row("webhooks", title, "ms", ours, "one POST of the loop", loop, "difference")

    return [
        Row("webhooks", burst, "1/s", rates, "requests.Session loop", loop_rates, "ratio"),
        latency("commit to POST, p95, events apart", 0.95),
        latency("... p50", 0.5),
    ]


def _loop(url: str, count: int) -> float:
    """Posts per second of the least that anybody would write."""
    webhook, session = Webhook(new_secret()), requests.Session()
    began = time.monotonic()
    for number in range(count):
        now = datetime.now(UTC)
        body = json.dumps(
            {
                "id": str(uuid4()),
                "type": "job.succeeded",
                "version": 1,
                "created_at": now.isoformat(),
                "sequence": number,
                "data": {"job": {"id": str(uuid4()), "state": "succeeded", "outputs": []}},
            }
        )
        headers = {
            "webhook-id": str(number),
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": webhook.sign(str(number), now, body),
        }
        assert session.post(url, data=body, headers=headers, timeout=10).status_code == 204
    return count / (time.monotonic() - began)


def _arrived(url: str, count: int) -> Arrivals:
    """Wait until `count` messages are there."""
    seen: Arrivals = []
    deadline = time.monotonic() + SECONDS
    while len(seen) < count:
        assert time.monotonic() < deadline, f"{len(seen)} of {count} deliveries arrived"
        time.sleep(0.05)
        seen += [(at, created) for at, created in requests.get(url, timeout=5).json()]
    return seen


@contextmanager
def _receiver() -> Iterator[tuple[int, str]]:
    command = [sys.executable, "-m", "tests.bench.webhook_receiver"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            port = int(_line(process.stdout))
            yield port, f"http://127.0.0.1:{port}/"
        finally:
            process.kill()


@contextmanager
def _worker(bed: Bed, port: int) -> Iterator[None]:
    """A worker that may reach loopback, in the place of the stack's own."""
    program = webhooks_worker()
    own = bed.stack.children[program.name]
    own.stop(grace_seconds=program.grace_seconds)
    worker = Child(
        "bench-webhooks",
        [sys.executable, *program.arguments],
        log=bed.folder / "webhooks.log",
        environment=_environment(bed, port),
        folder=ROOT,
    )
    worker.start()
    try:
        worker.wait_until(lambda: program.ready_line in worker.log_since_start(), seconds=SECONDS)
        yield
    finally:
        worker.stop(grace_seconds=program.grace_seconds)


@contextmanager
def _events(bed: Bed, port: int) -> Iterator["_Teller"]:
    command = [sys.executable, "-m", "tests.bench.webhook_events", str(port), str(ENDPOINTS)]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=_environment(bed, port),
    ) as process:
        assert _line(process.stdout) == "ready"
        yield _Teller(process)
        assert process.stdin is not None
        process.stdin.close()


class _Teller:
    """Commits events in another process; returns when the last has been committed."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def __call__(self, transactions: int, pause_seconds: float) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{transactions} {pause_seconds}\n")
        self._process.stdin.flush()
        assert _line(self._process.stdout) == "done"


def _environment(bed: Bed, port: int) -> dict[str, str]:
    return {
        **bed.stack.environment,
        "EGRESS_ALLOWED_NETWORKS": "127.0.0.0/8",
        "EGRESS_ALLOWED_PORTS": f"80,443,{port}",
        "WEBHOOK_ALLOW_HTTP": "true",
    }


def _line(stream: "IO[str] | None") -> str:
    assert stream is not None
    return stream.readline().strip()
