"""Boxes of the ISO base media file format (ISO/IEC 14496-12, 4.2): headers of a file, payloads in memory."""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO


class IndexUnreadable(ValueError):
    """The file is no fragmented MP4 with one index in front, or it is cut short. The message says which."""


@dataclass(frozen=True, slots=True)
class Box:
    """Where a box lies: `offset` and `size_bytes` cover its header, whose length is `header_bytes`."""

    kind: str
    offset: int
    size_bytes: int
    header_bytes: int

    @property
    def end(self) -> int:
        return self.offset + self.size_bytes


def box_at(stream: BinaryIO, offset: int, limit: int) -> Box:
    """Read one box header. Raises IndexUnreadable where no whole box lies between `offset` and `limit`."""
    stream.seek(offset)
    header = stream.read(16)
    if len(header) < 8:
        raise IndexUnreadable(f"the file ends inside a box header at byte {offset}")
    size, raw_kind = struct.unpack_from(">I4s", header)
    header_bytes = 8
    if size == 1 and len(header) == 16:
        (size,) = struct.unpack_from(">Q", header, 8)
        header_bytes = 16
    elif size == 0:
        size = limit - offset
    box = Box(raw_kind.decode("latin-1"), offset, size, header_bytes)
    if size < header_bytes or box.end > limit:
        raise IndexUnreadable(f"the box at byte {offset} claims {size} bytes, {limit - offset} are left")
    return box


def boxes(stream: BinaryIO, limit: int) -> Iterator[Box]:
    """The boxes of a file of `limit` bytes, one after another, by their headers alone."""
    offset = 0
    while offset < limit:
        box = box_at(stream, offset, limit)
        yield box
        offset = box.end


def children(payload: bytes) -> Iterator[tuple[str, bytes]]:
    """Kind and payload of each box in `payload`."""
    for box in boxes(io.BytesIO(payload), len(payload)):
        yield box.kind, payload[box.offset + box.header_bytes : box.end]


def child(payload: bytes, *path: str) -> bytes:
    """The payload of the first box at `path`. Raises IndexUnreadable if there is none."""
    for kind in path:
        found = next((content for name, content in children(payload) if name == kind), None)
        if found is None:
            raise IndexUnreadable(f"there is no {'/'.join(path)} box")
        payload = found
    return payload
