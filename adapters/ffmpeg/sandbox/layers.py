"""Which box this machine can build: chosen by what the kernel offers, and proven by trying to get out of it."""

import os
import select
import socket
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from statistics import median

from adapters.ffmpeg.sandbox import bubblewrap, landlock, launch, seccomp
from adapters.ffmpeg.sandbox.box import Box, grants
from adapters.ffmpeg.sandbox.launcher import Request

LANDLOCK, BUBBLEWRAP, NONE = "landlock", "bubblewrap", "none"
AUTO = "auto"
WISHES = (AUTO, LANDLOCK, BUBBLEWRAP, NONE)
_TRIAL_SECONDS = 10.0
_COST_SAMPLES = 15
_wish = AUTO


class SandboxMissing(OSError):
    """Nothing here can keep FFmpeg in a box, and the operator has not said that it shall run without one."""


@dataclass(frozen=True, slots=True)
class SandboxLayer:
    """One guard, for operators. `detail` is a sentence: how it works here, or why it does not."""

    name: str
    is_active: bool
    detail: str


def wish(layer: str) -> None:
    """What the operator wants: one of `WISHES`. "auto" takes the first that there is, and never "none".

    Raises ValueError for another word.
    """
    global _wish
    if layer not in WISHES:
        raise ValueError(f"SANDBOX is {layer!r}; it can be one of: {', '.join(WISHES)}")
    _wish = layer


def chosen() -> str:
    """The layer that the next process gets. Raises SandboxMissing where there is none."""
    return _choose(_wish)


@lru_cache(maxsize=8)
def _choose(wanted: str) -> str:
    if wanted == NONE:
        return NONE
    reasons = []
    for layer, why_not in ((LANDLOCK, _why_no_landlock), (BUBBLEWRAP, bubblewrap.why_not)):
        if wanted not in (AUTO, layer):
            continue
        reason = why_not()
        if reason is None:
            return layer
        reasons.append(reason)
    raise SandboxMissing(
        f"FFmpeg would run without a sandbox (SANDBOX={wanted}). {' '.join(reasons)}"
        " SANDBOX=none runs it all the same, at your own risk."
    )


def _why_no_landlock() -> str | None:
    try:
        seccomp.program(own_pid=None)
    except seccomp.Unsupported as error:
        return str(error)
    if landlock.version() < 1:
        return "The kernel has no Landlock (Linux 5.13), or it is not in its lsm= list."
    return None


def layers() -> tuple[SandboxLayer, ...]:
    """What this machine has, and which of it is used."""
    used = chosen()
    why_not = _why_no_landlock()
    bwrap = bubblewrap.binary()
    is_landlock = used == LANDLOCK
    return (
        SandboxLayer(
            "landlock",
            is_landlock,
            why_not or f"Files, TCP{' and signals' if _scopes() else ''}: ABI {landlock.version()}.",
        ),
        SandboxLayer("seccomp", used != NONE, "Sockets, other processes, namespaces, mounts, attributes."),
        SandboxLayer(
            "capabilities",
            used != NONE,
            "Dropped: root's number alone gives no right." if os.geteuid() == 0 else "The worker has none.",
        ),
        SandboxLayer(
            "bubblewrap",
            used == BUBBLEWRAP,
            f"{bwrap}: what there is where the kernel has no Landlock."
            if bwrap
            else "bwrap is not installed.",
        ),
    )


def _scopes() -> bool:
    return landlock.version() >= landlock.SCOPES_SINCE


@dataclass(frozen=True, slots=True)
class Trial:
    """An attempt at getting out: `escaped` names what succeeded and should not have."""

    escaped: tuple[str, ...]
    works: bool
    """The binary itself starts in its box."""


def try_out(ffmpeg: Path) -> Trial:
    """Let the real binary try to read a foreign file, to write one, and to connect. Takes some 0.1 s.

    Call from the main thread. Raises SandboxMissing.
    """
    with tempfile.TemporaryDirectory() as folder, socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0)
        foreign, planted = Path(folder, "foreign.wav"), Path(folder, "planted")
        foreign.write_bytes(_a_second_of_silence())
        quiet = ("-v", "error", "-nostdin", "-y")
        null = ("-f", "null", "-")
        lavfi = ("-f", "lavfi", "-t", "0.1", "-i", "anullsrc")
        port = listener.getsockname()[1]
        works = _exit_code((str(ffmpeg), *quiet, *lavfi, *null)) == 0
        escaped = []
        if _exit_code((str(ffmpeg), *quiet, "-i", f"file:{foreign}", *null)) == 0:
            escaped.append("read a foreign file")
        _exit_code((str(ffmpeg), *quiet, *lavfi, "-f", "wav", f"file:{planted}"))
        if planted.exists():
            escaped.append("wrote a foreign file")
        _exit_code((str(ffmpeg), *quiet, "-rw_timeout", "200000", "-i", f"tcp://127.0.0.1:{port}", *null))
        with suppress(BlockingIOError):
            listener.accept()[0].close()
            escaped.append("connected to a port")
    return Trial(tuple(escaped), works)


def cost_ms(ffmpeg: Path) -> float:
    """What the box adds to the start of one process: the difference of two medians, milliseconds."""
    with_box: list[float] = []
    without: list[float] = []
    for _ in range(_COST_SAMPLES):
        for layer, samples in ((chosen(), with_box), (NONE, without)):
            began = time.perf_counter()
            _exit_code((str(ffmpeg), "-v", "error", "-version"), layer=layer)
            samples.append(1000 * (time.perf_counter() - began))
    return median(with_box) - median(without)


def _exit_code(argv: tuple[str, ...], *, layer: str | None = None) -> int:
    """Run to the end with all output thrown away; killed after 10 s."""
    null = os.open(os.devnull, os.O_RDWR)
    try:
        request = Request(argv, "/", layer or chosen(), grants(Box(), Path(argv[0])), {}, "")
        pid = launch.spawn(request, stdout=null, stderr=null)
    finally:
        os.close(null)
    deadline = time.monotonic() + _TRIAL_SECONDS
    ended_fd = os.pidfd_open(pid)
    try:
        if not select.select([ended_fd], [], [], max(0.0, deadline - time.monotonic()))[0]:
            os.kill(pid, 9)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    finally:
        os.close(ended_fd)


def _a_second_of_silence() -> bytes:
    """A WAV file, 8 kHz, 8 bit, mono: RIFF's header by hand."""
    samples = b"\x80" * 8000
    form = b"fmt " + (16).to_bytes(4, "little") + bytes.fromhex("01000100401f0000401f000001000800")
    data = b"data" + len(samples).to_bytes(4, "little") + samples
    return b"RIFF" + (4 + len(form) + len(data)).to_bytes(4, "little") + b"WAVE" + form + data
