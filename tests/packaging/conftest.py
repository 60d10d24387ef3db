"""Two video files and an audio file of one clip, made once for all tests as the ladder makes them."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

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
