"""Bytes on their way into a local file: hashed, counted and bounded in the same pass."""

import errno
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from adapters.storage.base import Aborted, DiskFull, Fetched, Interrupted, TooLarge

CHUNK_BYTES = 1024 * 1024
POLL_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Pace:
    """The slowest that a sender may be: an average, taken anew over each window from the request on."""

    bytes_per_second: float
    window_seconds: float


class Drip:
    """Watches a transfer against its pace: whoever sends a byte now and then would hold a worker for hours."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._began = time.monotonic()
        self._counted_bytes = 0

    def check(self, written_bytes: int) -> None:
        """Raises `Interrupted` at the end of a window in which too little came; ask often, at any time."""
        now = time.monotonic()
        seconds = now - self._began
        if seconds < self._pace.window_seconds:
            return
        if written_bytes - self._counted_bytes < self._pace.bytes_per_second * seconds:
            least, window = self._pace.bytes_per_second / 1000, self._pace.window_seconds
            raise Interrupted(f"The server sent less than {least:g} kB/s for {window:g} s.")
        self._began, self._counted_bytes = now, written_bytes


class Intake:
    """Writes chunks to an open, unbuffered file. `written_bytes` is what has arrived so far.

    `write` raises `TooLarge` with the first byte beyond `limit_bytes`, `Aborted` once `keep_going` says no
    (asked at most every 0.25 s: it may cost a look at the database), and `DiskFull`.
    """

    def __init__(self, file: BinaryIO, *, limit_bytes: int, keep_going: Callable[[], bool]) -> None:
        self._file = file
        self._limit_bytes = limit_bytes
        self._keep_going = keep_going
        self._ask_at = 0.0
        self._hash = hashlib.sha256()
        self.written_bytes = 0

    def expect(self, size_bytes: int | None) -> None:
        """Refuse an announced length before the first byte is read."""
        if size_bytes is not None and size_bytes > self._limit_bytes:
            raise TooLarge(f"The file has {size_bytes} bytes; at most {self._limit_bytes} are allowed.")

    def write(self, chunk: bytes) -> None:
        now = time.monotonic()
        if now >= self._ask_at:
            self._ask_at = now + POLL_SECONDS
            if not self._keep_going():
                raise Aborted("Stopped before the whole file had arrived.")
        if self.written_bytes + len(chunk) > self._limit_bytes:
            raise TooLarge(f"The file has more than the {self._limit_bytes} bytes that are allowed.")
        self._hash.update(chunk)
        rest = memoryview(chunk)
        with disk_full_named():
            while rest:  # an unbuffered write may take a part only
                rest = rest[self._file.write(rest) :]
        self.written_bytes += len(chunk)

    def fetched(self, content_type: str | None) -> Fetched:
        """What has arrived, once the last chunk is written."""
        return Fetched(self._hash.hexdigest(), self.written_bytes, content_type)


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file that did not exist before, open for unbuffered writing; removed again after any error."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "wb", buffering=0) as file:  # noqa: PTH123  a descriptor, not a path
            yield file
    except BaseException:
        path.unlink(missing_ok=True)
        raise


@contextmanager
def disk_full_named() -> Iterator[None]:
    """Turn the system's two ways of saying so into `DiskFull`."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull("There is no room on this machine for the file.") from error
        raise
