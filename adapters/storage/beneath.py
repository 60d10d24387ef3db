"""Opening folders beneath a root, following no symbolic link on the way.

A check of the whole path (`realpath`) followed by an open is a race: the link may appear in between. Here
each segment is opened from the descriptor of the one before, with O_NOFOLLOW, so what was checked is what is
open.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


@contextmanager
def open_folder(root: Path, parts: Sequence[str], *, create: bool = False) -> Iterator[int]:
    """The descriptor of ``root/parts...``; the root itself may be a link, an operator chose it.

    Raises OSError: ELOOP or ENOTDIR at a link, ENOENT where a folder is missing (unless `create`).
    """
    descriptor = os.open(root, _FOLDER)
    try:
        for part in parts:
            if create:
                with suppress(FileExistsError):
                    os.mkdir(part, dir_fd=descriptor)
            below = os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = below
        yield descriptor
    finally:
        os.close(descriptor)


def remove_empty_folders(root: Path, parts: Sequence[str]) -> None:
    """Remove ``root/parts...`` and what is above it, up to the root, as far as it is empty."""
    for depth in range(len(parts), 0, -1):
        try:
            with open_folder(root, parts[: depth - 1]) as parent:
                os.rmdir(parts[depth - 1], dir_fd=parent)
        except (
            OSError
        ):  # not empty (any more), gone already, or not ours: all fine, the objects are what counts
            return
