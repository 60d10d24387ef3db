"""A broker of its own, which stops and starts again, and those who need it."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from celery import Celery
from django.db import connection

from config.celery import celery_url
from config.embedded import programs
from config.embedded.child import Child
from config.embedded.valkey import Valkey

pytestmark = pytest.mark.django_db(transaction=True)

SECONDS = 60.0


@pytest.fixture
def valkey_of_its_own(tmp_path: Path) -> Iterator[Valkey]:
    # A path of its own: a socket's may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="rc-", dir="/tmp") as short:
        server = Valkey(tmp_path / "valkey", socket=Path(short, "socket"), log=tmp_path / "valkey.log")
        server.start()
        server.wait()
        yield server
        server.stop()


def environment(broker: Valkey) -> dict[str, str]:
    """Of a process that uses the tests' database and a broker of its own."""
    url = urlsplit(os.environ["DATABASE_URL"])
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": urlunsplit(url._replace(path=f"/{connection.settings_dict['NAME']}")),
        "REDIS_URL": broker.url(),
        "REMAP_SIGTERM": "SIGQUIT",
        "PYTHONUNBUFFERED": "1",
    }


@pytest.fixture
def worker(valkey_of_its_own: Valkey, tmp_path: Path) -> Iterator[Child]:
    """With two slots, and a task that waits for a file."""
    program = programs.worker("survivor", "control", 2)
    child = Child(
        program.name,
        [sys.executable, *program.arguments, "-I", "tests.jobs.waiting"],
        log=tmp_path / "worker.log",
        folder=programs.ROOT,
        environment=environment(valkey_of_its_own),
    )
    child.start()
    child.wait_until(lambda: " ready." in child.log_since_start(), seconds=SECONDS)
    yield child
    child.stop(grace_seconds=30)


def test_a_worker_that_is_at_work_outlives_its_broker(
    worker: Child, valkey_of_its_own: Valkey, tmp_path: Path
) -> None:
    """While one slot works, the other waits at the broker for a message: Celery alone did not survive that."""
    app = Celery(broker=celery_url(valkey_of_its_own.url()), set_as_current=False)
    file = tmp_path / "go on"

    def seen(what: str, times: int) -> None:
        worker.wait_until(lambda: len(re.findall(what, worker.log_since_start())) >= times, seconds=SECONDS)

    app.send_task("tests.wait_for", [str(file)], queue="control")
    seen(r"wait_for\[.{36}\] received", 1)
    valkey_of_its_own.stop()
    seen("Connection to broker lost", 1)
    valkey_of_its_own.start()
    valkey_of_its_own.wait()
    seen("Connected to redis", 2)
    file.touch()
    seen(r"wait_for\[.{36}\] succeeded", 1)
    assert "Unrecoverable" not in worker.log_since_start()
    app.send_task("tests.wait_for", [str(file)], queue="control")
    seen(r"wait_for\[.{36}\] succeeded", 2)


SENDER = """
import django; django.setup()
from config.celery import app
from jobs import canvas
from jobs.models import Step
from jobs.models.identifiers import uuid7
from jobs.states import StepKind
app.conf.result_backend_transport_options = {"retry_policy": {"max_retries": 1}}
header = [Step(id=uuid7(), kind=StepKind.RENDITION, queue="transcode-cpu") for _ in range(2)]
body = Step(id=uuid7(), kind=StepKind.MANIFEST, queue="control")
while input():
    print(canvas.send_chord(header, body), flush=True)
"""


def test_a_chord_that_the_broker_did_not_take_is_no_error(valkey_of_its_own: Valkey) -> None:
    """Celery says it in another way to a process that has sent one before."""
    sender = subprocess.Popen(
        [sys.executable, "-c", SENDER],
        cwd=programs.ROOT,
        env=environment(valkey_of_its_own),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )

    def send() -> str:
        assert sender.stdin is not None
        assert sender.stdout is not None
        sender.stdin.write("once more\n")
        sender.stdin.flush()
        return sender.stdout.readline().strip()

    with sender:
        assert send() == "True"
        valkey_of_its_own.stop()
        assert send() == "False"
        valkey_of_its_own.start()
        valkey_of_its_own.wait()
        assert send() == "True"
        sender.kill()
