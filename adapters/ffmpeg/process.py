"""One child process in a group and a box of its own, which never outlives the thread that started it."""

import os
import signal
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from adapters.ffmpeg.sandbox import launch
from adapters.ffmpeg.sandbox.box import Box, grants
from adapters.ffmpeg.sandbox.launcher import Request
from adapters.ffmpeg.sandbox.layers import chosen


@dataclass(frozen=True, slots=True)
class Exit:
    """How a process ended: exactly one of `exit_code` and `signal` is set."""

    exit_code: int | None
    signal: int | None
    cpu_seconds: float
    max_rss_bytes: int


class ChildProcess:
    """Context manager: on leaving, by whatever exception, the whole group is killed and reaped.

    `resource_limits` maps RLIMIT_* to values, never above the worker's own; `group` is the cgroup.procs of a
    control group to run in. Start it from the main thread: PDEATHSIG fires when the starting *thread* ends.
    Linux 5.3+ (pidfd). Raises OSError where no process can be made, `SandboxMissing` where it would have no
    box; a missing binary shows as exit code 127.
    """

    def __init__(
        self,
        argv: tuple[str, ...],
        *,
        workspace: Path,
        box: Box,
        stderr: IO[bytes],
        resource_limits: Mapping[int, int] | None = None,
        group: Path | None = None,
    ) -> None:
        self._request = Request(
            argv=argv,
            folder=str(workspace),
            layer=chosen(),
            grants=grants(box, Path(argv[0])),
            limits=dict(resource_limits or {}),
            group=str(group or ""),
        )
        self._stderr = stderr
        self._exit: Exit | None = None

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stdout, theirs = os.pipe()
            self.stdout = stack.enter_context(os.fdopen(stdout, "rb", buffering=0))
            try:
                self.pid = launch.spawn(self._request, stdout=theirs, stderr=self._stderr.fileno())
            finally:
                os.close(theirs)
            stack.callback(self._finish)
            self.ended_fd = os.pidfd_open(self.pid)
            """Readable from the moment the process has ended: no polling, no delay."""
            stack.callback(os.close, self.ended_fd)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def terminate(self) -> None:
        self._signal_group(signal.SIGTERM)

    def kill(self) -> None:
        self._signal_group(signal.SIGKILL)

    def reap(self) -> Exit:
        """Wait for the end; kills what the process left behind in its group."""
        if self._exit is None:
            os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
            # Before wait4: until then the pid is taken, and the signal cannot hit a stranger's group.
            self.kill()
            _, status, usage = os.wait4(self.pid, 0)
            code = os.waitstatus_to_exitcode(status)
            self._exit = Exit(
                exit_code=code if code >= 0 else None,
                signal=-code if code < 0 else None,
                cpu_seconds=usage.ru_utime + usage.ru_stime,
                max_rss_bytes=usage.ru_maxrss * 1024,
            )
        return self._exit

    def peak_rss_bytes(self) -> int | None:
        """The high-water mark of the running program; None once it has ended.

        wait4's ru_maxrss will not do: it starts at the size of the process that was forked.
        """
        try:
            status = Path(f"/proc/{self.pid}/status").read_bytes()
        except OSError:
            return None
        for line in status.splitlines():
            if line.startswith(b"VmHWM:"):
                return int(line.split()[1]) * 1024
        return None

    def _finish(self) -> None:
        self.kill()
        self.reap()

    def _signal_group(self, number: signal.Signals) -> None:
        if self._exit is None:
            try:
                os.killpg(self.pid, number)
            except ProcessLookupError:
                # Just made, it does not lead its group yet: then it is alone, and its number will do.
                with suppress(ProcessLookupError):
                    os.kill(self.pid, number)
