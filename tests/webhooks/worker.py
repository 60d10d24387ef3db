"""A real worker of the queue `webhooks`, and a real conductor, on the tests' own database and broker."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from config.embedded.child import Child
from config.embedded.programs import ROOT, Program, conductor, webhooks_worker

SECONDS = 60.0


def until(condition: Callable[[], object], what: str, *, seconds: float = SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


@contextmanager
def processes(folder: Path, *, ports: list[int], **environment: str) -> Iterator[dict[str, Child]]:
    """`webhooks` and `conductor`, ready; stopped at the end."""
    from django.db import connection

    url = urlsplit(os.environ["DATABASE_URL"])
    settings = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": urlunsplit(url._replace(path=f"/{connection.settings_dict['NAME']}")),
        "EGRESS_ALLOWED_NETWORKS": "127.0.0.0/8",
        "EGRESS_ALLOWED_PORTS": ",".join(map(str, [80, 443, *ports])),
        "WEBHOOK_ALLOW_HTTP": "true",
        "REMAP_SIGTERM": "SIGQUIT",
        "PYTHONUNBUFFERED": "1",
        "CONDUCTOR_TICK_SECONDS": "0.2",
        "RECONCILE_SECONDS": "0.2",
        **environment,
    }
    made = {program.name: _child(program, folder, settings) for program in (webhooks_worker(), conductor())}
    try:
        for program in (webhooks_worker(), conductor()):
            start(made[program.name], program)
        yield made
    finally:
        for child in made.values():
            child.stop(grace_seconds=20)


def start(child: Child, program: Program) -> None:
    child.start()
    child.wait_until(lambda: program.ready_line in child.log_since_start(), seconds=SECONDS)


def _child(program: Program, folder: Path, environment: dict[str, str]) -> Child:
    argv = [sys.executable, *program.arguments]
    return Child(program.name, argv, log=folder / f"{program.name}.log", environment=environment, folder=ROOT)
