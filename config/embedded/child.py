"""A process of the stack: it writes to its own log, stops in time, and dies with its launcher."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

SHIM = Path(__file__).with_name("shim.py")
POLL_SECONDS = 0.02


class NotReady(Exception):
    """A child ended, or was not ready in time; the message carries the end of its log."""


class Child:
    """One program; it can be started again after it ended.

    Start it from a thread that outlives it: the kernel sends `death_signal` when the *thread* that started a
    process ends, not when the process of that thread does (prctl(2), PR_SET_PDEATHSIG).
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        death_signal: signal.Signals = signal.SIGKILL,
        user: str | None = None,
        keep_open: Sequence[int] = (),
    ) -> None:
        self.name = name
        self.log = log
        self._argv = [str(word) for word in argv]
        self._environment = dict(environment) if environment is not None else None
        self._folder = folder
        self._stop_signal = stop_signal
        self._death_signal = death_signal
        self._user = user
        self._keep_open = tuple(keep_open)
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def exit_code(self) -> int | None:
        """None while it runs (or was never started); negative for a signal, as in `subprocess`."""
        return self._process.poll() if self._process else None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        shim = [sys.executable, "-I", "-S", str(SHIM), str(os.getpid()), str(int(self._death_signal))]
        with self.log.open("ab") as log:
            self._log_start = log.tell()
            self._process = subprocess.Popen(
                [*shim, self._user or "-", *self._argv],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env=self._environment,
                # Its own session: Ctrl-C in the terminal reaches the launcher alone, which stops in order.
                start_new_session=True,
                pass_fds=self._keep_open,
            )

    def wait_until(self, ready: Callable[[], bool], *, seconds: float) -> None:
        """Poll `ready`; raise `NotReady` when the child ends first, or the deadline passes."""
        deadline = time.monotonic() + seconds
        while not ready():
            if not self.running:
                raise NotReady(f"{self.name} ended with {self.exit_code}.\n{self.log_tail()}")
            if time.monotonic() > deadline:
                raise NotReady(f"{self.name} was not ready within {seconds:g} s.\n{self.log_tail()}")
            time.sleep(POLL_SECONDS)

    def wait(self, *, seconds: float) -> int:
        """Its exit code; raises `NotReady` when it runs longer than `seconds`."""
        self.wait_until(lambda: not self.running, seconds=seconds)
        code = self.exit_code
        assert code is not None  # noqa: S101
        return code

    def ask_to_stop(self) -> None:
        """Send the stop signal, to the child alone (a pool's parent tells its own children); do not wait."""
        if self._process and self.running:
            self._process.send_signal(self._stop_signal)

    def stop(self, *, grace_seconds: float) -> None:
        """Ask, wait up to the grace, then kill its whole session. Fine when it is not running."""
        if self._process is None:
            return
        self.ask_to_stop()
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(grace_seconds)
        finally:
            self.kill()

    def kill(self) -> None:
        """SIGKILL to whatever is left of it; its own children included."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):  # nobody of that session is left
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def log_since_start(self) -> str:
        """What it has written since its last start."""
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")

    def log_tail(self, lines: int = 20) -> str:
        return "\n".join(self.log_since_start().splitlines()[-lines:])
