"""Runs one FFmpeg process and watches it until it ends: the only place that starts processes.

On a stop reason the group gets SIGTERM, and after the grace SIGKILL: FFmpeg's DASH demuxer, for one, can loop
without end and survive SIGTERM. Out of memory there is no grace: it would only grow further. SIGTERM makes
FFmpeg write the moov, so a stopped file may look valid: whoever sees a `stop_reason` must throw the output
away, whatever the exit code.
"""

import os
import selectors
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from adapters.ffmpeg.cgroup import MemoryGroup, delegation
from adapters.ffmpeg.limits import Limits, StopReason
from adapters.ffmpeg.memory import oom_kills
from adapters.ffmpeg.process import ChildProcess, Exit
from adapters.ffmpeg.progress import Progress, ProgressReader
from adapters.ffmpeg.rlimits import resource_limits
from adapters.ffmpeg.sandbox.box import Box
from adapters.ffmpeg.watch import Breach, Watch

__all__ = ["Box", "Completed", "Limits", "StopReason", "begun", "run", "supervise"]

_TICK_SECONDS = 0.2
# As much as a pipe holds: the last turn of the loop reads all that an ended process has left in it.
_READ_BYTES = 65536


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
    stop_detail: str = ""
    """With a stop reason of a limit: the figures, and who ended the process."""


def run(
    argv: tuple[str, ...],
    *,
    workspace: Path,
    box: Box,
    stderr_file: Path,
    limits: Limits,
    on_progress: Callable[[Progress], None],
    stop_reason: Callable[[], StopReason | None],
) -> Completed:
    """Run an FFmpeg command that writes `-progress pipe:1`, in `workspace`; call from the main thread.

    Of the machine's files it sees what `box` grants; the workspace is no exception.

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
        box=box,
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
    box: Box,
    stderr_file: Path,
    limits: Limits,
    on_output: Callable[[bytes], bool],
    stop_reason: Callable[[], StopReason | None],
) -> Completed:
    """Like `run`, for any program: `on_output` takes stdout and says whether it shows an advance."""
    with begun(
        argv,
        workspace=workspace,
        box=box,
        stderr_file=stderr_file,
        limits=limits,
        on_output=on_output,
        stop_reason=stop_reason,
    ) as end:
        return end()


@contextmanager
def begun(
    argv: tuple[str, ...],
    *,
    workspace: Path,
    box: Box,
    stderr_file: Path,
    limits: Limits,
    on_output: Callable[[bytes], bool],
    stop_reason: Callable[[], StopReason | None],
) -> Iterator[Callable[[], Completed]]:
    """`supervise` in two halves, for a short program that works while its worker does something else.

    It runs from here on; call what this yields once, to watch it until it ends. Until then nobody looks at its
    limits. Whoever leaves without that call has killed it.
    """
    started_at, started = datetime.now(UTC), time.monotonic()
    watch = Watch(limits, workspace, stderr_file)
    kills_before = oom_kills()
    with ExitStack() as stack:
        stderr = stack.enter_context(stderr_file.open("wb"))
        group = _memory_group(stack, limits)
        child = stack.enter_context(
            ChildProcess(
                argv,
                workspace=workspace,
                box=box,
                stderr=stderr,
                resource_limits=resource_limits(limits, uses_gpu=bool(box.devices)),
                group=group.procs if group else None,
            )
        )

        def end() -> Completed:
            breach, peak_rss = _watched(child, watch, limits, on_output, stop_reason)
            ended = child.reap()
            breach = breach or _kernels_breach(ended, group, kills_before) or watch.output_breach()
            return Completed(
                exit_code=ended.exit_code,
                signal=ended.signal,
                stop_reason=breach.reason if breach else None,
                wall_seconds=time.monotonic() - started,
                cpu_seconds=ended.cpu_seconds,
                peak_rss_bytes=peak_rss or ended.max_rss_bytes,
                started_at=started_at,
                last_progress=None,
                stop_detail=breach.detail if breach else "",
            )

        yield end


def _watched(
    child: ChildProcess,
    watch: Watch,
    limits: Limits,
    on_output: Callable[[bytes], bool],
    stop_reason: Callable[[], StopReason | None],
) -> tuple[Breach | None, int | None]:
    """Read and look until the process has ended; why it was stopped, and its peak of resident memory."""
    breach: Breach | None = None
    kill_at = float("inf")
    peak_rss: int | None = None
    stdout = child.stdout.fileno()
    os.set_blocking(stdout, False)
    with selectors.DefaultSelector() as selector:
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
            if breach is None and not ended:
                asked = stop_reason()
                breach = Breach(asked, "") if asked else watch.breach(child.pid)
                if breach is not None:
                    kill_at = time.monotonic() + _stop(child, breach, limits)
            elif time.monotonic() >= kill_at:
                child.kill()
                kill_at = float("inf")
    return breach, peak_rss


def _memory_group(stack: ExitStack, limits: Limits) -> MemoryGroup | None:
    parent = delegation().parent
    if limits.memory_bytes is None or parent is None:
        return None
    try:
        return stack.enter_context(MemoryGroup(parent, limits.memory_bytes))
    except OSError:
        # Too many groups, or the subtree was taken away: the other guards hold without it.
        return None


def _stop(child: ChildProcess, breach: Breach, limits: Limits) -> float:
    """Begin to end the process; the seconds until it is killed if it has not obeyed."""
    if breach.reason is StopReason.OUT_OF_MEMORY:
        child.kill()
        return float("inf")
    child.terminate()
    return limits.grace_seconds


def _kernels_breach(end: Exit, group: MemoryGroup | None, kills_before: int | None) -> Breach | None:
    """A process that nobody here has killed may have been killed by the kernel, for want of memory."""
    if group is not None and group.oom_kills():
        return Breach(StopReason.OUT_OF_MEMORY, "killed by the kernel: over memory.max of its control group")
    if end.signal == signal.SIGKILL and kills_before is not None and (oom_kills() or 0) > kills_before:
        return Breach(StopReason.OUT_OF_MEMORY, "killed by the kernel: the machine or container ran out")
    return None


def _position(progress: Progress) -> tuple[int | None, float | None, int | None]:
    return progress.frame, progress.out_seconds, progress.size_bytes
