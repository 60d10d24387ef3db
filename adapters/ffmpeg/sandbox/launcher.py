"""The process from which a worker's FFmpegs spring: started once, it waits, and forks one for each request.

A new Python for each FFmpeg would cost 12 ms, and code between fork and exec in a worker with threads can
deadlock; this process has one thread, and everything is imported. What it forks becomes the *worker's* child
(CLONE_PARENT, see clone(2)): the worker reaps it, and dies with it (PR_SET_PDEATHSIG). Such a child gets its
files, its limits and its box, and then becomes the program. The worker's end is `launch.py`.

A request is a length and JSON, with two descriptors: stdout and stderr. The answer is a pid, or -errno.
"""

import array
import ctypes
import json
import os
import platform
import resource
import signal
import socket
import struct
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from adapters.ffmpeg.sandbox import bubblewrap, landlock, seccomp
from adapters.ffmpeg.sandbox.box import Grants

LENGTH = struct.Struct("!I")
ANSWER = struct.Struct("!i")
CANNOT_EXECUTE = 127
_PR_SET_PDEATHSIG, _PR_SET_SECUREBITS = 1, 28
# SECBIT_NOROOT with its lock, SECBIT_NO_SETUID_FIXUP with its lock: root's number alone gives no capability.
_SECURE_BITS = 0b1111
_CAPABILITY_VERSION_3 = 0x20080522
_CLONE_PARENT = 0x00008000
_CLONE = {"x86_64": 56, "aarch64": 220}
# Half of all memory is added to what the child has when the kernel chooses, see proc_pid_oom_score_adj(5).
_OOM_SCORE = 500
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Request:
    """One program to start. `limits` maps RLIMIT_* to values, never above the worker's own."""

    argv: tuple[str, ...]
    folder: str
    layer: str
    """"landlock", "bubblewrap" or "none"."""
    grants: Grants
    limits: dict[int, int]
    group: str
    """The cgroup.procs of a control group to run in; empty for none."""

    def to_bytes(self) -> bytes:
        allowed = self.grants
        return json.dumps(
            [
                *(self.argv, self.folder, self.layer, self.group, list(self.limits.items())),
                *(allowed.execute, allowed.read, allowed.write, allowed.devices),
            ]
        ).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Request":
        argv, folder, layer, group, limits, execute, read, write, devices = json.loads(data)
        allowed = Grants(tuple(execute), tuple(read), tuple(write), tuple(devices))
        return cls(tuple(argv), folder, layer, allowed, {int(k): int(v) for k, v in limits}, group)


def serve(channel: socket.socket) -> None:
    """Answer requests until the worker closes its end, or dies."""
    while True:
        received = _receive(channel)
        if received is None:
            return
        request, descriptors = received
        try:
            channel.sendall(ANSWER.pack(_spawn(request, descriptors)))
        finally:
            for descriptor in descriptors:
                os.close(descriptor)


def _receive(channel: socket.socket) -> tuple[Request, list[int]] | None:
    size = array.array("i").itemsize
    head, ancillary, _, _ = channel.recvmsg(LENGTH.size, socket.CMSG_SPACE(2 * size), socket.MSG_CMSG_CLOEXEC)
    if not head:
        return None
    descriptors: array.array[int] = array.array("i")
    for _, _, data in ancillary:
        descriptors.frombytes(data)
    (left,) = LENGTH.unpack(head)
    body = bytearray()
    while len(body) < left:
        part = channel.recv(left - len(body))
        if not part:
            return None  # the worker was interrupted amid a request, and has closed its end
        body += part
    return Request.from_bytes(bytes(body)), list(descriptors)


def _spawn(request: Request, descriptors: list[int]) -> int:
    """The pid of the worker's new child, or -errno. In the child it does not return."""
    worker = os.getppid()
    pid: int = _libc.syscall(_CLONE[platform.machine()], _CLONE_PARENT | signal.SIGCHLD, 0, 0, 0, 0)
    if pid != 0:
        return pid if pid > 0 else -ctypes.get_errno()
    try:
        _become(request, descriptors, worker)
    except OSError as error:
        _fail(f"cannot execute {request.argv[0]}: {error.strerror}")
    except BaseException as error:  # noqa: BLE001 - nothing of the launcher may go on living in the child
        _fail(f"{type(error).__name__}: {error}")


def _become(request: Request, descriptors: list[int], worker: int) -> NoReturn:
    os.dup2(descriptors[0], 1)
    os.dup2(descriptors[1], 2)
    os.setsid()
    tie_to(worker)
    # A mask survives exec: a worker that blocks SIGTERM must not leave FFmpeg deaf to it.
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    _offer_to_the_oom_killer()
    if request.group:
        _write(request.group, b"0")
    os.chdir(request.folder)
    argv = request.argv
    for number, value in request.limits.items():
        _, most = resource.getrlimit(number)
        value = value if most == resource.RLIM_INFINITY else min(value, most)
        resource.setrlimit(number, (value, value))
    try:
        argv = _enter(request)
    except (OSError, seccomp.Unsupported) as error:
        _fail(f"sandbox: {error}")
    os.execv(argv[0], argv)  # noqa: S606


def _enter(request: Request) -> tuple[str, ...]:
    """Put the box on; the command to go on with."""
    if request.layer == "none":
        return request.argv
    if request.layer == "bubblewrap":
        # In a namespace of its own it sees no other process, and its pid is not the one it has here.
        filter_fd = os.memfd_create("seccomp")
        os.write(filter_fd, seccomp.program(own_pid=None))
        os.lseek(filter_fd, 0, os.SEEK_SET)
        os.set_inheritable(filter_fd, True)
        return bubblewrap.command(request.argv, request.grants, folder=request.folder, seccomp_fd=filter_fd)
    if request.layer != "landlock":
        raise OSError(0, f"unknown layer {request.layer!r}")
    drop_capabilities()
    signals_scoped = landlock.version() >= landlock.SCOPES_SINCE
    filter_program = seccomp.program(own_pid=None if signals_scoped else os.getpid())
    landlock.restrict(request.grants)
    seccomp.install(filter_program)
    return request.argv


def drop_capabilities() -> None:
    """A worker may run as root, or with rights of its own; FFmpeg then is a user with its number and no more."""
    # Where the worker is no full root, the bits stay; without capabilities they would not matter.
    _libc.prctl(_PR_SET_SECUREBITS, _SECURE_BITS, 0, 0, 0)
    header, none = struct.pack("Ii", _CAPABILITY_VERSION_3, 0), bytes(24)
    if _libc.capset(header, none) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"capset: {os.strerror(number)}")


def tie_to(parent: int) -> None:
    """Die when the thread of `parent` that this process came from ends, however it ends: prctl(2)."""
    if _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0 or os.getppid() != parent:
        # It may have died before the prctl: then no signal will ever come.
        os._exit(CANNOT_EXECUTE)


def _offer_to_the_oom_killer() -> None:
    # Raising is everyone's right; a container's worker may stand higher already, and lowering is not.
    if int(Path("/proc/self/oom_score_adj").read_bytes()) < _OOM_SCORE:
        _write("/proc/self/oom_score_adj", str(_OOM_SCORE).encode())


def _write(file: str, data: bytes) -> None:
    descriptor = os.open(file, os.O_WRONLY)
    os.write(descriptor, data)
    os.close(descriptor)


def _fail(text: str) -> NoReturn:
    os.write(2, f"[fatal] launcher: {text}\n".encode())
    os._exit(CANNOT_EXECUTE)


def main() -> None:
    """`launch.py` starts this with the channel's descriptor and the worker's pid."""
    descriptor, worker = int(sys.argv[1]), int(sys.argv[2])
    tie_to(worker)
    with socket.socket(fileno=descriptor) as channel:
        channel.set_inheritable(False)
        serve(channel)
