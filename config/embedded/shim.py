"""Run between fork and exec: bind the child's life to its launcher's, then become the program.

`python -I -S shim.py PARENT_PID DEATH_SIGNAL USER PROGRAM [ARGUMENT ...]`; USER is `-` to stay who we are.
A `preexec_fn` would do the same in a forked copy of a threaded process, where any lock may be held for ever.
"""

import ctypes
import os
import pwd
import sys

PR_SET_PDEATHSIG, PR_SET_KEEPCAPS = 1, 8
PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 47, 2
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522


def become(user: str, libc: ctypes.CDLL) -> None:
    """Give up root for `user`, but keep the right to pass through root's folders (capabilities(7)).

    PostgreSQL refuses to run as root, and a checkout or a virtual environment below /root is closed to all
    others. Where a container grants no such right, the folders have to be readable: the program says which.
    """
    entry = pwd.getpwnam(user)
    libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    low = 1 << CAP_DAC_OVERRIDE
    sets = (ctypes.c_uint32 * 6)(low, low, low, 0, 0, 0)
    if libc.capset(header, sets) == 0:
        libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)


def main(parent: str, death_signal: str, user: str, *argv: str) -> None:
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if user != "-":
            become(user, libc)
        # After `become`: a change of identity clears the signal (prctl(2)).
        libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
    if os.getppid() != int(parent):  # it died before the signal was armed
        os._exit(1)
    os.execv(argv[0], argv)  # noqa: S606


if __name__ == "__main__":
    main(*sys.argv[1:])
