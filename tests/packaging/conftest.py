"""Two video files and an audio file of one clip, made once for all tests as the ladder makes them."""

import subprocess
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest

from adapters.packaging import dash, hls
from adapters.packaging.cut import cut, pieces
from adapters.packaging.fragments import codec_string, read_index
from adapters.packaging.tracks import AudioTrack, Media, SegmentFiles, SingleFile, VideoTrack

SEGMENT = Fraction(4)
CMAF = ["-movflags", "+frag_keyframe+delay_moov+global_sidx+default_base_moof", "-brand", "cmfc"]
X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-keyint_min", "50", "-sc_threshold", "0"]


@dataclass(frozen=True, slots=True)
class Encoded:
    high: Path
    """640x360"""
    low: Path
    """426x240"""
    audio: Path


@dataclass(frozen=True, slots=True)
class Ffmpeg:
    binary: Path

    def __call__(self, *arguments: str | Path) -> None:
        """Run FFmpeg; it must end with 0 and say nothing at level error."""
        argv = [self.binary, "-nostdin", "-hide_banner", "-v", "error", "-y", *arguments]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture(scope="session")
def run_ffmpeg(ffmpeg: Path) -> Ffmpeg:
    return Ffmpeg(ffmpeg)


@pytest.fixture(scope="session")
def encoded(run_ffmpeg: Ffmpeg, clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Encoded:
    folder = tmp_path_factory.mktemp("encoded")
    made = Encoded(folder / "360p.mp4", folder / "240p.mp4", folder / "audio.mp4")
    for target, size in ((made.high, "640:360"), (made.low, "426:240")):
        run_ffmpeg("-i", clip, "-map", "0:v", *X264, "-vf", f"scale={size},setsar=1", *CMAF, target)
    audio = ["-map", "0:a", "-c:a", "aac", "-b:a", "128k", "-ac", "2", "-frag_duration", "2000000"]
    run_ffmpeg("-i", clip, *audio, *CMAF, made.audio)
    return made


@dataclass(frozen=True, slots=True)
class Published:
    """A folder as a job leaves it: files or segments, playlists, `master.m3u8` and `manifest.mpd`."""

    folder: Path

    @property
    def master(self) -> Path:
        return self.folder / "master.m3u8"

    @property
    def mpd(self) -> Path:
        return self.folder / "manifest.mpd"


@pytest.fixture(scope="session", params=["single_file", "separate"])
def published(
    request: pytest.FixtureRequest, encoded: Encoded, tmp_path_factory: pytest.TempPathFactory
) -> Published:
    """Two rungs and their sound, in segments of 4 s: byte ranges of three files, or files of their own."""
    folder = tmp_path_factory.mktemp("published")
    in_segments = request.param == "separate"
    tracks: list[VideoTrack | AudioTrack] = []
    representations = []
    for file, size in ((encoded.high, (640, 360)), (encoded.low, (426, 240)), (encoded.audio, None)):
        name, index, codec = file.stem, read_index(file), codec_string(file)
        media: Media = SegmentFiles(f"{name}/") if in_segments else SingleFile(file.name)
        if in_segments:
            (folder / name).mkdir()
            for _ in cut(file, pieces(index, SEGMENT), folder / name):
                pass
        else:
            (folder / file.name).write_bytes(file.read_bytes())
        uri = f"{name}.m3u8"
        (folder / uri).write_text(hls.media_playlist(index, media, SEGMENT))
        if size:
            scrub = f"{name}.iframes.m3u8"
            (folder / scrub).write_text(hls.key_frame_playlist(index, media, SEGMENT))
            tracks.append(VideoTrack(uri, index, codec, *size, Fraction(25), key_frames_uri=scrub))
        else:
            tracks.append(AudioTrack(uri, index, codec, "English", 2, "en", 48_000))
        representations.append(dash.Representation(name, tracks[-1], media))
    video = [track for track in tracks if isinstance(track, VideoTrack)]
    audio = [track for track in tracks if isinstance(track, AudioTrack)]
    (folder / "master.m3u8").write_text(hls.master_playlist(video, audio, SEGMENT))
    (folder / "audio-only.m3u8").write_text(hls.master_playlist([], audio, SEGMENT))
    (folder / "manifest.mpd").write_text(dash.manifest(representations, [], SEGMENT))
    return Published(folder)
