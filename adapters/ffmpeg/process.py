"""One child process in a group of its own, which never outlives the thread that started it."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

_SHIM = Path(__file__).with_name("shim.py")
_ENVIRONMENT = {"LANG": "C.UTF-8"}
"""The whole environment: no path, no proxy, no secret of the worker reaches FFmpeg."""


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
    Linux 5.3+ (pidfd).
    Raises OSError if the interpreter or the workspace is missing; a missing binary shows as exit code 127.
    """

    def __init__(
        self,
        argv: tuple[str, ...],
        *,
        workspace: Path,
        stderr: IO[bytes],
        resource_limits: Mapping[int, int] | None = None,
        group: Path | None = None,
    ) -> None:
        self._argv = argv
        self._limits = ",".join(f"{number}:{value}" for number, value in (resource_limits or {}).items())
        self._group = str(group or "")
        self._workspace = workspace
        self._stderr = stderr
        self._exit: Exit | None = None

    def __enter__(self) -> Self:
        self._popen = subprocess.Popen(
            [
                *(sys.executable, "-I", "-S", str(_SHIM)),
                *(str(os.getpid()), self._limits, self._group),
                *self._argv,
            ],
            cwd=self._workspace,
            env=_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            close_fds=True,
            start_new_session=True,
        )
        try:
            self.ended_fd = os.pidfd_open(self.pid)
            """Readable from the moment the process has ended: no polling, no delay."""
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        self.reap()
        self.stdout.close()
        if hasattr(self, "ended_fd"):
            os.close(self.ended_fd)

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def stdout(self) -> IO[bytes]:
        pipe = self._popen.stdout
        if pipe is None:
            raise RuntimeError("the child was started without a pipe")
        return pipe

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
            self._popen.returncode = code
            self._exit = Exit(
                exit_code=code if code >= 0 else None,
                signal=-code if code < 0 else None,
                cpu_seconds=usage.ru_utime + usage.ru_stime,
                max_rss_bytes=usage.ru_maxrss * 1024,
            )
        return self._exit

    def peak_rss_bytes(self) -> int | None:
        """The high-water mark of the running program; None once it has ended.

        wait4's ru_maxrss will not do: it starts at the size of the worker that forked the child.
        """
        try:
            status = Path(f"/proc/{self.pid}/status").read_bytes()
        except OSError:
            return None
        for line in status.splitlines():
            if line.startswith(b"VmHWM:"):
                return int(line.split()[1]) * 1024
        return None

    def _signal_group(self, number: signal.Signals) -> None:
        if self._exit is None:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, number)
