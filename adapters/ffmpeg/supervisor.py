"""Runs one FFmpeg process and watches it until it ends: the only place that starts processes.

On a stop reason the group gets SIGTERM, and after the grace SIGKILL: FFmpeg's DASH demuxer, for one, can loop
without end and survive SIGTERM. SIGTERM makes FFmpeg write the moov, so a stopped file may look valid:
whoever sees a `stop_reason` must throw the output away, whatever the exit code.
"""

import os
import selectors
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from adapters.ffmpeg.process import ChildProcess
from adapters.ffmpeg.progress import Progress, ProgressReader

_TICK_SECONDS = 0.2
_MEASURE_SECONDS = 1.0
# As much as a pipe holds: the last turn of the loop reads all that an ended process has left in it.
_READ_BYTES = 65536


class StopReason(StrEnum):
    """Why the supervisor ended a process before its time."""

    LEASE_LOST = "lease_lost"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"
    STALLED = "stalled"
    OUTPUT_TOO_LARGE = "output_too_large"
    WORKER_STOPPING = "worker_stopping"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a process may use. None means no limit."""

    wall_seconds: float
    stall_seconds: float
    """Longest time in which neither the progress nor any file of the workspace changes."""
    output_bytes: int | None
    """How much the workspace, with the stderr file, may grow."""
    grace_seconds: float = 5.0
    """Between SIGTERM and SIGKILL."""


@dataclass(frozen=True, slots=True)
class Completed:
    """How a process ended. Without a signal there is an exit code, and the other way round."""

    exit_code: int | None
    signal: int | None
    stop_reason: StopReason | None
    wall_seconds: float
    cpu_seconds: float
    peak_rss_bytes: int
    started_at: datetime
    last_progress: Progress | None


def run(
    argv: tuple[str, ...],
    *,
    workspace: Path,
    stderr_file: Path,
    limits: Limits,
    on_progress: Callable[[Progress], None],
    stop_reason: Callable[[], StopReason | None],
) -> Completed:
    """Run an FFmpeg command that writes `-progress pipe:1`, in `workspace`; call from the main thread.

    `stop_reason` is asked at least every 0.2 s. Whatever either callback raises, or a signal handler
    (SystemExit, KeyboardInterrupt), comes out of here after the group is dead and reaped.
    """
    reader = ProgressReader()
    last: Progress | None = None

    def take(data: bytes) -> bool:
        nonlocal last
        advanced = False
        for progress in reader.feed(data):
            advanced = advanced or last is None or _position(progress) != _position(last)
            last = progress
            on_progress(progress)
        return advanced

    completed = supervise(
        argv,
        workspace=workspace,
        stderr_file=stderr_file,
        limits=limits,
        on_output=take,
        stop_reason=stop_reason,
    )
    return replace(completed, last_progress=last)


def supervise(
    argv: tuple[str, ...],
    *,
    workspace: Path,
    stderr_file: Path,
    limits: Limits,
    on_output: Callable[[bytes], bool],
    stop_reason: Callable[[], StopReason | None],
) -> Completed:
    """Like `run`, for any program: `on_output` takes stdout and says whether it shows an advance."""
    started_at, started = datetime.now(UTC), time.monotonic()
    watch = _Watch(limits, workspace, stderr_file)
    reason: StopReason | None = None
    kill_at = float("inf")
    peak_rss: int | None = None
    with (
        stderr_file.open("wb") as stderr,
        ChildProcess(argv, workspace=workspace, stderr=stderr) as child,
        selectors.DefaultSelector() as selector,
    ):
        stdout = child.stdout.fileno()
        os.set_blocking(stdout, False)
        selector.register(stdout, selectors.EVENT_READ)
        selector.register(child.ended_fd, selectors.EVENT_READ)
        ended = False
        while not ended:
            for key, _ in selector.select(_TICK_SECONDS):
                if key.fd == child.ended_fd:
                    ended = True
                elif data := os.read(stdout, _READ_BYTES):
                    peak_rss = child.peak_rss_bytes() or peak_rss
                    if on_output(data):
                        watch.advanced()
                else:
                    selector.unregister(stdout)
            if reason is None and not ended:
                reason = stop_reason() or watch.breach()
                if reason is not None:
                    child.terminate()
                    kill_at = time.monotonic() + limits.grace_seconds
            elif time.monotonic() >= kill_at:
                child.kill()
                kill_at = float("inf")
        end = child.reap()
    if reason is None and watch.is_too_large():
        reason = StopReason.OUTPUT_TOO_LARGE
    return Completed(
        exit_code=end.exit_code,
        signal=end.signal,
        stop_reason=reason,
        wall_seconds=time.monotonic() - started,
        cpu_seconds=end.cpu_seconds,
        peak_rss_bytes=peak_rss or end.max_rss_bytes,
        started_at=started_at,
        last_progress=None,
    )


def _position(progress: Progress) -> tuple[int | None, float | None, int | None]:
    return progress.frame, progress.out_seconds, progress.size_bytes


class _Watch:
    """The limits against the clock and the disk."""

    def __init__(self, limits: Limits, workspace: Path, stderr_file: Path) -> None:
        self._limits = limits
        self._workspace = workspace
        self._stderr_file = stderr_file
        self._started = self._advanced_at = self._measured_at = time.monotonic()
        self._bytes_before, self._files = self._measure()

    def advanced(self) -> None:
        self._advanced_at = time.monotonic()

    def breach(self) -> StopReason | None:
        now = time.monotonic()
        if now - self._started > self._limits.wall_seconds:
            return StopReason.TIMED_OUT
        if now - self._measured_at > min(_MEASURE_SECONDS, self._limits.stall_seconds / 2):
            self._measured_at = now
            if self.is_too_large():
                return StopReason.OUTPUT_TOO_LARGE
        if now - self._advanced_at > self._limits.stall_seconds:
            return StopReason.STALLED
        return None

    def is_too_large(self) -> bool:
        size, files = self._measure()
        # Moving the moov to the front rewrites the file for minutes without a word of progress.
        if files != self._files:
            self._files = files
            self.advanced()
        limit = self._limits.output_bytes
        return limit is not None and size - self._bytes_before > limit

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
        return size, frozenset(files)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
