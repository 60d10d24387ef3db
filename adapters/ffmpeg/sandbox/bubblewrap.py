"""Bubblewrap: the box made of namespaces, for kernels without Landlock that let a user make some.

The program sees a file system of its own, no network and no other process. What it used is not seen from
outside: CPU time reads 0. See bwrap(1).
"""

import shutil
from pathlib import Path

from adapters.ffmpeg.sandbox.box import Grants

_TRIAL_SECONDS = 10.0


def binary() -> str | None:
    """Where bwrap is; None without it."""
    return shutil.which("bwrap", path="/usr/bin:/bin:/usr/local/bin")


def why_not() -> str | None:
    """Why it can make no box here; None where it can. Tried: many a container forbids namespaces."""
    import subprocess  # not above: the launcher, which needs none, would import it with every worker

    bwrap = binary()
    if bwrap is None:
        return "bwrap is not installed."
    argv = (bwrap, "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--", bwrap, "--version")
    try:
        tried = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=_TRIAL_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{bwrap} cannot be tried: {error}."
    said = tried.stderr.decode("utf-8", "replace").strip()
    return None if tried.returncode == 0 else f"{bwrap} makes no namespaces here: {said[:200]}."


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
