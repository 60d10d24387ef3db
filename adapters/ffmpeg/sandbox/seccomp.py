"""A filter of system calls: what FFmpeg has no use for, and an attacker would, ends with EPERM.

It guards what Landlock leaves open: sockets of every family, other processes, namespaces and mounts, attributes
of files, links, folders, memory and queues without a path. A list of refusals, not of permissions: two builds of
FFmpeg on two C libraries, with drivers of GPUs, call too much that is harmless, and what is new in the kernel is
met by Landlock's default.
seccomp(2), <linux/filter.h>, <linux/seccomp.h>; numbers from the kernel's tables of system calls.
"""

import ctypes
import errno
import os
import platform
import struct
from dataclasses import dataclass

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _MODE_FILTER = 38, 22, 2
# <linux/seccomp.h>: what to do, and where in `struct seccomp_data` things are.
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_NR, _ARCH, _ARGUMENT_0_LOW, _ARGUMENT_1_LOW, _ARGUMENT_2_LOW = 0, 4, 16, 24, 32
# <linux/bpf_common.h>
_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_X32 = 0x40000000
# CLONE_NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET: <linux/sched.h>
_NEW_NAMESPACES = 0x7E020080
# A child of the worker's: nobody there would reap it.
_CLONE_PARENT = 0x8000
# F_SETOWN, F_SETSIG, F_SETOWN_EX; FIOSETOWN, SIOCSPGRP: a signal to whom one likes, once a pipe is ready.
_SIGNALLING_FCNTLS = (8, 10, 15)
_SIGNALLING_IOCTLS = (0x8901, 0x8902)
# The same on both architectures: <asm-generic/fcntl.h>.
_O_ACCMODE, _O_TRUNC = 0o3, 0o1000


@dataclass(frozen=True, slots=True)
class _Machine:
    """An architecture: its AUDIT_ARCH_ number and its numbers of system calls."""

    arch: int
    refused: tuple[int, ...]
    clone: int
    kill: int
    tkill: int
    tgkill: int
    prlimit64: int
    sched_setaffinity: int
    fcntl: int
    ioctl: int
    openat: int
    open: int | None


# The same everywhere: everything since Linux 5.1.
# pidfd_send_signal, io_uring_*, open_tree to fspick, pidfd_getfd, process_madvise, mount_setattr, quotactl_fd,
# fchmodat2, setxattrat, removexattrat, open_tree_attr, file_setattr
_NEW = (424, 425, 426, 427, 428, 429, 430, 431, 432, 433, 438, 440, 442, 443, 452, 463, 466, 467, 469)
# Their flags lie in memory, where a filter cannot look; C libraries then take the older call.
_CLONE3, _OPENAT2 = 435, 437

_MACHINES = {
    "x86_64": _Machine(
        arch=0xC000003E,
        refused=(
            41, 42, 43, 44, 46, 49, 50, 288, 307,  # socket connect accept sendto sendmsg bind listen accept4 sendmmsg
            101, 310, 311, 312,  # ptrace process_vm_readv process_vm_writev kcmp
            155, 161, 165, 166, 272, 308,  # pivot_root chroot mount umount2 unshare setns
            163, 167, 168, 169, 175, 176, 179, 246, 313, 320,  # acct swap* reboot *_module quotactl kexec_*
            248, 249, 250, 298, 303, 304, 321, 323,  # *_key keyctl perf_event_open *_handle_at bpf userfaultfd
            90, 91, 92, 93, 94, 260, 268,  # chmod and chown, all of them
            188, 189, 190, 197, 198, 199,  # setxattr and removexattr
            132, 235, 261, 280, 76, 133, 259,  # utime* truncate mknod*
            129, 297,  # rt_sigqueueinfo rt_tgsigqueueinfo
            109, 112,  # setpgid setsid: whoever leaves the group is not killed with it
            141, 142, 144, 251, 314, 256, 279,  # setpriority sched_set* ioprio_set migrate_pages move_pages
            86, 88, 265, 266, 83, 258,  # link symlink mkdir: an output folder stays as it was made
            253, 254, 294, 300,  # inotify_* fanotify_init: the names of other tenants' files
            29, 30, 31, 64, 65, 66, 220, 68, 69, 70, 71,  # shm* sem* msg*, which have no path
            240, 241, 242, 243, 244,  # mq_*
            103, 135,  # syslog personality
        ),
        clone=56, kill=62, tkill=200, tgkill=234, prlimit64=302, sched_setaffinity=203, fcntl=72, ioctl=16,
        openat=257, open=2,
    ),
    "aarch64": _Machine(
        arch=0xC00000B7,
        refused=(
            198, 200, 201, 202, 203, 206, 211, 242, 269,
            117, 270, 271, 272,
            39, 40, 41, 51, 97, 268,
            60, 89, 104, 105, 106, 142, 224, 225, 273, 294,
            217, 218, 219, 241, 264, 265, 280, 282,
            52, 53, 54, 55,
            5, 6, 7, 14, 15, 16,
            88, 45, 33,
            138, 240,
            154, 157,
            140, 118, 119, 30, 274, 238, 239,
            37, 36, 34,
            26, 27, 262,
            194, 195, 196, 190, 191, 192, 193, 186, 187, 188, 189,
            180, 181, 182, 183, 184,
            116, 92,
        ),
        clone=220, kill=129, tkill=130, tgkill=131, prlimit64=261, sched_setaffinity=122, fcntl=25, ioctl=29,
        openat=56, open=None,
    ),
}  # fmt: skip


class Unsupported(Exception):
    """An architecture whose system calls are not known here."""


def program(*, own_pid: int | None, machine: str | None = None) -> bytes:
    """The filter, in the kernel's format (`struct sock_filter`, 8 bytes an instruction).

    `own_pid`: signals may go to this process alone; None: elsewhere it is seen to that they reach no other.
    Raises Unsupported for a machine other than x86-64 and arm64.
    """
    name = machine or platform.machine()
    try:
        known = _MACHINES[name]
    except KeyError:
        raise Unsupported(f"no table of system calls for {name}") from None
    refused = [*known.refused, *_NEW]
    if own_pid is not None:
        refused += [known.kill, known.tkill]
    # Each test jumps over one return when it does not hold: no distance depends on what follows.
    code = [
        *_refuse_unless_equal(_ARCH, known.arch),
        _instruction(_LOAD, _NR),
        *((_instruction(_JUMP_AT_LEAST, _X32, 0, 1), _refusal(errno.EPERM)) if name == "x86_64" else ()),
    ]
    for number in sorted(refused):
        code += [_instruction(_JUMP_EQUAL, number, 0, 1), _refusal(errno.EPERM)]
    for number in (_CLONE3, _OPENAT2):
        code += [_instruction(_JUMP_EQUAL, number, 0, 1), _refusal(errno.ENOSYS)]
    code += _guarded(known.clone, _instruction(_JUMP_ANY_BIT, _NEW_NAMESPACES | _CLONE_PARENT, 0, 1))
    # Its own limits and processors, not the worker's.
    code += _guarded(known.prlimit64, _instruction(_JUMP_EQUAL, 0, 1, 0))
    code += _guarded(known.sched_setaffinity, _instruction(_JUMP_EQUAL, 0, 1, 0))
    # Landlock before Linux 6.2 lets a file that may only be read be emptied.
    code += _no_truncating_read(known.openat, _ARGUMENT_2_LOW)
    if known.open is not None:
        code += _no_truncating_read(known.open, _ARGUMENT_1_LOW)
    code += _refused_commands(known.fcntl, _SIGNALLING_FCNTLS)
    code += _refused_commands(known.ioctl, _SIGNALLING_IOCTLS)
    if own_pid is not None:
        code += _guarded(known.tgkill, _instruction(_JUMP_EQUAL, own_pid, 1, 0))
    code.append(_instruction(_RETURN, _ALLOW))
    return b"".join(code)


def install(filter_program: bytes) -> None:
    """Put the filter on the calling thread, for good. Raises OSError where the kernel refuses."""
    libc = ctypes.CDLL(None, use_errno=True)
    code = ctypes.create_string_buffer(filter_program)
    header = struct.pack("HxxxxxxP", len(filter_program) // 8, ctypes.addressof(code))
    for arguments in ((_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (_PR_SET_SECCOMP, _MODE_FILTER, header, 0, 0)):
        if libc.prctl(*arguments) != 0:
            number = ctypes.get_errno()
            raise OSError(number, f"seccomp: {os.strerror(number)}")


def _guarded(number: int, test: bytes) -> list[bytes]:
    """For this call, load its first argument; `test` falls through to the refusal or jumps over it."""
    return [
        _instruction(_JUMP_EQUAL, number, 0, 4),
        _instruction(_LOAD, _ARGUMENT_0_LOW),
        test,
        _refusal(errno.EPERM),
        _instruction(_RETURN, _ALLOW),
    ]


def _no_truncating_read(number: int, flags: int) -> list[bytes]:
    """For this call, whose flags lie at `flags`: O_TRUNC only together with the right to write."""
    return [
        _instruction(_JUMP_EQUAL, number, 0, 5),
        _instruction(_LOAD, flags),
        _instruction(_JUMP_ANY_BIT, _O_TRUNC, 0, 2),
        _instruction(_JUMP_ANY_BIT, _O_ACCMODE, 1, 0),
        _refusal(errno.EPERM),
        _instruction(_RETURN, _ALLOW),
    ]


def _refused_commands(number: int, commands: tuple[int, ...]) -> list[bytes]:
    """For this call, refuse these second arguments and allow all others."""
    tests = [
        instruction
        for command in commands
        for instruction in (_instruction(_JUMP_EQUAL, command, 0, 1), _refusal(errno.EPERM))
    ]
    load, allow = _instruction(_LOAD, _ARGUMENT_1_LOW), _instruction(_RETURN, _ALLOW)
    return [_instruction(_JUMP_EQUAL, number, 0, len(tests) + 2), load, *tests, allow]


def _refuse_unless_equal(offset: int, value: int) -> list[bytes]:
    return [_instruction(_LOAD, offset), _instruction(_JUMP_EQUAL, value, 1, 0), _refusal(errno.EPERM)]


def _refusal(number: int) -> bytes:
    return _instruction(_RETURN, _ERRNO | number)


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)
