"""`python -m tests.chaos.launch [--visibility SECONDS] celery ... | manage.py ...`: a process that can be hurt from within.

It becomes what it is asked to become, with three wounds that no signal from outside can make. Product code knows
nothing of it; the files it looks at lie in the folder CHAOS_FOLDER:

    before-chord, before-hint   whoever is about to send one first deletes the file, and dies of SIGKILL: what it
                                had committed is there, what should have followed is not
    clock                       a double, by which `time.time()` is wrong from now on
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

CLOCK, BEFORE_CHORD, BEFORE_HINT = "clock", "before-chord", "before-hint"
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


def _dying_before(mark: Path, send: Callable[..., Any]) -> Callable[..., Any]:
    def send_or_die(*arguments: Any) -> Any:
        try:
            mark.unlink()
        except FileNotFoundError:
            return send(*arguments)
        return os.kill(os.getpid(), signal.SIGKILL)

    return send_or_die


def main(words: Sequence[str]) -> None:
    folder = Path(os.environ["CHAOS_FOLDER"])
    _bend_clock(folder)
    import django

    django.setup()
    from config.celery import app
    from jobs import canvas

    canvas.send_chord = _dying_before(folder / BEFORE_CHORD, canvas.send_chord)
    canvas.hint = _dying_before(folder / BEFORE_HINT, canvas.hint)
    if words[0] == "--visibility":
        # Swept every second: kombu's own 100 s would hide what a short timeout does.
        sweep = {"unacked_restore_interval": 1, "unacked_restore_throttle": 1}
        app.conf.broker_transport_options |= {"visibility_timeout": float(words[1]), **sweep}
        words = words[2:]
    sys.argv = list(words)
    if words[0] == "celery":
        from celery.__main__ import main as celery

        celery()
    else:
        from django.core.management import execute_from_command_line

        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main(sys.argv[1:])
