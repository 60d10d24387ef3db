"""The limits of one running process, held against the clock, the disk and its memory."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from adapters.ffmpeg.limits import Limits, StopReason
from adapters.ffmpeg.memory import resident_bytes

_MEASURE_SECONDS = 1.0
_MEMORY_SECONDS = 0.2
_MIB = 1 << 20
# The fingerprint holds each of them; no command of ours may keep as many (`jobs.commands`).
_MOST_FILES = 4000


@dataclass(frozen=True, slots=True)
class Breach:
    """A limit that was passed; `detail` says it in figures, and who saw it."""

    reason: StopReason
    detail: str


class Watch:
    """Asked in turns whether a limit is passed; each measure has its own period, so asking often is cheap."""

    def __init__(self, limits: Limits, workspace: Path, stderr_file: Path) -> None:
        self._limits = limits
        self._workspace = workspace
        self._stderr_file = stderr_file
        self._started = self._advanced_at = self._measured_at = self._weighed_at = time.monotonic()
        self._bytes_before, self._files = self._measure()

    def advanced(self) -> None:
        """The process has shown that it gets on."""
        self._advanced_at = time.monotonic()

    def breach(self, pid: int) -> Breach | None:
        """The limit that the process has passed, if any."""
        now = time.monotonic()
        if now - self._started > self._limits.wall_seconds:
            return Breach(
                StopReason.TIMED_OUT,
                f"still running after {self._limits.wall_seconds:g} s, the wall-clock limit",
            )
        if now - self._weighed_at > _MEMORY_SECONDS:
            self._weighed_at = now
            if (breach := self._weigh(pid)) is not None:
                return breach
        if now - self._measured_at > min(_MEASURE_SECONDS, self._limits.stall_seconds / 2):
            self._measured_at = now
            if (breach := self.output_breach()) is not None:
                return breach
        if now - self._advanced_at > self._limits.stall_seconds:
            return Breach(StopReason.STALLED, f"no progress for {self._limits.stall_seconds:g} s")
        return None

    def output_breach(self) -> Breach | None:
        """Measure the workspace now."""
        size, files = self._measure()
        # Moving the moov to the front rewrites the file for minutes without a word of progress.
        if files != self._files:
            self._files = files
            self.advanced()
        if len(files) > _MOST_FILES:
            return Breach(StopReason.OUTPUT_TOO_LARGE, f"more than {_MOST_FILES} files written")
        grown, limit = size - self._bytes_before, self._limits.output_bytes
        if limit is None or grown <= limit:
            return None
        return Breach(StopReason.OUTPUT_TOO_LARGE, f"{grown} bytes written, the limit is {limit}")

    def _weigh(self, pid: int) -> Breach | None:
        limit = self._limits.memory_bytes
        if limit is None or (resident := resident_bytes(pid)) <= limit:
            return None
        return Breach(
            StopReason.OUT_OF_MEMORY,
            f"killed by the supervisor: {resident // _MIB} MiB resident, the limit is {limit // _MIB}",
        )

    def _measure(self) -> tuple[int, frozenset[tuple[str, int, int]]]:
        """Bytes in the workspace and the stderr file, and a fingerprint of all files but the latter."""
        size = _size(self._stderr_file)
        files = set()
        for folder, _, names in os.walk(self._workspace):
            for name in names:
                path = Path(folder, name)
                if path == self._stderr_file:
                    continue
                try:
                    stat = path.lstat()
                except FileNotFoundError:
                    continue
                size += stat.st_size
                files.add((str(path), stat.st_size, stat.st_mtime_ns))
                if len(files) > _MOST_FILES:
                    return size, frozenset(files)
        return size, frozenset(files)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
