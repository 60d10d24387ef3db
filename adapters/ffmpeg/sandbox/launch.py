"""The worker's end of the launcher: one for each thread that starts processes, begun with the first."""

import array
import os
import socket
import subprocess
import sys
import threading
import weakref
from pathlib import Path

from adapters.ffmpeg.sandbox.launcher import ANSWER, LENGTH, Request

_ENVIRONMENT = {"LANG": "C.UTF-8"}
"""The whole environment: no path, no proxy, no secret of the worker reaches FFmpeg."""
_ROOT = Path(__file__).resolve().parents[3]
_START = "import sys; sys.path.insert(0, {root!r}); from adapters.ffmpeg.sandbox.launcher import main; main()"
_mine = threading.local()


def spawn(request: Request, *, stdout: int, stderr: int) -> int:
    """Start a program in its box; the pid of a child of this process, to be reaped by the caller.

    It dies with the calling thread: call from a thread that outlives it, best the main one. A launcher that has
    died is replaced once. Raises OSError where no process can be made.
    """
    try:
        return _launcher().spawn(request, stdout, stderr)
    except (BrokenPipeError, ConnectionError):
        _mine.launcher = None
        return _launcher().spawn(request, stdout, stderr)
    except OSError:
        raise
    except BaseException:
        # A signal handler that raises in between leaves half a request, or an answer that the next one would take
        # for its own.
        _mine.launcher = None
        raise


def warm() -> None:
    """Begin the calling thread's launcher now, and not with the first program. Raises OSError."""
    _launcher()


def close() -> None:
    """End the calling thread's launcher, if it has one; the next program begins another."""
    _mine.launcher = None


class _Launcher:
    def __init__(self) -> None:
        self._channel, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-I", "-S", "-c", _START.format(root=str(_ROOT))),
                    *(str(theirs.fileno()), str(os.getpid())),
                ],
                env=_ENVIRONMENT,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        self.owner = os.getpid()
        weakref.finalize(self, _end, self._channel, process, self.owner)

    def spawn(self, request: Request, stdout: int, stderr: int) -> int:
        body = request.to_bytes()
        descriptors = array.array("i", [stdout, stderr])
        message = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)]
        self._channel.sendmsg([LENGTH.pack(len(body))], message)
        self._channel.sendall(body)
        answer = self._channel.recv(ANSWER.size, socket.MSG_WAITALL)
        if len(answer) < ANSWER.size:
            raise ConnectionError("the launcher has died")
        pid: int = ANSWER.unpack(answer)[0]
        if pid < 0:
            raise OSError(-pid, f"no process can be started: {os.strerror(-pid)}")
        return pid


def _launcher() -> _Launcher:
    mine: _Launcher | None = getattr(_mine, "launcher", None)
    # After a fork the parent's launcher would make children of the parent.
    if mine is None or mine.owner != os.getpid():
        mine = _mine.launcher = _Launcher()
    return mine


def _end(channel: socket.socket, process: "subprocess.Popen[bytes]", owner: int) -> None:
    channel.close()
    if os.getpid() == owner:
        process.kill()
        process.wait()
    else:
        process.returncode = 0  # another process's child: nothing to reap here
