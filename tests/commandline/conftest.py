"""Small clips for the recipes, made once for each process, and a place where a command is regenerated and run."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest

from adapters.ffmpeg.commandline import Caps, Program, Regenerated, regenerate

CAPS = Caps(duration_seconds=60, file_bytes=64 << 20, threads=2)
SRT = "1\n00:00:00,100 --> 00:00:00,800\nHello, world\n"
CUBE = "TITLE \"grade\"\nLUT_3D_SIZE 2\n" + "\n".join(
    f"{r} {g} {b}" for b in (0, 1) for g in (0, 1) for r in (0, 1)
) + "\n"  # fmt: skip


@dataclass(frozen=True)
class Ran:
    """What a program made: the outputs with their folders, and what FFmpeg said."""

    regenerated: Regenerated
    stderr: str

    def files(self, position: int = 0) -> list[str]:
        return sorted(path.name for path in self.regenerated.outputs[position].folder.iterdir())


@pytest.fixture(scope="session")
def clips(ffmpeg: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of each kind of media, as files named like those of the recipes."""
    folder = tmp_path_factory.mktemp("clips")

    def make(name: str, *arguments: str) -> None:
        subprocess.run([ffmpeg, "-v", "error", "-y", *arguments, folder / name], check=True)

    sound = ("-f", "lavfi", "-i", "sine=frequency=440:duration=1")
    encode = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "12", "-pix_fmt", "yuv420p", "-c:a", "aac")
    for name, source in (("a.mp4", "testsrc2=s=320x180:d=1:r=25"), ("b.mp4", "smptebars=s=320x180:d=1:r=25")):
        make(name, "-f", "lavfi", "-i", source, *sound, *encode)
    make("tall.mp4", "-f", "lavfi", "-i", "testsrc2=s=90x160:d=1:r=25", *encode)
    make("silent.mp4", "-f", "lavfi", "-i", "testsrc2=s=320x180:d=1:r=25", *encode)
    make("music.mp3", *sound, "-ac", "2")
    make("voice.wav", *sound)
    make("logo.png", "-f", "lavfi", "-i", "color=red@0.5:s=40x20,format=rgba", "-frames:v", "1")
    make("photo.jpg", "-f", "lavfi", "-i", "testsrc=s=320x180", "-frames:v", "1")
    make("page%d.png", "-f", "lavfi", "-i", "testsrc2=s=160x90:r=4", "-frames:v", "4")
    (folder / "captions.srt").write_text(SRT)
    (folder / "grade.cube").write_text(CUBE)
    make(
        "clip.mkv",
        "-i",
        str(folder / "a.mp4"),
        "-i",
        str(folder / "captions.srt"),
        "-c",
        "copy",
        "-c:s",
        "srt",
    )
    font = next(Path("/usr/share/fonts").rglob("*.ttf"), None)
    if font is not None:
        (folder / "font.ttf").write_bytes(font.read_bytes())
    return folder


def place(program: Program, clips: Path, job: Path) -> list[Path]:
    """The sources under neutral names, as a job has them."""
    (job / "in").mkdir(parents=True)
    paths = []
    for number, source in enumerate(program.sources):
        path = job / "in" / f"{number}.bin"
        path.write_bytes((clips / PurePosixPath(source.url).name).read_bytes())
        paths.append(path)
    return paths


def prepare(regenerated: Regenerated) -> None:
    """What the caller does before the first command runs."""
    for folder in regenerated.folders:
        folder.mkdir(parents=True)
    for path, text in regenerated.files.items():
        path.write_text(text)
    for path, target in regenerated.links.items():
        path.symlink_to(target)


def run(
    program: Program, clips: Path, job: Path, ffmpeg: Path, *, durations: Sequence[float | None] = ()
) -> Ran:
    """Regenerate and run; every command must end with 0."""
    sources = place(program, clips, job)
    regenerated = regenerate(
        program, sources=sources, out=job / "out", ffmpeg=ffmpeg, caps=CAPS, durations=durations
    )
    prepare(regenerated)
    said = []
    environment: Mapping[str, str] = {"LANG": "C.UTF-8"}
    for argv in regenerated.argvs:
        completed = subprocess.run(
            argv, cwd=job, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert completed.returncode == 0, f"{' '.join(argv)}\n{completed.stderr[-2000:]}"
        said.append(completed.stderr)
    return Ran(regenerated, "".join(said))
