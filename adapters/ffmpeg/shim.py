"""Stands between the worker and FFmpeg for a few milliseconds, then becomes FFmpeg by execv.

Run as a script: `python -I -S shim.py PARENT_PID BINARY ARGUMENT...`, never imported. It ties the child's
life to the worker's: prctl(PR_SET_PDEATHSIG, SIGKILL), see prctl(2). Popen's preexec_fn could do the same,
but runs Python between fork and exec of a process with threads, where it can deadlock.
"""

import ctypes
import os
import sys

# <linux/prctl.h>, <signal.h>. `import signal` would cost 5 ms, half as much as the interpreter.
_PR_SET_PDEATHSIG = 1
_SIGKILL = 9
_SIG_SETMASK = 2
_EMPTY_SIGNAL_SET = bytes(128)
_CANNOT_EXECUTE = 127


def main() -> int:
    parent, binary = int(sys.argv[1]), sys.argv[2]
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0) != 0:
        os.write(2, f"[fatal] shim: prctl failed: {os.strerror(ctypes.get_errno())}\n".encode())
        return _CANNOT_EXECUTE
    # The parent may have died before prctl: then no signal will ever come.
    if os.getppid() != parent:
        return _CANNOT_EXECUTE
    # A mask survives exec: a worker that blocks SIGTERM must not leave FFmpeg deaf to it.
    libc.sigprocmask(_SIG_SETMASK, _EMPTY_SIGNAL_SET, None)
    try:
        os.execv(binary, sys.argv[2:])  # noqa: S606
    except OSError as error:
        os.write(2, f"[fatal] shim: cannot execute {binary}: {error.strerror}\n".encode())
    return _CANNOT_EXECUTE


if __name__ == "__main__":
    sys.exit(main())
