import json
import struct
import subprocess
from pathlib import Path

import pytest

from adapters.packaging.fragments import FragmentIndex, IndexUnreadable, read_index
from adapters.packaging.samples import key_frame_bytes


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


def test_each_fragment_tells_where_its_key_frame_ends(encoded, run_ffmpeg, tmp_path):
    """What a player gets that fetches the header and one range is a picture, the same as in the whole file."""
    index, data = read_index(encoded.high), encoded.high.read_bytes()
    assert index.has_key_frames
    for number, fragment in enumerate(index.fragments):
        assert fragment.key_frame_bytes < fragment.size_bytes / 2
        cut = tmp_path / f"{number}.mp4"
        key_frame = data[fragment.offset : fragment.offset + fragment.key_frame_bytes]
        cut.write_bytes(data[: index.init_bytes] + key_frame)
        # The frames behind it are missing, and FFmpeg says so.
        run_ffmpeg("-v", "fatal", "-i", cut, "-frames:v", "1", tmp_path / f"{number}.bmp")
        whole = ["-i", encoded.high, "-vf", f"select=eq(n\\,{50 * number})", "-frames:v", "1"]
        run_ffmpeg(*whole, tmp_path / f"whole-{number}.bmp")
        assert (tmp_path / f"{number}.bmp").read_bytes() == (tmp_path / f"whole-{number}.bmp").read_bytes()


def test_the_sidx_lies_where_the_index_says(encoded):
    for file in (encoded.high, encoded.audio):
        index, data = read_index(file), file.read_bytes()
        assert data[index.sidx_offset + 4 : index.sidx_offset + 8] == b"sidx"
        (size,) = struct.unpack_from(">I", data, index.sidx_offset)
        assert (index.sidx_bytes, index.start) == (size, 0)


def test_an_index_that_was_stored_without_key_frames_is_still_read(encoded):
    index = read_index(encoded.high)
    document = index.to_json()
    del document["sidx"], document["start"]
    document["fragments"] = [one[:2] for one in document["fragments"]]
    old = FragmentIndex.from_json(document)
    assert not old.has_key_frames
    assert (old.sidx_offset, old.sidx_bytes) == (index.sidx_offset, index.sidx_bytes)
    assert [(one.offset, one.size_bytes, one.duration) for one in old.fragments] == [
        (one.offset, one.size_bytes, one.duration) for one in index.fragments
    ]


def traf(tfhd: bytes, trun: bytes) -> bytes:
    return box(b"traf", box(b"tfhd", tfhd) + box(b"trun", trun))


def words(*values: int) -> bytes:
    return struct.pack(f">{len(values)}I", *values)


SYNC, OTHER = 0x02000000, 0x01010000


@pytest.mark.parametrize(
    ("moof", "expected"),
    [
        (traf(words(0x30, 1, 40, SYNC), words(0x1, 1, 100)), 140),
        (traf(words(0x3A, 1, 1, 512, 40, SYNC), words(0x1, 1, 100)), 140),
        (traf(words(0x30, 1, 40, OTHER), words(0x5, 2, 100, SYNC)), 140),
        (traf(words(0x20, 1, OTHER), words(0xF05, 2, 100, SYNC, 512, 77, OTHER, 0)), 177),
        (traf(words(0, 1), words(0x601, 1, 100, 55, SYNC)), 155),
        (traf(words(0x30, 1, 40, OTHER), words(0x1, 1, 100)), 0),
        (traf(words(0x10, 1, 40), words(0x1, 1, 100)), 0),
        (traf(words(0x20, 1, SYNC), words(0x1, 1, 100)), 0),
        (traf(words(0x30, 1, 40, SYNC), words(0x0, 1)), 0),
        (traf(words(0x30, 1, 40, SYNC), words(0x1, 0, 100)), 0),
        (traf(words(0x31, 1, 0, 99, 40, SYNC), words(0x1, 1, 100)), 0),
        (traf(words(0x30, 1, 40, SYNC), words(0x1, 1, 100)) * 2, 0),
        (box(b"traf"), 0),
        (b"", 0),
    ],
)
def test_a_key_frame_is_told_only_where_the_fragment_itself_says_so(moof, expected):
    assert key_frame_bytes(moof) == expected


def test_a_fragment_that_is_cut_short_is_refused():
    with pytest.raises(IndexUnreadable, match="cut short"):
        key_frame_bytes(traf(words(0x30, 1, 40), words(0x1, 1, 100)))


def test_a_key_frame_that_would_end_behind_its_fragment_is_none(tmp_path):
    fragment = box(b"moof", traf(words(0x30, 1, 4000, SYNC), words(0x1, 1, 100))) + box(b"mdat", b"12345678")
    index = index_of(FRONT + sidx((len(fragment), 2000)) + fragment, tmp_path)
    assert index.fragments[0].key_frame_bytes == 0


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
