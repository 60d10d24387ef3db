"""The whole way: real files, their indexes, the playlists, and two readers who know nothing of us."""

import json
import subprocess
from fractions import Fraction
from pathlib import Path

import m3u8
import pytest

from adapters.packaging.fragments import codec_string, read_index
from adapters.packaging.hls import AudioTrack, Variant, master_playlist, media_playlist

SECONDS = 5.28


@pytest.fixture(scope="module")
def master(encoded, tmp_path_factory) -> Path:
    """A folder as it is published: files, media playlists beside them, the master."""
    folder = tmp_path_factory.mktemp("published")
    segment = Fraction(4)
    for file in (encoded.high, encoded.low, encoded.audio):
        (folder / file.name).write_bytes(file.read_bytes())
        playlist = media_playlist(read_index(file), file.name, segment)
        (folder / file.with_suffix(".m3u8").name).write_text(playlist)
    variants = [
        Variant("360p.m3u8", read_index(encoded.high), codec_string(encoded.high), 640, 360, Fraction(25)),
        Variant("240p.m3u8", read_index(encoded.low), codec_string(encoded.low), 426, 240, Fraction(25)),
    ]
    audio = AudioTrack("audio.m3u8", read_index(encoded.audio), codec_string(encoded.audio), "Audio", 2, None)
    (folder / "master.m3u8").write_text(master_playlist(variants, [audio], segment))
    (folder / "audio-only.m3u8").write_text(master_playlist([], [audio], segment))
    return folder / "master.m3u8"


def probe(ffprobe: Path, manifest: Path) -> list[dict[str, object]]:
    argv: list[str | Path] = [
        ffprobe,
        "-v",
        "error",
        "-count_frames",
        "-show_streams",
        "-of",
        "json",
        manifest,
    ]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
    return json.loads(done.stdout)["streams"]


def test_every_frame_of_every_variant_decodes_through_the_master(master, ffprobe):
    streams = probe(ffprobe, master)
    video = [(one["width"], one["height"], one["nb_read_frames"]) for one in streams if "width" in one]
    assert video == [(640, 360, "132"), (426, 240, "132")]
    audio = [one for one in streams if one["codec_type"] == "audio"]
    assert [int(one["nb_read_frames"]) for one in audio] == [249]


@pytest.mark.parametrize(("variant", "name"), [(0, "360p.mp4"), (1, "240p.mp4")])
def test_a_player_sees_and_hears_exactly_what_was_encoded(master, variant, name, ffmpeg):
    """By the hashes of the decoded frames.

    Not by a silent stderr: FFmpeg complains of a cut NAL unit in the variant that it stops reading, and
    does so for masters of its own making too.
    """
    through_master = hashes(ffmpeg, "-i", master, "-map", f"0:p:{variant}:v", "-map", "0:a:0")
    files = ("-i", master.with_name(name), "-i", master.with_name("audio.mp4"))
    assert through_master == hashes(ffmpeg, *files, "-map", "0:v", "-map", "1:a")


def hashes(ffmpeg: Path, *arguments: str | Path) -> list[str]:
    argv = [ffmpeg, "-nostdin", "-v", "error", "-xerror", *arguments, "-f", "streamhash", "-"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
    lines = done.stdout.split()
    assert len(lines) == 2
    return lines


def test_a_player_may_enter_at_the_second_segment(master, run_ffmpeg, tmp_path):
    run_ffmpeg("-ss", "4.2", "-i", master.parent / "360p.m3u8", "-frames:v", "1", tmp_path / "frame.bmp")
    assert (tmp_path / "frame.bmp").stat().st_size > 640 * 360 * 3


def test_audio_alone_plays_through_its_master(master, ffprobe):
    (audio,) = probe(ffprobe, master.with_name("audio-only.m3u8"))
    assert audio["codec_type"] == "audio"


def test_m3u8_reads_what_was_written(master):
    read = m3u8.loads(master.read_text())
    assert read.is_variant
    assert read.is_independent_segments
    assert [one.stream_info.resolution for one in read.playlists] == [(640, 360), (426, 240)]
    assert [one.group_id for one in read.media] == ["audio"]
    assert read.playlists[0].stream_info.bandwidth > read.playlists[1].stream_info.bandwidth
    for one in read.playlists:
        assert one.stream_info.bandwidth >= one.stream_info.average_bandwidth
        media = m3u8.loads((master.parent / one.uri).read_text())
        assert media.is_endlist
        assert [segment.duration for segment in media.segments] == [4.0, 1.28]
        assert sum(segment.duration for segment in media.segments) == pytest.approx(SECONDS)
