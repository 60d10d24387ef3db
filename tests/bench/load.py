"""`python -m tests.bench.load`: a Load on stdin as JSON; [seconds, latencies in ms] on stdout."""

import json
import sys
import threading
import time
from dataclasses import dataclass

from tests.bench.api import Api


@dataclass(frozen=True, slots=True)
class Load:
    """The same request, `requests` times in all, by `threads` clients that each wait for their answer."""

    url: str
    key: str
    method: str
    path: str
    body: str | None
    expected_status: int
    requests: int
    threads: int


def run(load: Load) -> tuple[float, list[float]]:
    """Raises AssertionError if any answer has another status."""
    latencies: list[float] = []
    surprises: list[tuple[int, bytes]] = []

    def work(count: int) -> None:
        api = Api(load.url, load.key)
        for _ in range(count):
            began = time.perf_counter()
            status, content = api.ask(load.method, load.path, load.body)
            latencies.append(1000 * (time.perf_counter() - began))
            if status != load.expected_status:
                surprises.append((status, content))

    share = load.requests // load.threads
    clients = [threading.Thread(target=work, args=(share,)) for _ in range(load.threads)]
    began = time.perf_counter()
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    seconds = time.perf_counter() - began
    assert not surprises, f"{len(surprises)} unexpected answers, the first one: {surprises[0]}"
    assert len(latencies) == share * load.threads, "a client broke off"
    return seconds, latencies


if __name__ == "__main__":
    json.dump(run(Load(**json.load(sys.stdin))), sys.stdout)
