"""A CMAF file cut into an initialization and segments: the same bytes, in files of their own.

The sidx and what stands behind the last fragment are left out: they count positions in the one file.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

from adapters.packaging.fragments import FragmentIndex, IndexUnreadable
from adapters.packaging.timeline import segments_of
from adapters.packaging.tracks import INIT_NAME, segment_name

CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Piece:
    """A file that was cut out. `name` is what manifests call it; `sha256` in lower-case hex."""

    name: str
    file: Path
    size_bytes: int
    sha256: str


def pieces(index: FragmentIndex, segment_seconds: Fraction) -> list[tuple[str, int, int]]:
    """Name, offset and size of each file to cut: the initialization first, then the segments in their order."""
    cuts = [(INIT_NAME, 0, index.init_bytes)]
    for number, segment in enumerate(segments_of(index, segment_seconds), start=1):
        cuts.append((segment_name(number), segment.offset, segment.size_bytes))
    return cuts


def cut(
    file: Path,
    cuts: list[tuple[str, int, int]],
    folder: Path,
    keep_going: Callable[[], bool] = lambda: True,
) -> Iterator[Piece]:
    """Write each piece into `folder`, one at a time, a MiB of it in memory; the caller deletes it when it likes.

    Ends early when `keep_going` says no. Raises IndexUnreadable if the file is shorter than its index says.
    """
    with file.open("rb") as source:
        for name, offset, size_bytes in cuts:
            if not keep_going():
                return
            target = folder / name
            source.seek(offset)
            with target.open("wb") as out:
                digest = _copy(source, out, size_bytes)
            yield Piece(name, target, size_bytes, digest)


def _copy(source: BinaryIO, out: BinaryIO, size_bytes: int) -> str:
    digest, left = hashlib.sha256(), size_bytes
    while left:
        chunk = source.read(min(left, CHUNK_BYTES))
        if not chunk:
            raise IndexUnreadable(f"the file ends {left} bytes before its index does")
        out.write(chunk)
        digest.update(chunk)
        left -= len(chunk)
    return digest.hexdigest()
