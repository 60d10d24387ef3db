"""What FFmpeg can do on this machine, tried out: a build lists encoders for which there may be no device here."""

import os
import tempfile
from pathlib import Path

from adapters.ffmpeg.encoders import AUDIO_ENCODERS, GPU_ENCODERS, VIDEO_ENCODERS
from adapters.ffmpeg.sandbox.box import grants
from adapters.ffmpeg.supervisor import Box, Limits
from adapters.ffmpeg.trial import problem_of

_PICTURE = ("-f", "lavfi", "-i", "color=s=320x240:r=25")
_SOUND = ("-f", "lavfi", "-i", "anullsrc=r=48000:cl=stereo")
_LIMITS = Limits(wall_seconds=30, stall_seconds=30, output_bytes=1 << 20)
_FONT_SUFFIXES = frozenset({".ttf", ".otf", ".ttc", ".pfb", ".woff"})
_COPY = "copy"


def encoders() -> tuple[str, ...]:
    """Those of the CPU that a ladder may name and that encode anything; `copy` does not."""
    return tuple(name for name in (*VIDEO_ENCODERS, *AUDIO_ENCODERS) if name not in (_COPY, *GPU_ENCODERS))


def try_encoder(ffmpeg: Path, name: str) -> str | None:
    """None if `name` encodes a picture, or a tenth of a second of sound, in its box; else the reason.

    For those of the CPU; of a GPU's there are proofs (`gpu_proof`). Takes some 0.1 s. Call from the main thread.
    Raises SandboxMissing.
    """
    what: tuple[str, ...]
    if name in VIDEO_ENCODERS:
        what = (*_PICTURE, "-frames:v", "1", "-c:v", name, "-pix_fmt", "yuv420p")
    else:
        what = (*_SOUND, "-t", "0.1", "-c:a", name)
    argv = (str(ffmpeg), "-nostdin", "-hide_banner", "-loglevel", "level+warning", *what, "-f", "null", "-")
    with tempfile.TemporaryDirectory() as folder:
        return problem_of(argv, folder=Path(folder), box=Box(), limits=_LIMITS)


def fonts(ffmpeg: Path) -> tuple[Path, ...]:
    """The font files that text filters find from inside the box, in the order of their paths."""
    folders = [Path(path) for path in grants(Box(), ffmpeg).read if path.endswith("/fonts")]
    found = {
        Path(folder, name)
        for top in folders
        for folder, _, names in os.walk(top)
        for name in names
        if Path(name).suffix.lower() in _FONT_SUFFIXES
    }
    return tuple(sorted(found))
