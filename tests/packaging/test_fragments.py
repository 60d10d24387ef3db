import json
import struct
import subprocess
from pathlib import Path

import pytest

from adapters.packaging.fragments import FragmentIndex, IndexUnreadable, read_index


def box(kind: bytes, payload: bytes = b"") -> bytes:
    return struct.pack(">I4s", 8 + len(payload), kind) + payload


def sidx(*sizes_and_durations: tuple[int, int], first_offset: int = 0, count: int | None = None) -> bytes:
    """Version 0, ISO/IEC 14496-12, 8.16.3."""
    entries = b"".join(struct.pack(">III", *pair, 0x90000000) for pair in sizes_and_durations)
    count = len(sizes_and_durations) if count is None else count
    return box(b"sidx", struct.pack(">IIIIIHH", 0, 1, 1000, 0, first_offset, 0, count) + entries)


FRAGMENT = box(b"moof") + box(b"mdat", b"12345678")
LENGTH = len(FRAGMENT)
FRONT = box(b"ftyp") + box(b"moov")


def index_of(data: bytes, folder: Path) -> FragmentIndex:
    file = folder / "file.mp4"
    file.write_bytes(data)
    return read_index(file)


def test_the_index_lists_every_fragment_and_nothing_else(encoded):
    index = read_index(encoded.high)
    data = encoded.high.read_bytes()
    assert data[index.init_bytes + 4 : index.init_bytes + 8] == b"sidx"
    ends = [fragment.offset + fragment.size_bytes for fragment in index.fragments]
    assert [fragment.offset for fragment in index.fragments[1:]] == ends[:-1]
    assert all(data[fragment.offset + 4 : fragment.offset + 8] == b"moof" for fragment in index.fragments)
    assert data.count(b"moof") == len(index.fragments) == 3
    assert data[ends[-1] + 4 : ends[-1] + 8] == b"mfra"


def test_video_fragments_last_as_long_as_their_gops(encoded):
    index = read_index(encoded.low)
    seconds = [fragment.duration / index.timescale for fragment in index.fragments]
    assert seconds == [2.0, 2.0, 1.28]


def test_audio_durations_leave_out_the_encoders_priming(encoded, ffprobe):
    index = read_index(encoded.audio)
    argv = [ffprobe, "-v", "error", "-show_entries", "format=duration", "-of", "json", encoded.audio]
    probed = json.loads(subprocess.run(argv, capture_output=True, check=True, timeout=30).stdout)
    total = sum(fragment.duration for fragment in index.fragments) / index.timescale
    assert total == pytest.approx(float(probed["format"]["duration"]), abs=0.001)


def test_an_index_survives_json(encoded):
    index = read_index(encoded.high)
    assert FragmentIndex.from_json(json.loads(json.dumps(index.to_json()))) == index


def test_an_index_reads_headers_and_not_the_media(tmp_path):
    """A file of 20 GB, nearly all of it a hole in one mdat with a 64-bit size."""
    file = tmp_path / "large.mp4"
    size = 20_000_000_000
    mdat = struct.pack(">I4sQ", 1, b"mdat", size)
    small = len(box(b"moof")) + size
    with file.open("wb") as stream:
        # A sidx entry holds 31 bits, so the large fragment stands behind what the index lists.
        stream.write(FRONT + sidx((LENGTH, 2000)) + FRAGMENT + box(b"free") + mdat)
        stream.truncate(stream.tell() - len(mdat) + size)
    assert small > 2**31
    assert [fragment.size_bytes for fragment in read_index(file).fragments] == [LENGTH]


def test_a_gap_between_the_index_and_the_media_is_honoured(tmp_path):
    data = FRONT + sidx((LENGTH, 2000), first_offset=8) + box(b"free") + FRAGMENT
    assert index_of(data, tmp_path).fragments[0].offset == data.index(FRAGMENT)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no moov box"),
        (b"\0\0\0", "ends inside a box header"),
        (b"<!doctype html><html></html>", "claims"),
        (FRONT + FRAGMENT, "no sidx box"),
        (box(b"ftyp") + sidx((LENGTH, 1)) + FRAGMENT, "no moov box"),
        (FRONT + sidx() + FRAGMENT, "lists no fragments"),
        (FRONT + sidx((LENGTH, 1), count=2) + FRAGMENT, "lists no fragments"),
        (FRONT + box(b"sidx", b"\0" * 10) + FRAGMENT, "cut short"),
        (FRONT + sidx((LENGTH | 1 << 31, 1)) + FRAGMENT, "further indexes"),
        (FRONT + sidx((LENGTH, 1), (LENGTH, 1)) + FRAGMENT + FRAGMENT[:-1], "ends at byte"),
        (FRONT + sidx((LENGTH, 1)) + FRAGMENT + FRAGMENT, "leaves out"),
        (FRONT + sidx((LENGTH, 1)) + box(b"free") + FRAGMENT, "where there is none"),
        (FRONT + sidx((8, 1)) + FRAGMENT, "where there is none"),
    ],
)
def test_a_file_that_cannot_be_played_by_its_index_is_refused(data, reason, tmp_path):
    with pytest.raises(IndexUnreadable, match=reason):
        index_of(data, tmp_path)


def test_an_ordinary_mp4_is_refused(clip):
    with pytest.raises(IndexUnreadable):
        read_index(clip)
