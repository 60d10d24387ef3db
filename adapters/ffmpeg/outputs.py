"""What FFmpeg left, before anybody opens it: plain files with one name each, beneath their folder.

A file that a process in a box has made can be anything that its box lets it make: a link to another tenant's
file would be uploaded as this one's. The box allows no links; this does not rely on it.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path


class OutputRefused(Exception):
    """Something that is not a plain file with one name, or too many of them. The message names it by its place."""


def collect(folder: Path, *, most: int) -> tuple[Path, ...]:
    """Every file beneath `folder`, sorted by path. Raises OutputRefused, FileNotFoundError."""
    # A link in the folder's own place would be followed: its files would be another tenant's.
    if not stat.S_ISDIR(os.lstat(folder).st_mode):
        raise OutputRefused(f"{folder.name!r} is not a folder any more")
    found: list[Path] = []
    for path in _walk(folder):
        found.append(path)
        if len(found) > most:
            raise OutputRefused(f"more than {most} files were written")
    return tuple(sorted(found))


def check(file: Path) -> None:
    """Raises OutputRefused unless `file` is a plain file with one name, and FileNotFoundError."""
    _check(file.name, os.lstat(file))


def _walk(folder: Path) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(Path(entry.path))
            else:
                _check(entry.name, entry.stat(follow_symlinks=False))
                yield Path(entry.path)


def _check(name: str, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise OutputRefused(f"{name!r} is not a plain file")
    if found.st_nlink != 1:
        raise OutputRefused(f"{name!r} has {found.st_nlink} names")
