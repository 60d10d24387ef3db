"""Landlock: a process gives up all files but those that it names, for itself and what it starts. For good.

The kernel's interface, by ctypes: landlock(7), landlock_create_ruleset(2), <linux/landlock.h>. The numbers of
the three system calls are the same on every architecture. What it does not guard (attributes, UDP, sockets in
the file system) `seccomp.py` does. Needs Linux 5.13; what a kernel does not know yet is not asked of it.
"""

import ctypes
import os
import struct
import sys

from adapters.ffmpeg.sandbox.box import Grants

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG = 1
_RULE_PATH_BENEATH = 1
_PR_SET_NO_NEW_PRIVS = 38

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_FILE, _MAKE_REG = 1 << 5, 1 << 8
_TRUNCATE, _IOCTL_DEV = 1 << 14, 1 << 15
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
# All rights that exist, by the version of the interface that brought them: everything is refused unless granted.
_ALL_FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_BIND_TCP, _CONNECT_TCP = 1 << 0, 1 << 1
_NET_SINCE = 4
_SCOPE_ABSTRACT_UNIX, _SCOPE_SIGNAL = 1 << 0, 1 << 1
SCOPES_SINCE = 6

_libc = ctypes.CDLL(None, use_errno=True)


def version() -> int:
    """Of the kernel's interface; 0 where there is none, or where it is switched off."""
    return max(0, int(_libc.syscall(_CREATE_RULESET, None, 0, _VERSION_FLAG)))


def restrict(allowed: Grants) -> None:
    """Give up everything but `allowed`, in the calling thread and all it becomes or starts.

    No execution can gain privileges after that. Raises OSError where the kernel refuses; paths that are not
    there are passed over.
    """
    abi = version()
    if abi < 1:
        raise OSError(0, "the kernel has no Landlock")
    handled = _ALL_FILE_RIGHTS[max(since for since in _ALL_FILE_RIGHTS if since <= abi)]
    attributes = struct.pack(
        "QQQ",
        handled,
        _BIND_TCP | _CONNECT_TCP if abi >= _NET_SINCE else 0,
        _SCOPE_ABSTRACT_UNIX | _SCOPE_SIGNAL if abi >= SCOPES_SINCE else 0,
    )
    # An older kernel takes a shorter structure.
    size = 24 if abi >= SCOPES_SINCE else 16 if abi >= _NET_SINCE else 8
    ruleset = _checked(_libc.syscall(_CREATE_RULESET, attributes, size, 0))
    try:
        read, write = _READ_FILE | _READ_DIR, _WRITE_FILE | _TRUNCATE
        make = _MAKE_REG | _REMOVE_FILE
        for paths, rights in (
            (allowed.execute, _EXECUTE | read),
            (allowed.read, read),
            (allowed.write, read | write | make),
            (allowed.devices, _READ_FILE | write | _IOCTL_DEV),
        ):
            for path in paths:
                _allow(ruleset, path, rights & handled)
        _checked(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        _checked(_libc.syscall(_RESTRICT_SELF, ruleset, 0))
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        # A file takes none of the rights that only a folder has.
        if not _is_folder(opened):
            rights &= _OF_FILES
        rule = struct.pack("=Qi", rights, opened)
        _checked(_libc.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, 0))
    finally:
        os.close(opened)


def _is_folder(descriptor: int) -> bool:
    return os.fstat(descriptor).st_mode & 0o170000 == 0o040000


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"Landlock: {os.strerror(number)}")
    return result


if sys.platform != "linux":
    raise ImportError("Landlock is Linux's")
