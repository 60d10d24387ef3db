"""What an attacker in a box aims at, and what is seen of it afterwards from outside."""

import ctypes
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from adapters.ffmpeg import process
from adapters.ffmpeg.sandbox.box import Box
from adapters.ffmpeg.supervisor import Limits, supervise
from tests.ffmpeg import attacker

SECRET = "the other tenant's secret"
PYTHON = Path(sys.executable).resolve()
_LIMITS = Limits(wall_seconds=60, stall_seconds=60, output_bytes=None, memory_bytes=1 << 30)
# Attacks on a process each have one of their own to hit.
_PROCESSES = [name for name in attacker.ATTACKS if "foreign_process" in name or name.startswith("kill_")]


@dataclass(frozen=True)
class Outcome:
    """One attack: whether it believes to have succeeded, and what harm is seen from outside."""

    errno: int
    harm: tuple[str, ...]

    @property
    def succeeded(self) -> bool:
        return self.errno == 0


@dataclass(frozen=True)
class Raid:
    """All attacks from one box."""

    outcomes: dict[str, Outcome]
    state: dict[str, Any]


def raid(layer: str, folder: Path) -> Raid:
    """Let the attacker loose in a box of `layer`, with folders and victims of its own beneath `folder`."""
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(process, "chosen", lambda: layer)
        victims = _Victims(stack, folder)
        before = victims.seen()
        out: list[bytes] = []

        def take(data: bytes) -> bool:
            out.append(data)
            return True

        completed = supervise(
            (
                str(PYTHON),
                "-I",
                "-S",
                str(Path(attacker.__file__)),
                json.dumps(victims.spec | {"layer": layer}),
            ),
            workspace=victims.out,
            box=Box(
                readable=(Path(os.__file__).parent, Path(attacker.__file__), victims.readable),
                writable=(victims.out,),
            ),
            stderr_file=folder / "stderr",
            limits=_LIMITS,
            on_output=take,
            stop_reason=lambda: None,
        )
        said = (folder / "stderr").read_text()
        assert (completed.exit_code, completed.stop_reason) == (0, None), said
        after = victims.seen()
        found = json.loads(b"".join(out))
        outcomes = {}
        for name in attacker.ATTACKS:
            number, leaked = found[name]
            harm = [
                f"{before.get(what)} became {after.get(what)}" for what in _differing(name, before, after)
            ]
            if any(secret in leaked for secret in (SECRET, "root:", "REELCHORD_TEST_FOLDER")):
                harm.append("it read a secret")
            outcomes[name] = Outcome(number, tuple(harm))
        return Raid(outcomes, found["state"])


def _differing(attack: str, before: dict[tuple[str, str], object], after: dict[tuple[str, str], object]):
    keys = before.keys() | after.keys()
    return sorted(key for key in keys if key[0] == attack and before.get(key) != after.get(key))


class _Victims:
    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self.folder = folder / "foreign"
        self.out = folder / "out"
        self.inner = self.out / "0"
        self.inner.mkdir(parents=True)
        self.readable = folder / "readable"
        self.readable.write_text("a source")
        for name in attacker.ATTACKS:
            (self.folder / name).mkdir(parents=True)
            (self.folder / name / "secret").write_text(SECRET)
        self.processes = {name: stack.enter_context(_sleeper()) for name in _PROCESSES}
        self.signals = self.strangers = 0
        old = signal.signal(signal.SIGURG, self._signalled)
        stack.callback(signal.signal, signal.SIGURG, old)
        self._tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        self._udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self._udp.bind(("127.0.0.1", 0))
        self._unix, self._abstract = (stack.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(2))
        # A path of its own: a socket's may have 107 bytes.
        short = tempfile.TemporaryDirectory(prefix="rc-", dir="/tmp")
        where = Path(stack.enter_context(short), "socket")
        self._unix.bind(str(where))
        self._abstract.bind(f"\0reelchord-{os.getpid()}-{id(self)}")
        for listener in (self._tcp, self._udp, self._unix, self._abstract):
            listener.setblocking(False)
            if listener is not self._udp:
                listener.listen()
        self._secret = ctypes.create_string_buffer(SECRET.encode())
        key = (os.getpid() << 4) + 5
        _share(stack, key)
        self.spec: dict[str, Any] = {
            "worker": os.getpid(),
            "foreign": str(self.folder),
            "out": str(self.out),
            "inner": str(self.inner),
            "readable": str(self.readable),
            "python": str(PYTHON),
            "uid": os.getuid(),
            "gid": os.getgid(),
            "tcp": self._tcp.getsockname()[1],
            "udp": self._udp.getsockname()[1],
            "unix": str(where),
            "abstract": self._abstract.getsockname()[1:].decode(),
            "victims": {name: each.pid for name, each in self.processes.items()},
            "secret_address": ctypes.addressof(self._secret),
            "secret_bytes": len(SECRET),
            "shared_memory_key": key,
        }

    def seen(self) -> dict[tuple[str, str], object]:
        """(attack, what) > how it looks now. What was sent to a listener is taken, so look once before and after."""
        looks: dict[tuple[str, str], object] = {}
        for name in attacker.ATTACKS:
            for path in sorted((self.folder / name).iterdir()):
                stat = path.lstat()
                looks[name, path.name] = (
                    *(
                        path.read_bytes(),
                        stat.st_mode,
                        stat.st_uid,
                        stat.st_gid,
                        stat.st_mtime_ns,
                        stat.st_nlink,
                    ),
                    os.listxattr(path, follow_symlinks=False),
                )
            for path in self.out.glob(f"{name}-*"):
                stat = path.lstat()
                # A plain file with one name is what it may make.
                if stat.st_mode & 0o170000 != 0o100000 or stat.st_nlink != 1:
                    looks[name, path.name] = oct(stat.st_mode), stat.st_nlink
        for name, each in self.processes.items():
            looks[name, "process"] = _looks(each)
        looks["empty_what_it_may_read", "readable"] = self.readable.read_text()
        looks["put_a_link_in_its_folders_place", "inner"] = self.inner.is_symlink()
        looks["signal_the_worker", "signals"] = self.signals
        for attack, listener in (
            ("connect_by_tcp", self._tcp),
            ("send_by_udp", self._udp),
            ("connect_to_a_unix_socket", self._unix),
            ("connect_to_an_abstract_socket", self._abstract),
        ):
            looks[attack, "contacted"] = _contacted(listener)
        with suppress(ChildProcessError):
            # A child that nobody here has made: the attacker's, by CLONE_PARENT.
            # Counted over both looks: a zombie that another test has left must not hide the attacker's.
            while _stranger(each.pid for each in self.processes.values()):
                self.strangers += 1
        looks["leave_a_child_with_the_worker", "children"] = self.strangers
        return looks

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        self.signals += 1


def _stranger(known: Iterable[int]) -> int:
    """A zombie child that is none of `known`, reaped; 0 without one."""
    own = set(known)
    for path in Path("/proc/self/task").glob("*/children"):
        for pid in map(int, path.read_text().split()):
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            if pid not in own and state == "Z":
                return os.waitpid(pid, os.WNOHANG)[0]
    return 0


def _looks(victim: "subprocess.Popen[bytes]") -> object:
    if victim.poll() is not None:
        return "dead"
    tracer = [
        line for line in Path(f"/proc/{victim.pid}/status").read_text().splitlines() if "TracerPid" in line
    ]
    return (
        os.getpriority(os.PRIO_PROCESS, victim.pid),
        resource.prlimit(victim.pid, resource.RLIMIT_NOFILE),
        sorted(os.sched_getaffinity(victim.pid)),
        tracer,
    )


def _contacted(listener: socket.socket) -> bool:
    try:
        if listener.type == socket.SOCK_DGRAM:
            listener.recv(100)
        else:
            listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


@contextmanager
def _sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(["/bin/sleep", "600"]) as victim:
        try:
            yield victim
        finally:
            victim.kill()


def _share(stack: ExitStack, key: int) -> None:
    """A segment of System V memory with the secret in it."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.shmat.restype = ctypes.c_void_p
    identifier = libc.shmget(key, 4096, 0o1600)
    assert identifier >= 0, os.strerror(ctypes.get_errno())
    stack.callback(libc.shmctl, identifier, 0, None)
    address = libc.shmat(identifier, None, 0)
    ctypes.memmove(address, SECRET.encode(), len(SECRET))
    libc.shmdt(ctypes.c_void_p(address))
