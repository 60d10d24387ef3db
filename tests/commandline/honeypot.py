"""Tells whether a file was opened, by the kernel's own word (inotify), not by what the program did with it."""

import ctypes
import os
from pathlib import Path
from types import TracebackType

_IN_OPEN = 0x20


class Honeypot:
    """A context in which `touched` says which of the watched files somebody opened."""

    def __init__(self, *files: Path) -> None:
        self._files = files

    def __enter__(self) -> "Honeypot":
        libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._descriptor < 0:
            raise OSError(ctypes.get_errno(), "inotify_init1")
        for file in self._files:
            if libc.inotify_add_watch(self._descriptor, bytes(file), _IN_OPEN) < 0:
                raise OSError(ctypes.get_errno(), str(file))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    @property
    def touched(self) -> bool:
        try:
            return bool(os.read(self._descriptor, 4096))
        except BlockingIOError:
            return False
