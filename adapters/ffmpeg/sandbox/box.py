"""The files that one process may touch, as data."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

# Where a distribution keeps shared libraries, and the index that the dynamic linker reads.
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache")
# drawtext and libass look fonts up by name (fontconfig), or get a file's name.
_FONTS = (
    "/etc/fonts", "/usr/share/fontconfig", "/usr/share/fonts", "/usr/local/share/fonts", "/var/cache/fontconfig",
)  # fmt: skip
# The encoders count processors and look at how memory is shared between them.
_MACHINE = ("/proc/cpuinfo", "/sys/devices/system/cpu", "/sys/devices/system/node", "/dev/urandom")
_DEVICES = ("/dev/null",)
# What the drivers of GPUs look at beside their device files, all of it public on the machine: which device a node
# is (libdrm: /sys/dev/char/226:*), NVIDIA's parameters, the process's own maps, tables of chips.
_GPU_FILES = (
    "/proc/self", "/proc/driver/nvidia", "/proc/devices", "/proc/meminfo", "/sys/dev/char", "/sys/class/drm",
    "/sys/bus/pci/devices", "/sys/module/nvidia", "/usr/share/libdrm", "/usr/share/drirc.d", "/etc/drirc",
    "/usr/share/nvidia",
)  # fmt: skip
# Where the links of /sys/dev/char and /sys/bus/pci lead to.
_GPU_BUSES = "pci*"
_SCRIPT = b"#!"


@dataclass(frozen=True, slots=True)
class Box:
    """What a process may touch besides its binary, its libraries, fonts and /dev/null. Absolute paths.

    A file grants itself, a folder all that lies in it. What does not exist is left out.
    """

    readable: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()
    """Folders, in which files may be made, changed and removed; no folders, links, devices or sockets."""
    devices: tuple[Path, ...] = ()
    """Device files with their ioctls: a GPU's. With them come its driver's libraries, which even a static FFmpeg
    loads, and what these read of the machine."""


@dataclass(frozen=True, slots=True)
class Grants:
    """A box spelled out for the kernel: every path that exists, by what may be done there."""

    execute: tuple[str, ...]
    read: tuple[str, ...]
    write: tuple[str, ...]
    devices: tuple[str, ...]


def grants(box: Box, binary: Path) -> Grants:
    """All paths for `binary` in `box`."""
    drivers, their_files = (_existing(_LIBRARIES), _gpu_files()) if box.devices else ((), ())
    return Grants(
        execute=tuple(dict.fromkeys((str(binary), *_needed_by(binary), *drivers))),
        read=(*_existing((*_FONTS, *_MACHINE)), *their_files, *map(str, box.readable)),
        write=tuple(map(str, box.writable)),
        devices=(*_existing(_DEVICES), *map(str, box.devices)),
    )


def gpu_devices() -> tuple[Path, ...]:
    """Device files of the GPUs here, for a box in which one is used: NVIDIA's, and DRM's (VA-API, QSV)."""
    return (*sorted(Path("/dev").glob("nvidia*")), *render_nodes())


def render_nodes() -> tuple[Path, ...]:
    """DRM's render nodes here, in the order of their numbers."""
    return tuple(sorted(Path("/dev/dri").glob("renderD*")))


def _gpu_files() -> tuple[str, ...]:
    # Not remembered: /proc/self is another one in the launcher's child, which opens it.
    return (*_existing(_GPU_FILES), *map(str, sorted(Path("/sys/devices").glob(_GPU_BUSES))))


@lru_cache(maxsize=8)
def _existing(paths: Sequence[str]) -> tuple[str, ...]:
    return tuple(path for path in paths if Path(path).exists())


@lru_cache(maxsize=16)
def _needed_by(binary: Path) -> tuple[str, ...]:
    """What must be executable for `binary` to run: nothing for a static one, the interpreter for a script."""
    try:
        with binary.open("rb") as file:
            head = file.read(4096)
    except OSError:
        return ()
    if head.startswith(_SCRIPT):
        interpreter = head.removeprefix(_SCRIPT).split(maxsplit=1)[0].decode("utf-8", "surrogateescape")
        return (interpreter, *_existing(_LIBRARIES))
    return _existing(_LIBRARIES) if b"/ld-" in head else ()
