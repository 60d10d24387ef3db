"""What runs on this machine for one stack, read from /proc: who encodes, and who belongs to whom."""

import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Encoder:
    """An FFmpeg at work: the pid of its worker process, and the step and epoch that it works for."""

    pid: int
    parent: int
    step_id: str
    epoch: int


def encoders(work: Path) -> list[Encoder]:
    """Every FFmpeg whose workspace lies in `work`, known by its command line: `work/attempts/STEP/EPOCH/...`."""
    prefix = f"{work}/attempts/"
    found = []
    for pid, words in _commands():
        if "-progress" not in words:
            continue
        for word in words:
            _, known, rest = word.partition(prefix)
            if known and len(parts := rest.split("/")) >= 2 and (parent := _parent(pid)):
                found.append(Encoder(pid, parent, parts[0], int(parts[1])))
                break
    return found


def family(root: int) -> list[int]:
    """`root` and all that descend from it, whatever session they are in."""
    parents = {pid: _parent(pid) for pid, _ in _commands()}
    members = [root]
    for member in members:
        members += [pid for pid, parent in parents.items() if parent == member]
    return members


def send(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _commands() -> list[tuple[int, list[str]]]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
            found.append((int(folder.name), words))
    return found


def _parent(pid: int) -> int:
    """0 for a process that has ended."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0
