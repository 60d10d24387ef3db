"""A task that waits for a file: for workers of tests, which include this module by `-I`."""

import time
from pathlib import Path

from config.celery import app

SECONDS = 60.0


@app.task(name="tests.wait_for")
def wait_for(path: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not Path(path).exists():
        assert time.monotonic() < deadline, f"{path} does not come"
        time.sleep(0.02)
