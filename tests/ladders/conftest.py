"""The films, made or cut once, and the table of what came of them."""

import fcntl
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ladders.cast import CUT
from tests.ladders.sources import MADE, Studio

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "media"


@pytest.fixture
def acme(s3, valkey):
    """An account, with S3 and the broker running. (Django is not set up yet when this file is read.)"""
    from tests.factories import make_account

    return make_account("acme")


@pytest.fixture
def tools(ffmpeg, ffmpeg_other, ffprobe):
    from tests.ladders.cells import Tools

    return Tools(ffmpeg, ffmpeg_other, ffprobe)


@pytest.fixture(scope="session")
def film(ffmpeg: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A film by its name; skips where the folder of real ones is not there."""
    folder = tmp_path_factory.mktemp("films")
    known: dict[str, Path] = {}

    def find(name: str) -> Path:
        if name not in known:
            known[name] = _find(name, ffmpeg, folder)
        return known[name]

    return find


def _find(name: str, ffmpeg: Path, folder: Path) -> Path:
    if name in MADE:
        return MADE[name](Studio(ffmpeg, folder))
    if not (SHARED / name).exists():
        pytest.skip("no folder with shared media beside the checkout")
    if name not in CUT:
        return SHARED / name
    target = folder / name
    copy = ["-map", "0", "-c", "copy", "-t", str(CUT[name]), str(target)]
    argv = [str(ffmpeg), "-v", "error", "-y", "-i", str(SHARED / name), *copy]
    subprocess.run(argv, check=True, timeout=60)
    return target


class Table:
    """The outcome of each cell, kept between runs; one line each, so that two processes can write."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def note(self, preset: str, film: str, outcome: str, seconds: float) -> None:
        self.file.parent.mkdir(exist_ok=True)
        line = json.dumps({"preset": preset, "film": film, "outcome": outcome, "seconds": round(seconds, 1)})
        with self.file.open("a") as out:
            fcntl.flock(out, fcntl.LOCK_EX)
            out.write(line + "\n")


@pytest.fixture(scope="session")
def table() -> Table | None:
    """Where `python -m tests.ladders` wants it; else none is kept."""
    file = os.environ.get("REELCHORD_LADDERS")
    return Table(Path(file)) if file else None
