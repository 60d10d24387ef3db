"""`python -m tests.chaos.launch [--visibility SECONDS] celery ... | manage.py ...`: a process hurt from within.

It becomes what it is asked to become, with wounds that no signal from outside can time. Product code knows nothing
of it; the marks that it looks for lie in the folder CHAOS_FOLDER:

    before-chord, before-hint, before-commit   whoever is about to do that first takes the mark away and dies of
                                               SIGKILL: what it had committed is there, what should follow is not
    before-row, before-store                   whoever is about to write an output's row, or its object, takes the
                                               mark away, leaves its pid, and stops (SIGSTOP) until it is thawed
    clock                                      a double, by which `time.time()` is wrong from now on
"""

import mmap
import os
import signal
import struct
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

CLOCK = "clock"
BEFORE_CHORD, BEFORE_HINT, BEFORE_COMMIT = "before-chord", "before-hint", "before-commit"
BEFORE_ROW, BEFORE_STORE, STOPPED = "before-row", "before-store", "stopped"
_DOUBLE = struct.Struct("d")


def set_clock(folder: Path, wrong_by_seconds: float) -> None:
    """Move `time.time()` of every process that was launched on this folder. In place: they have it mapped."""
    with (folder / CLOCK).open("r+b" if (folder / CLOCK).exists() else "wb") as file:
        file.write(_DOUBLE.pack(wrong_by_seconds))


def _bend_clock(folder: Path) -> None:
    """Before anything imports `time` by name. `datetime.now()` asks the kernel itself and stays right."""
    with (folder / CLOCK).open("rb") as file:
        shared = mmap.mmap(file.fileno(), _DOUBLE.size, prot=mmap.PROT_READ)
    right, right_ns = time.time, time.time_ns

    def wrong_by() -> float:
        seconds: float = _DOUBLE.unpack_from(shared)[0]
        return seconds

    time.time = lambda: right() + wrong_by()
    time.time_ns = lambda: right_ns() + int(wrong_by() * 1e9)


def _dying_before(mark: Path, act: Callable[..., Any]) -> Callable[..., Any]:
    def act_or_die(*arguments: Any, **named: Any) -> Any:
        if _taken(mark):
            os.kill(os.getpid(), signal.SIGKILL)
        return act(*arguments, **named)

    return act_or_die


def _stopping_before(mark: Path, act: Callable[..., Any]) -> Callable[..., Any]:
    def stop_and_act(*arguments: Any, **named: Any) -> Any:
        if _taken(mark):
            (mark.parent / STOPPED).write_text(str(os.getpid()))
            os.kill(os.getpid(), signal.SIGSTOP)
        return act(*arguments, **named)

    return stop_and_act


def _taken(mark: Path) -> bool:
    """True for one process only."""
    try:
        mark.unlink()
    except FileNotFoundError:
        return False
    return True


def main(words: Sequence[str]) -> None:
    folder = Path(os.environ["CHAOS_FOLDER"])
    _bend_clock(folder)
    import django

    django.setup()
    from adapters.storage.s3 import S3Storage
    from config.celery import app
    from jobs import canvas, leases, storing

    canvas.send_chord = _dying_before(folder / BEFORE_CHORD, canvas.send_chord)
    canvas.hint = _dying_before(folder / BEFORE_HINT, canvas.hint)
    storing.name = _stopping_before(folder / BEFORE_ROW, storing.name)
    S3Storage.store = _stopping_before(folder / BEFORE_STORE, S3Storage.store)  # type: ignore[method-assign]
    if words[0] == "--visibility":
        # Swept every second: kombu's own 100 s would hide what a short timeout does.
        sweep = {"unacked_restore_interval": 1, "unacked_restore_throttle": 1}
        app.conf.broker_transport_options |= {"visibility_timeout": float(words[1]), **sweep}
        words = words[2:]
    sys.argv = list(words)
    if words[0] == "config.worker":
        leases.fenced = _dying_before(folder / BEFORE_COMMIT, leases.fenced)  # not in the conductor's hands
        from config import worker

        worker.main()
    elif words[0] == "celery":
        from celery.__main__ import main as celery

        celery()
    else:
        from django.core.management import execute_from_command_line

        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main(sys.argv[1:])
