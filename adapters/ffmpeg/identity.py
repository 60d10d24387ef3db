"""Which FFmpeg this is, exactly: what an attempt must name to be explained years later."""

import hashlib
import re
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from adapters.ffmpeg.supervisor import Box, Limits, supervise

_VERSION = re.compile(r"^ff\w+ version (\S+)", re.MULTILINE)
_CONFIGURATION = re.compile(r"^\s*configuration: ?(.*)$", re.MULTILINE)
_LIBRARY = re.compile(r"^\s*(lib\w+)\s+(\d+)\.\s*(\d+)\.\s*(\d+) /", re.MULTILINE)
_RELEASE = re.compile(r"n?(\d+(?:\.\d+)+)")
_LIMITS = Limits(wall_seconds=30, stall_seconds=30, output_bytes=1 << 20)


class NotFFmpeg(Exception):
    """The binary does not run, or does not answer `-version` as FFmpeg does."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A build of FFmpeg. `libraries` maps "libavcodec" to "63.1.102"."""

    sha256: str
    """Of the binary file, 64 hex digits. It does not cover shared libraries: for those, name the image."""
    version: str
    configuration: str
    libraries: dict[str, str]
    container_digest: str | None

    @property
    def revision(self) -> str:
        """The short name customers see: "ffmpeg-9.0.2-1a2b3c4d"."""
        release = _RELEASE.match(self.version)
        name = release[1] if release else re.sub(r"[^A-Za-z0-9.]+", "-", self.version).strip("-")[:32]
        return f"ffmpeg-{name}-{self.sha256[:8]}"

    @property
    def has_libvmaf(self) -> bool:
        """Whether it can measure VMAF, as it was configured."""
        return "--enable-libvmaf" in self.configuration.split()


def identify(binary: Path, container_digest: str | None = None) -> Identity:
    """Hash and ask the binary; once per process for a given path, size and modification time.

    Raises FileNotFoundError if it is missing, NotFFmpeg if it does not answer.
    """
    stat = binary.stat()
    return _identify(binary, container_digest, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=16)
def _identify(binary: Path, container_digest: str | None, _size: int, _mtime_ns: int) -> Identity:
    with binary.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    answer = _ask_version(binary)
    version = _VERSION.search(answer)
    if version is None:
        raise NotFFmpeg(f"{binary} does not name its version")
    configuration = _CONFIGURATION.search(answer)
    return Identity(
        sha256=sha256,
        version=version[1],
        configuration=configuration[1].strip() if configuration else "",
        libraries={name: f"{a}.{b}.{c}" for name, a, b, c in _LIBRARY.findall(answer)},
        container_digest=container_digest,
    )


def _ask_version(binary: Path) -> str:
    answer = bytearray()

    def take(data: bytes) -> bool:
        answer.extend(data)
        return True

    with tempfile.TemporaryDirectory() as folder:
        completed = supervise(
            (str(binary), "-version"),
            workspace=Path(folder),
            box=Box(),
            stderr_file=Path(folder, "stderr"),
            limits=_LIMITS,
            on_output=take,
            stop_reason=lambda: None,
        )
    if completed.exit_code != 0:
        raise NotFFmpeg(f"{binary} -version ended with {completed.exit_code or completed.signal}")
    return answer.decode("utf-8", "replace")
