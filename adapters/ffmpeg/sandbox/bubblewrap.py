"""Bubblewrap: the box made of namespaces, for kernels without Landlock that let a user make some.

The program sees a file system of its own, no network and no other process. What it used is not seen from
outside: CPU time reads 0. See bwrap(1).
"""

import shutil
from pathlib import Path

from adapters.ffmpeg.sandbox.box import Grants


def binary() -> str | None:
    """Where bwrap is; None without it."""
    return shutil.which("bwrap", path="/usr/bin:/bin:/usr/local/bin")


def command(argv: tuple[str, ...], allowed: Grants, *, folder: str, seccomp_fd: int) -> tuple[str, ...]:
    """`argv` in its box; `seccomp_fd` holds a filter in the kernel's format. Raises OSError without bwrap."""
    bwrap = binary()
    if bwrap is None:
        raise OSError(2, "bwrap is not installed")
    return (
        bwrap, "--unshare-all", "--die-with-parent", "--cap-drop", "ALL", "--clearenv",
        "--setenv", "LANG", "C.UTF-8", "--dev", "/dev",
        *_bind("--ro-bind-try", (*allowed.execute, *allowed.read)),
        *_bind("--bind", allowed.write),
        *_bind("--dev-bind-try", tuple(path for path in allowed.devices if path != "/dev/null")),
        *("--chdir", folder if _is_visible(folder, allowed) else "/"),
        *("--seccomp", str(seccomp_fd), "--", *argv),
    )  # fmt: skip


def _bind(option: str, paths: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for path in paths for word in (option, path, path))


def _is_visible(folder: str, allowed: Grants) -> bool:
    return any(Path(folder).is_relative_to(path) for path in (*allowed.read, *allowed.write))
