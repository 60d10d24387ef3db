"""The worker's end of the child: its command, its box, and what became of it.

Pillow, libheif and pdfium never open a stranger's bytes in the worker itself: a decoder's bug would have the worker's
database and storage. The child is a Python of its own, started by the same supervisor and in the same box as FFmpeg,
and what it says is believed only where a stranger could say it too.
"""

import json
import signal
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from adapters.ffmpeg.supervisor import Box, Completed, Limits, StopReason, supervise
from adapters.imaging.encode import ImageEncode
from adapters.imaging.seen import Document, Image, parse_still
from adapters.imaging.sniff import StillKind

_PROGRAM = Path(__file__).resolve().parent / "program" / "__main__.py"
_MAX_ANSWER_BYTES = 1 << 20
_MAX_DETAIL = 500
_LOOK_SECONDS = 30.0
# CPU seconds, which a busy machine does not lengthen. The largest picture that is allowed took 8 (measured).
_LOOK_CPU_SECONDS = 10
_PICTURE_CPU_SECONDS = 30
# Headers and the tree of pages; measured: 45 MB for an image, 60 for a document.
_LOOK_BYTES = 1 << 30
_CANNOT_EXECUTE = 127
# What the child may blame: its own word for a fault that would send the work elsewhere is not enough.
_BELIEVED = frozenset({
    "source_unreadable", "object_too_large", "picture_size_refused", "document_encrypted", "imaging_unavailable",
    "out_of_memory", "disk_full", "output_too_large", "imaging_failed",
})  # fmt: skip
_KILLED = frozenset({signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
CODES = _BELIEVED | {
    *map(str, StopReason), "imaging_killed", "imaging_crashed", "sandbox_unavailable", "source_too_complex",
}  # fmt: skip
"""Every fault code that comes out of here."""


class ImagingFailed(Exception):
    """`code` is one of CODES, `detail` a line of evidence."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


@dataclass(slots=True)
class Answer:
    """What the child says, line by line, as far as it fits; `on_made` hears how many pictures there are."""

    on_made: Callable[[int], None]
    done: Mapping[str, Any] | None = None
    fault: tuple[str, str] | None = None
    made: int = 0
    is_too_long: bool = False
    _rest: bytes = b""
    _bytes: int = 0

    def take(self, data: bytes) -> bool:
        """Bytes of stdout; whether they show an advance."""
        self._bytes += len(data)
        if self._bytes > _MAX_ANSWER_BYTES:
            self.is_too_long = True
            return False
        *lines, self._rest = (self._rest + data).split(b"\n")
        made = self.made
        for line in lines:
            self._read(line)
        if self.made > made:
            self.on_made(self.made)
        return self.made > made

    def _read(self, text: bytes) -> None:
        try:
            line = json.loads(text)
        except (ValueError, RecursionError):
            return
        if not isinstance(line, dict):
            return
        self.made += "made" in line
        if isinstance(line.get("done"), dict):
            self.done = line["done"]
        if isinstance(line.get("fault"), str):
            self.fault = line["fault"], str(line.get("detail", ""))[:_MAX_DETAIL]


def make_argv(encode: ImageEncode, kind: StillKind, *, source: Path, folder: Path) -> tuple[str, ...]:
    """The command that makes the pictures of `encode` in `folder`, of a source of this kind."""
    pictures = [asdict(picture) for picture in encode.pictures]
    return _argv(
        "make",
        kind=kind,
        source=str(source),
        cpu_seconds=_PICTURE_CPU_SECONDS,
        folder=str(folder),
        format=encode.format,
        pictures=pictures,
    )


def run(
    argv: tuple[str, ...],
    *,
    workspace: Path,
    box: Box,
    stderr_file: Path,
    limits: Limits,
    on_made: Callable[[int], None],
    stop_reason: Callable[[], StopReason | None],
) -> tuple[Completed, Answer]:
    """Run a command of this file; `box` needs nothing but the job's own files. Call from the main thread."""
    answer = Answer(on_made)
    completed = supervise(
        argv,
        workspace=workspace,
        box=Box(readable=(*_needed(), *box.readable), writable=box.writable),
        stderr_file=stderr_file,
        limits=limits,
        on_output=answer.take,
        stop_reason=lambda: stop_reason() or (StopReason.OUTPUT_TOO_LARGE if answer.is_too_long else None),
    )
    return completed, answer


def judge(completed: Completed, answer: Answer, stderr: str) -> Mapping[str, Any]:
    """What the child found. Raises ImagingFailed unless it ended well and said so."""
    if completed.stop_reason is not None:
        raise ImagingFailed(str(completed.stop_reason), completed.stop_detail or "stopped by the worker")
    # Bubblewrap tells of its child's signal as a shell does.
    ended_by = completed.signal or max(0, (completed.exit_code or 0) - 128)
    if ended_by == signal.SIGXCPU:
        raise ImagingFailed("source_too_complex", "over its seconds of CPU")
    if ended_by:
        raise ImagingFailed(
            "imaging_killed" if ended_by in _KILLED else "imaging_crashed", f"signal {ended_by}"
        )
    last = stderr.strip().rpartition("\n")[2][:_MAX_DETAIL]
    if completed.exit_code == _CANNOT_EXECUTE:
        is_sandbox = "launcher: sandbox: " in last
        raise ImagingFailed("sandbox_unavailable" if is_sandbox else "imaging_unavailable", last)
    if completed.exit_code == 0 and answer.done is not None:
        return answer.done
    if answer.fault is not None and answer.fault[0] in _BELIEVED:
        raise ImagingFailed(*answer.fault)
    raise ImagingFailed("imaging_failed", last or f"exit code {completed.exit_code}")


def look(source: Path, kind: StillKind) -> Image | Document:
    """What an image or a document is, by its header. Call from the main thread. Raises ImagingFailed."""
    source = source.absolute()
    argv = _argv("look", kind=kind, source=str(source), cpu_seconds=_LOOK_CPU_SECONDS)
    seen = parse_still(_ask(argv, Box(readable=(source,))))
    if seen is None or seen.format != kind:
        raise ImagingFailed("imaging_failed", "what was said of the source makes no sense")
    return seen


def ask_inventory() -> Mapping[str, Any]:
    """What the child is made of: `libraries`, `formats`, `missing`. Call from the main thread. Raises ImagingFailed."""
    return _ask(_argv("identify"), Box())


def site_folder() -> Path | None:
    """Where Pillow and its like are installed; None without them. Nothing of them is imported."""
    spec = find_spec("PIL")
    return Path(spec.origin).resolve().parents[1] if spec and spec.origin else None


def interpreter() -> Path:
    """The Python itself, not a virtual environment's link to it, which would need more files to start."""
    return Path(getattr(sys, "_base_executable", "") or sys.executable).resolve()


def _argv(action: str, **request: Any) -> tuple[str, ...]:
    # Isolated, without site-packages of its own, writing no bytecode.
    flags = ("-I", "-S", "-B")
    return (
        str(interpreter()),
        *flags,
        str(_PROGRAM),
        str(site_folder() or ""),
        json.dumps({"action": action, **request}),
    )


def _ask(argv: tuple[str, ...], box: Box) -> Mapping[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        stderr_file = Path(folder, "stderr")
        limits = Limits(
            _LOOK_SECONDS, _LOOK_SECONDS, _MAX_ANSWER_BYTES, grace_seconds=1, memory_bytes=_LOOK_BYTES
        )
        completed, answer = run(
            argv,
            workspace=Path(folder),
            box=box,
            stderr_file=stderr_file,
            limits=limits,
            on_made=lambda _: None,
            stop_reason=lambda: None,
        )
        return judge(completed, answer, stderr_file.read_text("utf-8", "replace"))


@lru_cache(maxsize=1)
def _needed() -> tuple[Path, ...]:
    """What the child reads before it reads the source: Python, the libraries of images, and itself.

    The folder of installed packages holds public code and no more; of the checkout it is this package alone.
    """
    library = Path(
        sysconfig.get_config_var("LIBDIR") or "/nowhere", sysconfig.get_config_var("INSTSONAME") or "none"
    )
    paths = [Path(sysconfig.get_path("stdlib")), library, _PROGRAM.parents[1]]
    site = site_folder()
    return tuple(path for path in (*paths, *([site] if site else [])) if path.exists())
