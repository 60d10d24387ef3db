"""The demo's verdict: a ladder that does not play to its end fails."""

import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from config.embedded.playback import play, playlists

MANIFEST = """#EXTM3U
#EXT-X-VERSION:7
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="audio",DEFAULT=YES,URI="audio/audio.m3u8"

#EXT-X-STREAM-INF:BANDWIDTH=300000,AUDIO="audio"
240p/video.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=900000,AUDIO="audio"
480p/video.m3u8
"""


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def ladder(tmp_path: Path, ffmpeg: Path) -> Path:
    """Two seconds of test picture as one variant of five segments."""
    picture = "testsrc=size=64x64:rate=25:duration=2"
    segments = ("-hls_time", "0.4", "-hls_segment_type", "fmp4", "-hls_playlist_type", "vod")
    command: list[str | Path] = [
        ffmpeg,
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        picture,
        "-g",
        "10",
        "-f",
        "hls",
        *segments,
    ]
    subprocess.run([*command, tmp_path / "video.m3u8"], check=True)
    (tmp_path / "master.m3u8").write_text("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=100000\nvideo.m3u8\n")
    return tmp_path


@pytest.fixture
def address(ladder: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(ladder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/master.m3u8"
        server.shutdown()
        thread.join()


def test_every_playlist_of_a_manifest_is_found_once() -> None:
    assert playlists(MANIFEST, "https://cdn.example/job/master.m3u8") == [
        "https://cdn.example/job/audio/audio.m3u8",
        "https://cdn.example/job/240p/video.m3u8",
        "https://cdn.example/job/480p/video.m3u8",
    ]


def test_a_whole_ladder_plays_to_its_end(address: str, ffprobe: Path) -> None:
    (played,) = play(address, ffprobe)
    assert played.fault == ""
    assert played.promised_seconds == pytest.approx(2.0, abs=0.01)
    assert played.read_seconds == pytest.approx(2.0, abs=0.01)


def test_a_missing_segment_is_noticed(ladder: Path, address: str, ffprobe: Path) -> None:
    (ladder / "video2.m4s").unlink()
    (played,) = play(address, ffprobe)
    assert played.promised_seconds == pytest.approx(2.0, abs=0.01)
    assert played.read_seconds == pytest.approx(1.6, abs=0.01)


def test_a_missing_playlist_is_a_fault(ladder: Path, address: str, ffprobe: Path) -> None:
    (ladder / "video.m3u8").unlink()
    (played,) = play(address, ffprobe)
    assert "404" in played.fault
