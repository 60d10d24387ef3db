"""Subtitles beside a film, as one file and in segments: read back by FFmpeg and m3u8."""

import json
import subprocess
from fractions import Fraction
from pathlib import Path

import m3u8
import pytest

from adapters.packaging import hls, webvtt
from adapters.packaging.fragments import codec_string, read_index
from adapters.packaging.timeline import bit_rate, segments_of
from adapters.packaging.tracks import TextTrack

CUES = """WEBVTT

00:00.500 --> 00:01.500
One

00:03.500 --> 00:04.500
Across the boundary

00:04.600 --> 00:05.000
Three
"""


@pytest.fixture(scope="module", params=["whole", "segments"])
def master(request, encoded, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("subtitled")
    (folder / "240p.mp4").write_bytes(encoded.low.read_bytes())
    index, segment = read_index(encoded.low), Fraction(4)
    (folder / "240p.m3u8").write_text(hls.media_playlist(index, "240p.mp4", segment))
    read = webvtt.parse(CUES)
    if request.param == "whole":
        durations = [Fraction(528, 100)]
        written = [read.text]
    else:
        durations = [one.seconds for one in segments_of(index, segment)]
        written = webvtt.segments(read, durations)
    names = [f"en-{number}.vtt" for number in range(len(written))]
    for name, text in zip(names, written, strict=True):
        (folder / name).write_text(text)
    (folder / "en.m3u8").write_text(hls.text_playlist(list(zip(names, durations, strict=True))))
    english = TextTrack("en.m3u8", "en-0.vtt", webvtt.bit_rate(written, durations), "English", "en")
    variant = hls.Variant("240p.m3u8", index, codec_string(encoded.low), 426, 240, Fraction(25))
    (folder / "master.m3u8").write_text(hls.master_playlist([variant], [], segment, [english]))
    return folder / "master.m3u8"


def test_ffmpeg_reads_every_cue_through_the_master(master, ffprobe):
    entries = ["-select_streams", "s", "-show_packets", "-show_data", "-show_entries", "packet=pts_time,data"]
    playlist = master.with_name("en.m3u8")
    argv = [ffprobe, "-v", "error", "-allowed_extensions", "ALL", *entries, "-of", "json", playlist]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True)
    times = {packet["pts_time"] for packet in json.loads(done.stdout)["packets"]}
    assert times == {"0.500000", "3.500000", "4.600000"}


def test_the_master_counts_the_words(master):
    read = m3u8.loads(master.read_text())
    (variant,), (text,) = read.playlists, read.media
    index = read_index(master.with_name("240p.mp4"))
    film = bit_rate(index, Fraction(4))
    words = variant.stream_info.average_bandwidth - film.average
    assert variant.stream_info.subtitles == "subtitles"
    assert 150 < words < 400, "150 bytes in 5.28 s, and a head for each segment"
    assert (text.type, text.language, text.forced, text.uri) == ("SUBTITLES", "en", "NO", "en.m3u8")
