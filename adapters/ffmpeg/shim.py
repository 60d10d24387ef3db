"""Stands between the worker and FFmpeg for a few milliseconds, then becomes FFmpeg by execv.

Run as a script: `python -I -S shim.py PARENT_PID LIMITS GROUP BINARY ARGUMENT...`, never imported. It ties the
child's life to the worker's: prctl(PR_SET_PDEATHSIG, SIGKILL), see prctl(2); offers itself to the OOM killer
before the worker; joins the control group whose cgroup.procs is GROUP (empty for none); and sets LIMITS,
"4:0,7:256" for RLIMIT_CORE 0 and RLIMIT_NOFILE 256.
Popen's preexec_fn could do the same, but runs Python between fork and exec of a process with threads, where it
can deadlock.
"""

import ctypes
import os
import resource
import sys

# <linux/prctl.h>, <signal.h>. `import signal` would cost 5 ms, half as much as the interpreter.
_PR_SET_PDEATHSIG = 1
_SIGKILL = 9
_SIG_SETMASK = 2
_EMPTY_SIGNAL_SET = bytes(128)
_CANNOT_EXECUTE = 127
# Half of all memory is added to what the child has when the kernel chooses, see proc_pid_oom_score_adj(5).
_OOM_SCORE = 500


def main() -> int:
    parent, limits, group, binary = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0) != 0:
        return _say(f"prctl failed: {os.strerror(ctypes.get_errno())}")
    # The parent may have died before prctl: then no signal will ever come.
    if os.getppid() != parent:
        return _CANNOT_EXECUTE
    # A mask survives exec: a worker that blocks SIGTERM must not leave FFmpeg deaf to it.
    libc.sigprocmask(_SIG_SETMASK, _EMPTY_SIGNAL_SET, None)
    try:
        _offer_to_the_oom_killer()
        if group:
            _write(group, b"0")
        _limit(limits)
        os.execv(binary, sys.argv[4:])  # noqa: S606
    except OSError as error:
        return _say(f"cannot execute {binary}: {error.strerror}")


def _offer_to_the_oom_killer() -> None:
    # Raising is everyone's right; a container's worker may stand higher already, and lowering is not.
    with open("/proc/self/oom_score_adj") as score:  # noqa: PTH123 - pathlib costs more than all the rest
        offered = int(score.read()) >= _OOM_SCORE
    if not offered:
        _write("/proc/self/oom_score_adj", str(_OOM_SCORE).encode())


def _write(file: str, data: bytes) -> None:
    descriptor = os.open(file, os.O_WRONLY)
    os.write(descriptor, data)
    os.close(descriptor)


def _limit(limits: str) -> None:
    for pair in limits.split(",") if limits else ():
        number, value = map(int, pair.split(":"))
        _, most = resource.getrlimit(number)
        if most != resource.RLIM_INFINITY:
            value = min(value, most)
        resource.setrlimit(number, (value, value))


def _say(text: str) -> int:
    os.write(2, f"[fatal] shim: {text}\n".encode())
    return _CANNOT_EXECUTE


if __name__ == "__main__":
    sys.exit(main())
