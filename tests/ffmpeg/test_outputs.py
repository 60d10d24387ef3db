"""What a hostile process may leave in its folder, before anybody opens it."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.ffmpeg.outputs import OutputRefused, check, collect


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """Another tenant's folder."""
    folder = tmp_path / "foreign"
    folder.mkdir()
    (folder / "secret").write_text("the other tenant's secret")
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    (folder / "0").mkdir(parents=True)
    (folder / "0" / "a.mp4").write_bytes(b"film")
    return folder


def _bind(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # a socket's path may have 107 bytes
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


PLANTED: dict[str, tuple[Callable[[Path, Path], object], str]] = {
    "a link to a foreign file": (
        lambda path, foreign: path.symlink_to(foreign / "secret"),
        "is not a plain file",
    ),
    "a link to a foreign folder": (lambda path, foreign: path.symlink_to(foreign), "is not a plain file"),
    "a link to nothing": (lambda path, foreign: path.symlink_to("nowhere"), "is not a plain file"),
    "a link to itself": (lambda path, foreign: path.symlink_to(path), "is not a plain file"),
    "a link to its own sibling": (lambda path, foreign: path.symlink_to("a.mp4"), "is not a plain file"),
    "a hard link": (lambda path, foreign: path.hardlink_to(foreign / "secret"), "has 2 names"),
    "a pipe": (lambda path, foreign: os.mkfifo(path), "is not a plain file"),
    "a socket": (lambda path, foreign: _bind(path), "is not a plain file"),
    "a device": (lambda path, foreign: os.mknod(path, 0o20666, os.makedev(1, 5)), "is not a plain file"),
}


@pytest.mark.parametrize("depth", ["0", "0/within"])
@pytest.mark.parametrize("what", PLANTED)
def test_what_is_no_plain_file_refuses_the_whole_folder(
    what: str, depth: str, out: Path, foreign: Path
) -> None:
    plant, reason = PLANTED[what]
    path = out / depth / "b.mp4"
    path.parent.mkdir(exist_ok=True)
    try:
        plant(path, foreign)
    except PermissionError:
        pytest.skip("this user cannot make one")
    for look in (lambda: collect(out / "0", most=100), lambda: check(path)):
        with pytest.raises(OutputRefused, match=f"'b.mp4' {reason}"):
            look()


def test_files_come_in_order_from_all_folders_beneath(out: Path) -> None:
    (out / "0" / "within").mkdir()
    for name in ("within/c.ts", "b.ts", "%06d.png", "-dash.mp4"):
        (out / "0" / name).write_bytes(b"")
    (out / "beside").write_bytes(b"")
    found = collect(out / "0", most=5)
    assert [str(path.relative_to(out)) for path in found] == [
        "0/%06d.png", "0/-dash.mp4", "0/a.mp4", "0/b.ts", "0/within/c.ts",
    ]  # fmt: skip


def test_more_files_than_allowed_are_refused_before_all_are_listed(out: Path) -> None:
    for number in range(10):
        (out / "0" / f"{number}.png").write_bytes(b"")
    assert len(collect(out / "0", most=11)) == 11
    with pytest.raises(OutputRefused, match="more than 10 files"):
        collect(out / "0", most=10)


def test_a_file_that_is_not_there_is_missing_and_not_refused(out: Path) -> None:
    with pytest.raises(FileNotFoundError):
        check(out / "0" / "none.mp4")
    with pytest.raises(FileNotFoundError):
        collect(out / "1", most=1)


def test_a_link_in_the_folders_own_place_is_not_followed(out: Path, foreign: Path) -> None:
    (out / "1").symlink_to(foreign)
    with pytest.raises(OutputRefused, match="'1' is not a folder any more"):
        collect(out / "1", most=1)
