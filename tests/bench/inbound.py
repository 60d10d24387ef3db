"""Accepting webhooks alone: POST /hooks/stripe, each a new event with a signature of its own, verified and stored.

Beside it, on the same server: `/health/live`, a Django view behind the same middleware that answers a constant.

`python -m tests.bench.inbound` is the client: Knocks on stdin as JSON; [seconds, latencies in ms] on stdout.
"""

import http.client
import json
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit
from uuid import uuid4

from config.embedded.programs import ROOT
from tests.bench.bed import Bed
from tests.bench.results import Row, percentile

# The stack of the benchmark listens with it (INBOUND_SECRETS_STRIPE).
SECRET = "whsec_of_the_benchmark"
# Two for each server process, as in `post`.
THREADS = 4
# An invoice's event is about so long.
PADDING = "x" * 4000


@dataclass(frozen=True, slots=True)
class Knocks:
    """So many requests in all, by `threads` clients that each wait for their answer; `hooks`: else the constant."""

    url: str
    hooks: bool
    requests: int
    threads: int


def measure(bed: Bed, *, pairs: int, requests: int) -> list[Row]:
    bed.only_web()
    ours = Knocks(bed.stack.url, hooks=True, requests=requests, threads=THREADS)
    constants = Knocks(bed.stack.url, hooks=False, requests=requests, threads=THREADS)
    runs: dict[Knocks, list[list[float]]] = {ours: [], constants: []}
    rates: dict[Knocks, list[float]] = {ours: [], constants: []}
    for _ in range(pairs):
        for load in runs:
            seconds, latencies = _in_a_process(load)
            rates[load].append(requests / seconds)
            runs[load].append(latencies)

    def row(title: str, share: float) -> Row:
        mine, theirs = ([percentile(one, share) for one in runs[load]] for load in runs)
        return Row("inbound", title, "ms", mine, "constant view", theirs, "ratio")

    title = f"POST /hooks/stripe, {THREADS} clients"
    return [
        Row("inbound", title, "1/s", rates[ours], "constant view", rates[constants], "ratio"),
        row("... latency p50", 0.50),
        row("... latency p99", 0.99),
    ]


def _in_a_process(load: Knocks) -> tuple[float, list[float]]:
    command = [sys.executable, "-m", "tests.bench.inbound"]
    done = subprocess.run(
        command, input=json.dumps(asdict(load)), stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT
    )
    seconds, latencies = json.loads(done.stdout)
    return seconds, latencies


def run(load: Knocks) -> tuple[float, list[float]]:
    """Signed before the clock runs. Raises AssertionError if any answer is not 200."""
    share = load.requests // load.threads
    work = [[_request(load) for _ in range(share)] for _ in range(load.threads)]
    latencies: list[float] = []
    surprises: list[tuple[int, bytes]] = []

    def client(requests: list[tuple[str, str, bytes, dict[str, str]]]) -> None:
        connection = http.client.HTTPConnection(urlsplit(load.url).netloc, timeout=30)
        for method, path, body, headers in requests:
            began = time.perf_counter()
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            content = answer.read()
            latencies.append(1000 * (time.perf_counter() - began))
            if answer.status != 200:
                surprises.append((answer.status, content))

    clients = [threading.Thread(target=client, args=(requests,)) for requests in work]
    began = time.perf_counter()
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join()
    seconds = time.perf_counter() - began
    assert not surprises, f"{len(surprises)} unexpected answers, the first one: {surprises[0]}"
    assert len(latencies) == share * load.threads, "a client broke off"
    return seconds, latencies


def _request(load: Knocks) -> tuple[str, str, bytes, dict[str, str]]:
    if not load.hooks:
        return "GET", "/health/live", b"", {}
    from stripe import WebhookSignature

    event = {
        "id": f"evt_{uuid4().hex}",
        "object": "event",
        "created": int(time.time()),
        "type": "invoice.paid",
        "data": {"object": {"description": PADDING}},
    }
    body = json.dumps(event)
    signature = WebhookSignature.generate_signature_header(body, SECRET)
    return "POST", "/hooks/stripe", body.encode(), {"Stripe-Signature": signature}


if __name__ == "__main__":
    json.dump(run(Knocks(**json.load(sys.stdin))), sys.stdout)
