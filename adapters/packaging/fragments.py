"""The fragment index of a CMAF file: what byte-range playlists are written from.

The file carries it in front as one `sidx` box (ISO/IEC 14496-12, 8.16.3), so an index costs some header
reads even for a file of 20 GB.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from adapters.packaging.boxes import Box, IndexUnreadable, box_at, boxes
from adapters.packaging.codecs import codec_of
from adapters.packaging.samples import key_frame_bytes

__all__ = ["Fragment", "FragmentIndex", "IndexUnreadable", "codec_string", "read_index"]

# A fragmented file's moov holds no sample tables and a sidx at most 65,535 entries of 12 bytes.
_MAX_PAYLOAD_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Fragment:
    """One moof with its mdat; `duration` in ticks of the index's timescale."""

    offset: int
    size_bytes: int
    duration: int
    key_frame_bytes: int = 0
    """From `offset` to the end of the first sample: what a player fetches to show one picture. 0: the fragment
    does not start with a key frame, or it is not known."""


@dataclass(frozen=True, slots=True)
class FragmentIndex:
    """Where the fragments of one file lie. They follow one another without a gap."""

    init_bytes: int
    """From byte 0 to the end of the moov: what EXT-X-MAP must cover. The sidx behind it is for DASH."""
    timescale: int
    """Ticks per second."""
    fragments: tuple[Fragment, ...]
    sidx_offset: int = 0
    sidx_bytes: int = 0
    """Where the sidx lies, for DASH; 0 bytes: not known."""
    start: int = 0
    """Presentation time of the first picture or sound, in ticks."""

    def to_json(self) -> dict[str, Any]:
        """Compact: size, duration and key frame of each fragment; offsets follow from the first."""
        return {
            "init_bytes": self.init_bytes,
            "timescale": self.timescale,
            "first_offset": self.fragments[0].offset,
            "sidx": [self.sidx_offset, self.sidx_bytes],
            "start": self.start,
            "fragments": [
                [fragment.size_bytes, fragment.duration, fragment.key_frame_bytes]
                for fragment in self.fragments
            ],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "FragmentIndex":
        """The inverse of `to_json`. Raises KeyError, TypeError or ValueError for anything else.

        An index that was stored without sidx and key frames is read too: its sidx fills the bytes between the
        moov and the first fragment, as the encodes of that time wrote it.
        """
        init_bytes, first_offset = document["init_bytes"], document["first_offset"]
        sidx_offset, sidx_bytes = document.get("sidx", (init_bytes, first_offset - init_bytes))
        return cls(
            init_bytes=init_bytes,
            timescale=document["timescale"],
            fragments=_laid_out(first_offset, document["fragments"]),
            sidx_offset=sidx_offset,
            sidx_bytes=sidx_bytes,
            start=document.get("start", 0),
        )

    @property
    def has_key_frames(self) -> bool:
        """Whether every fragment is known to start with one, and where it ends."""
        return all(fragment.key_frame_bytes for fragment in self.fragments)


def read_index(file: Path) -> FragmentIndex:
    """Read the index and check it against the file: every entry is a whole moof + mdat, and none is left out.

    Raises IndexUnreadable for any other kind of file, a truncated one too; OSError if it cannot be read.
    """
    size = file.stat().st_size
    with file.open("rb") as stream:
        moov, sidx = _front_boxes(stream, size, "moov", "sidx")
        index = _parse_sidx(_payload(stream, sidx), sidx, moov_end=moov.end)
        fragments = tuple(_looked_at(stream, fragment, size) for fragment in index.fragments)
        index = replace(index, fragments=fragments)
        end = index.fragments[-1].offset + index.fragments[-1].size_bytes
        # FFmpeg writes the number of entries into 16 bits without a look at its size; and a file that
        # was indexed fragment by fragment has the next sidx here.
        if end < size and box_at(stream, end, size).kind in ("moof", "sidx"):
            raise IndexUnreadable("the index leaves out the fragments behind its last entry")
    return index


def codec_string(file: Path) -> str:
    """The codec of the file's first track for the CODECS attribute (RFC 6381). Raises as `read_index`."""
    with file.open("rb") as stream:
        (moov,) = _front_boxes(stream, file.stat().st_size, "moov")
        return codec_of(_payload(stream, moov))


def _front_boxes(stream: BinaryIO, size: int, *kinds: str) -> list[Box]:
    """The first box of each kind, all of them before the media."""
    found: dict[str, Box] = {}
    for box in boxes(stream, size):
        if box.kind in ("moof", "mdat"):
            break
        found.setdefault(box.kind, box)
    for kind in kinds:
        if kind not in found:
            raise IndexUnreadable(f"there is no {kind} box in front of the media")
    return [found[kind] for kind in kinds]


def _payload(stream: BinaryIO, box: Box) -> bytes:
    if box.size_bytes > _MAX_PAYLOAD_BYTES:
        raise IndexUnreadable(f"the {box.kind} box has {box.size_bytes} bytes: this is no fragmented file")
    stream.seek(box.offset + box.header_bytes)
    return stream.read(box.size_bytes - box.header_bytes)


def _parse_sidx(sidx: bytes, box: Box, *, moov_end: int) -> FragmentIndex:
    try:
        version, _, timescale = struct.unpack_from(">B3xII", sidx)
        start, first_offset, count = struct.unpack_from(">QQ2xH" if version else ">II2xH", sidx, 12)
        entries = list(struct.iter_unpack(">III", sidx[32 if version else 24 :][: 12 * count]))
    except struct.error as error:
        raise IndexUnreadable("the sidx box is cut short") from error
    if not entries or len(entries) != count or not timescale:
        raise IndexUnreadable("the sidx box lists no fragments")
    if any(reference & 1 << 31 for reference, _, _ in entries):
        raise IndexUnreadable("the sidx box points to further indexes")
    pieces = [(reference, duration) for reference, duration, _ in entries]
    return FragmentIndex(
        init_bytes=moov_end,
        timescale=timescale,
        fragments=_laid_out(box.end + first_offset, pieces),
        sidx_offset=box.offset,
        sidx_bytes=box.size_bytes,
        start=start,
    )


def _laid_out(offset: int, pieces: Iterable[Sequence[int]]) -> tuple[Fragment, ...]:
    """From size, duration and perhaps key frame of each."""
    fragments = []
    for size_bytes, duration, *key_frame in pieces:
        fragments.append(Fragment(offset, size_bytes, duration, *key_frame))
        offset += size_bytes
    return tuple(fragments)


def _looked_at(stream: BinaryIO, fragment: Fragment, size: int) -> Fragment:
    """The fragment with its key frame. Raises IndexUnreadable if it is not there."""
    end = fragment.offset + fragment.size_bytes
    if end > size:
        raise IndexUnreadable(f"the file ends at byte {size}, the index lists a fragment up to byte {end}")
    moof = box_at(stream, fragment.offset, end)
    mdat = box_at(stream, moof.end, end) if moof.end < end else moof
    if (moof.kind, mdat.kind, mdat.end) != ("moof", "mdat", end):
        raise IndexUnreadable(f"the index lists a fragment at byte {fragment.offset}, where there is none")
    key_frame = key_frame_bytes(_payload(stream, moof))
    if not moof.size_bytes < key_frame <= fragment.size_bytes:
        key_frame = 0
    return replace(fragment, key_frame_bytes=key_frame)
