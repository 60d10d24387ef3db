"""Who may use this machine's GPU: no more encodes at once than its driver allows, in whatever processes.

A session is a locked file, flock(2): it is free again the moment its process is gone, however that ended. The device
files come with the session and in no other way, so that FFmpeg in its box finds no GPU without one.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from adapters.ffmpeg.sandbox.box import gpu_devices

_LOOK_SECONDS = 0.1


class NoSession(Exception):
    """All sessions stayed taken for as long as was waited."""


@dataclass(frozen=True, slots=True)
class Session:
    """The right to use the GPU, while it is held."""

    devices: tuple[Path, ...]
    """For the box; none where there is no GPU."""


@contextmanager
def session(
    folder: Path, limit: int, *, wait_seconds: float, is_wanted: Callable[[], bool] = lambda: True
) -> Iterator[Session]:
    """Hold one of `limit` sessions, whose files lie in `folder`, alike for all processes; 0: there is no limit.

    Raises NoSession after `wait_seconds`, or as soon as it is wanted no more; OSError where the folder is not usable.
    """
    if limit == 0:
        yield Session(gpu_devices())
        return
    folder.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + wait_seconds
    while (slot := _free_slot(folder, limit)) is None:
        if not is_wanted() or time.monotonic() >= deadline:
            raise NoSession(f"all {limit} GPU sessions of this machine were taken for {wait_seconds:g} s")
        time.sleep(_LOOK_SECONDS)
    try:
        yield Session(gpu_devices())
    finally:
        # Said aloud: a process that was forked from this one meanwhile has the file open too.
        fcntl.flock(slot, fcntl.LOCK_UN)
        os.close(slot)


def _free_slot(folder: Path, limit: int) -> int | None:
    """The descriptor of a slot that is now ours. It closes on exec: FFmpeg, which dies with us, does not keep it."""
    for number in range(limit):
        slot = os.open(folder / f"session-{number}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(slot, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(slot)
        else:
            return slot
    return None
