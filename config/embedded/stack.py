"""A whole Reelchord on one machine: the services, then its own processes; started and stopped in order."""

import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Self
from urllib.error import URLError
from urllib.request import urlopen

from config.embedded.child import Child
from config.embedded.ports import is_free
from config.embedded.programs import ROOT, Program, manage
from config.embedded.services import Services

READY_SECONDS = 120.0


class StackFailed(Exception):
    """The stack cannot start; the message is for the person at the terminal."""


class Stack:
    """The processes of `programs` on the services of `folder`, with the web server on `port`.

    Use it from one thread (see `Child`), in a `with` block, which stops it. `programs` start side by side,
    and stop in their order: neighbours with the same grace together.
    """

    def __init__(self, folder: Path, *, port: int, programs: Sequence[Program]) -> None:
        if not is_free(port):
            raise StackFailed(f"port {port} is taken: choose another")
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.services = Services(folder)
        self.programs = tuple(programs)
        self.environment = self._environment()
        self.children = {program.name: self._child(program.name, program.arguments) for program in programs}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.stop()
        except KeyboardInterrupt:  # the second Ctrl-C
            self.kill()

    def start(self, report: Callable[[str], None]) -> None:
        """Until everything is ready: `report` hears the name of each part as it becomes so.

        Raises `NotReady` or `StackFailed` with the end of the log of the part that failed.
        """
        migrate = self._child("migrate", manage("migrate", "--no-input", "--skip-checks", "--verbosity", "0"))

        def is_ready(service: str) -> None:
            report(service)
            if service == "postgres":
                migrate.start()

        try:
            self.services.start(is_ready)
            _expect_success(migrate)
        finally:
            migrate.kill()
        report("migrate")
        for child in self.children.values():
            child.start()
        bootstrap = self._child("bootstrap", manage("bootstrap"))
        try:
            bootstrap.start()
            _expect_success(bootstrap)
        finally:
            bootstrap.kill()
        report("bootstrap")
        for program in self.programs:
            self.children[program.name].wait_until(partial(self._is_ready, program), seconds=READY_SECONDS)
            report(program.name)

    def check(self) -> None:
        """Raise `StackFailed` if any part of it has ended."""
        for child in (*self.services.children, *self.children.values()):
            if not child.running:
                raise StackFailed(f"{child.name} ended with {child.exit_code}.\n{child.log_tail()}")

    def stop(self) -> None:
        """Doors first, then those who work, each with its grace; broker and database last."""
        for grace_seconds, programs in groupby(self.programs, key=lambda program: program.grace_seconds):
            children = [self.children[program.name] for program in programs]
            for child in children:
                child.ask_to_stop()
            for child in children:
                child.stop(grace_seconds=grace_seconds)
        self.services.stop()

    def kill(self) -> None:
        """At once: attempts that run are lost (their leases give them back at the next start)."""
        for child in self.children.values():
            child.kill()
        self.services.stop()

    def _child(self, name: str, arguments: tuple[str, ...]) -> Child:
        return Child(
            name,
            [sys.executable, *arguments],
            log=self.services.logs / f"{name}.log",
            environment=self.environment,
            folder=ROOT,
        )

    def _environment(self) -> dict[str, str]:
        outputs = f"{self.services.seaweed.endpoint_url}/outputs/"
        return {
            **os.environ,
            **self.services.environment,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DEBUG": "false",
            "ALLOWED_HOSTS": "localhost,127.0.0.1",
            "WORK_DIR": str(self.services.folder / "work"),
            "SOURCE_ROOTS": "s3://sources/{account}/",
            "DESTINATION_ROOTS": "s3://outputs/{account}/",
            "DEFAULT_DESTINATION": "s3://outputs/{account}/",
            "PUBLIC_URLS": f"s3://outputs/={outputs}",
            "EGRESS_ALLOWED_NETWORKS": "",
            "REELCHORD_ADMIN_PASSWORD": self.services.credentials.admin_password,
            "REELCHORD_API_KEY": self.services.credentials.api_key,
            "FLOWER_BASIC_AUTH": f"admin:{self.services.credentials.flower_password}",
            # Celery reads it when it starts: SIGTERM then gives running attempts their grace.
            "REMAP_SIGTERM": "SIGQUIT",
            "PYTHONUNBUFFERED": "1",
        }

    def _is_ready(self, program: Program) -> bool:
        self.check()  # it may wait for another part, which has ended
        if program.ready_line:
            return program.ready_line in self.children[program.name].log_since_start()
        return _answers(program.ready_url)


def _expect_success(child: Child) -> None:
    code = child.wait(seconds=READY_SECONDS)
    if code != 0:
        raise StackFailed(f"{child.name} ended with {code}.\n{child.log_tail()}")


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=5) as response:  # noqa: S310 - our own loopback address
            return bool(response.status == 200)
    except (URLError, ConnectionError, TimeoutError):
        return False
