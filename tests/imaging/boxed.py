"""The child as a worker starts it, with what became of it."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from adapters.ffmpeg.supervisor import Box, Completed, Limits
from adapters.imaging import imager
from adapters.imaging.encode import ImageEncode, ImageFormat, Picture
from adapters.imaging.imager import Answer, ImagingFailed
from adapters.imaging.sniff import sniff

LIMITS = Limits(
    wall_seconds=60, stall_seconds=60, output_bytes=1 << 28, grace_seconds=1, memory_bytes=1 << 31
)


@dataclass(frozen=True)
class Made:
    """Pictures by their names; `fault` is the child's, if it ended with one."""

    folder: Path
    completed: Completed
    fault: str | None
    detail: str

    def picture(self, name: str) -> Image.Image:
        with Image.open(self.folder / name) as image:
            image.load()
            return image.copy()


def make(
    content: bytes,
    folder: Path,
    pictures: Sequence[Picture],
    *,
    format: ImageFormat = "png",
    limits: Limits = LIMITS,
) -> Made:
    source, out = folder / "0.bin", folder / "out"
    source.write_bytes(content)
    out.mkdir(exist_ok=True)
    kind = sniff(content[:1024])
    assert kind is not None
    encode = ImageEncode("page_preview" if kind == "pdf" else "image_thumbnail", format, tuple(pictures))
    argv = imager.make_argv(encode, kind, source=source, folder=out)
    completed, answer, stderr = run(argv, folder, Box(readable=(source,), writable=(out,)), limits)
    try:
        imager.judge(completed, answer, stderr)
    except ImagingFailed as error:
        return Made(out, completed, error.code, error.detail)
    return Made(out, completed, None, stderr)


def run(
    argv: tuple[str, ...], folder: Path, box: Box, limits: Limits = LIMITS
) -> tuple[Completed, Answer, str]:
    with tempfile.TemporaryDirectory() as elsewhere:
        stderr_file = Path(elsewhere, "stderr")
        completed, answer = imager.run(
            argv,
            workspace=folder,
            box=box,
            stderr_file=stderr_file,
            limits=limits,
            on_made=lambda _: None,
            stop_reason=lambda: None,
        )
        return completed, answer, stderr_file.read_text("utf-8", "replace")
