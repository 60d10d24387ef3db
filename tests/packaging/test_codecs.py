import struct

import pytest

from adapters.packaging.boxes import IndexUnreadable
from adapters.packaging.codecs import codec_of
from adapters.packaging.fragments import codec_string

PICTURE = ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=0.2", "-pix_fmt", "yuv420p"]
SOUND = ["-f", "lavfi", "-i", "sine=r=48000:d=0.2", "-ac", "2"]


@pytest.mark.parametrize(
    ("encode", "expected"),
    [
        ([*PICTURE, "-c:v", "libx264", "-profile:v", "high", "-level", "3.0"], "avc1.64001e"),
        ([*PICTURE, "-c:v", "libx264", "-profile:v", "baseline", "-level", "3.1"], "avc1.42c01f"),
        ([*PICTURE, "-c:v", "libx265", "-tag:v", "hvc1", "-x265-params", "log-level=0"], "hvc1.1.6.L60.90"),
        ([*PICTURE, "-c:v", "libx265", "-tag:v", "hev1", "-x265-params", "log-level=0"], "hev1.1.6.L60.90"),
        ([*PICTURE, "-c:v", "libaom-av1", "-cpu-used", "8", "-pix_fmt", "yuv420p10le"], "av01.0.00M.10"),
        ([*PICTURE, "-c:v", "libvpx-vp9", "-cpu-used", "8"], "vp09.00.11.08"),
        ([*SOUND, "-c:a", "aac"], "mp4a.40.2"),
        ([*SOUND, "-c:a", "libmp3lame"], "mp4a.6b"),
        ([*SOUND, "-c:a", "ac3"], "ac-3"),
        ([*SOUND, "-c:a", "eac3"], "ec-3"),
        ([*SOUND, "-c:a", "libopus"], "Opus"),
        ([*SOUND, "-c:a", "flac"], "fLaC"),
    ],
)
def test_the_codec_string_is_read_from_the_file(encode, expected, run_ffmpeg, tmp_path):
    file = tmp_path / "file.mp4"
    run_ffmpeg(*encode, "-movflags", "+frag_keyframe+delay_moov+global_sidx+cmaf", file)
    assert codec_string(file) == expected


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (b"\x00\x1f\x82\x01\x01\x01", "vp09.00.31.08"),
        (b"\x02\x33\xa2\x09\x10\x09", "vp09.02.51.10.01.09.16.09.00"),
        (b"\x02\x33\xa3\x09\x12\x09", "vp09.02.51.10.01.09.18.09.01"),
    ],
)
def test_vp9_tells_its_colours_where_they_are_hdr(config, expected):
    assert codec_of(moov(entry(b"vp09", bytes(78) + entry(b"vpcC", bytes(4) + config)))) == expected


def test_av1_tells_its_colours_where_they_are_hdr(run_ffmpeg, tmp_path):
    colours = "setparams=color_trc=smpte2084:color_primaries=bt2020:colorspace=bt2020nc:range=tv"
    encode = ["-vf", colours, "-c:v", "libaom-av1", "-cpu-used", "8", "-pix_fmt", "yuv420p10le"]
    file = tmp_path / "file.mp4"
    run_ffmpeg(*PICTURE[:4], *encode, "-movflags", "+frag_keyframe+delay_moov+cmaf", file)
    assert codec_string(file) == "av01.0.00M.10.0.110.09.16.09.0"


def test_the_ladders_own_files_are_named(encoded):
    assert codec_string(encoded.audio) == "mp4a.40.2"
    assert codec_string(encoded.high).startswith("avc1.42c0")


def moov(entry: bytes) -> bytes:
    payload = struct.pack(">II", 0, 1) + entry
    for kind in (b"stsd", b"stbl", b"minf", b"mdia", b"trak"):
        payload = struct.pack(">I4s", 8 + len(payload), kind) + payload
    return payload


def entry(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(payload), kind) + payload


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no trak/mdia"),
        (moov(b""), "no codec string"),
        (moov(entry(b"jpeg", b"")), "'jpeg'"),
        (moov(entry(b"avc1", b"")), "no avcC box"),
        (moov(entry(b"avc1", bytes(78) + entry(b"avcC", b"\1"))), "cut short"),
        (moov(entry(b"mp4a", bytes(28) + entry(b"esds", bytes(4) + b"\3\xff"))), "cut short"),
        (moov(entry(b"mp4a", bytes(28) + entry(b"esds", bytes(4)))), "cut short"),
    ],
)
def test_a_damaged_sample_entry_is_refused_by_name(data, reason):
    with pytest.raises(IndexUnreadable, match=reason):
        codec_of(data)
