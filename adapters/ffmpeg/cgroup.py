"""A control group for the memory of one FFmpeg, where the worker may make one.

https://docs.kernel.org/admin-guide/cgroup-v2.html. It takes a worker that lives in a leaf of a subtree that is
its own, as systemd arranges with `Delegate=memory` and `DelegateSubgroup=` (254+): processes may live in leaves
alone, so FFmpeg's group stands beside the worker's.
"""

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

_PROC_SELF = Path("/proc/self")
# systemd marks what it has given away; without the mark, what root may write to belongs to somebody else.
_MARKS = ("user.delegate", "trusted.delegate")
_REMOVE_SECONDS = 1.0
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Delegation:
    """The group in which this worker may make others; None with the reason in `detail`."""

    parent: Path | None
    detail: str


@lru_cache(maxsize=1)
def delegation() -> Delegation:
    """What this process may do; looked up once, since neither its group nor the mounts change under it."""
    try:
        own = own_group((_PROC_SELF / "cgroup").read_text(), (_PROC_SELF / "mountinfo").read_text())
        return Delegation(None, "There is no cgroup v2 here.") if own is None else delegation_of(own)
    except OSError as error:
        return Delegation(None, f"The control groups cannot be read: {error.strerror}.")


def own_group(cgroup: str, mountinfo: str) -> Path | None:
    """The folder of the group named in /proc/self/cgroup, by the mounts in /proc/self/mountinfo."""
    paths = [line[3:] for line in cgroup.splitlines() if line.startswith("0::/")]
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        if paths and after.startswith("cgroup2 "):
            root, mount = before.split()[3:5]
            return Path(mount, os.path.relpath(paths[0], root))
    return None


def delegation_of(own: Path) -> Delegation:
    """Whether groups can be made beside `own`; turns their memory controller on. Raises OSError."""
    parent = own.parent
    if not (own / "cgroup.type").exists() or not (parent / "cgroup.subtree_control").exists():
        return Delegation(
            None, "The worker is in the root of its control groups: it needs a leaf of its own."
        )
    if "memory" not in (parent / "cgroup.controllers").read_text().split():
        return Delegation(None, f"{parent} has no memory controller.")
    if not _is_ours(parent):
        return Delegation(None, f"{parent} is not delegated to this worker.")
    if "memory" not in (parent / "cgroup.subtree_control").read_text().split():
        try:
            (parent / "cgroup.subtree_control").write_text("+memory")
        except OSError as error:
            return Delegation(None, f"{parent} does not hand on its memory controller: {error.strerror}.")
    return Delegation(parent, f"memory.max of a group for each process, in {parent}.")


def _is_ours(parent: Path) -> bool:
    files = (parent, parent / "cgroup.procs", parent / "cgroup.subtree_control")
    if not all(os.access(path, os.W_OK) for path in files):
        return False
    if os.geteuid() != 0:
        return True
    for mark in _MARKS:
        with suppress(OSError):
            if os.getxattr(parent, mark) == b"1":
                return True
    return False


class MemoryGroup:
    """Context manager: a group that may have `memory_bytes` resident, page cache included, and no swap.

    The kernel kills all of it at once when it cannot reclaim enough. Raises OSError if it cannot be made.
    """

    def __init__(self, parent: Path, memory_bytes: int) -> None:
        self.path = parent / f"ffmpeg-{os.getpid()}-{next(_numbers)}"
        self._memory_bytes = memory_bytes

    @property
    def procs(self) -> Path:
        """Who writes 0 into it becomes a member."""
        return self.path / "cgroup.procs"

    def __enter__(self) -> Self:
        self.path.mkdir()
        try:
            (self.path / "memory.max").write_text(str(self._memory_bytes))
            (self.path / "memory.oom.group").write_text("1")
            with suppress(OSError):  # a kernel that counts no swap
                (self.path / "memory.swap.max").write_text("0")
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # Linux 5.14+; before, killing the group of the process has to do
            (self.path / "cgroup.kill").write_text("1")
        self._remove()

    def oom_kills(self) -> int:
        """How many members the kernel has killed for want of memory."""
        events = dict(line.split() for line in (self.path / "memory.events").read_text().splitlines())
        return int(events.get("oom_kill", 0))

    def _remove(self) -> None:
        """A killed member stays in the group until the kernel is done with it. A group left over holds nothing."""
        deadline = time.monotonic() + _REMOVE_SECONDS
        while time.monotonic() < deadline:
            try:
                self.path.rmdir()
            except OSError:
                time.sleep(0.01)
            else:
                return
