"""file: URLs: inside their roots, whole or not at all."""

import hashlib
import os
import threading
from pathlib import Path

import pytest

from adapters.storage import base
from adapters.storage.file import FileStorage
from adapters.storage.intake import Intake


@pytest.fixture
def root(tmp_path):
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


@pytest.fixture
def storage(root):
    return FileStorage((root,))


@pytest.fixture
def clip_file(tmp_path):
    (tmp_path / "clip.mp4").write_bytes(b"moving pictures")
    return tmp_path / "clip.mp4"


def fetch(storage, url, target, *, limit_bytes=10**9, keep_going=lambda: True):
    return storage.fetch(url, target, limit_bytes=limit_bytes, keep_going=keep_going)


def names_in(folder):
    return [path.name for path in folder.iterdir()]


@pytest.mark.parametrize(
    "name",
    [
        "a.mp4",
        "deep/er/a.mp4",
        "My%20film%20100%25.mp4",
        "Gr%C3%B6%C3%9Fe.mp4",
        "no.1%231%3F.mp4",
        "Größe.mp4",
    ],
)
def test_a_file_comes_back_as_it_was_stored(storage, root, clip_file, tmp_path, name):
    url = f"file://{root}/{name}"
    sha256 = hashlib.sha256(b"moving pictures").hexdigest()
    assert storage.store(clip_file, url, content_type="video/mp4") == base.Stored(sha256, 15)
    assert storage.stat(url) == base.Stat(15, None)
    assert fetch(storage, url, tmp_path / "in") == base.Fetched(sha256, 15, None)
    assert (tmp_path / "in").read_bytes() == b"moving pictures"
    (listed,) = storage.list(f"file://{root}/")
    assert storage.stat(listed).size_bytes == 15
    storage.delete(listed)
    assert list(root.iterdir()) == []


@pytest.mark.parametrize(
    "path",
    [
        "/root/../secret.mp4",
        "/root/%2e%2e/secret.mp4",
        "/root/..%2fsecret.mp4",
        "/root//secret.mp4",
        "/root/./a.mp4",
        "/root/a.mp4%00.txt",
        "/root/a.mp4?x",
        "/root/a.mp4#x",
        "/root/folder/",
        "/secret.mp4",
        "/rootless/a.mp4",
        "/root",
    ],
)
def test_a_path_outside_the_roots_is_refused(storage, tmp_path, path):
    (tmp_path / "secret.mp4").write_bytes(b"secret")
    for url in (f"file://{tmp_path}{path}", f"file://localhost{tmp_path}{path}"):
        with pytest.raises(base.Refused):
            fetch(storage, url, tmp_path / "in")
        with pytest.raises(base.Refused):
            storage.store(tmp_path / "secret.mp4", url, content_type="video/mp4")
        with pytest.raises(base.Refused):
            storage.delete(url)
    assert (tmp_path / "secret.mp4").exists()


def test_a_symbolic_link_is_not_followed_wherever_it_stands(storage, root, clip_file, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "secret.mp4").write_bytes(b"secret")
    (root / "link.mp4").symlink_to(tmp_path / "other" / "secret.mp4")
    (root / "folder").symlink_to(tmp_path / "other")
    for name in ("link.mp4", "folder/secret.mp4"):
        with pytest.raises(base.Refused):
            fetch(storage, f"file://{root}/{name}", tmp_path / "in")
    for name in ("folder/secret.mp4", "folder/new/a.mp4"):
        with pytest.raises(base.Refused):
            storage.store(clip_file, f"file://{root}/{name}", content_type="video/mp4")
    with pytest.raises(base.Refused):
        storage.delete(f"file://{root}/folder/secret.mp4")
    assert list(storage.list(f"file://{root}/")) == []
    assert names_in(tmp_path / "other") == ["secret.mp4"]
    assert (tmp_path / "other" / "secret.mp4").read_bytes() == b"secret"


def test_storing_over_a_link_replaces_the_link(storage, root, clip_file, tmp_path):
    (root / "a.mp4").symlink_to(tmp_path / "victim")
    storage.store(clip_file, f"file://{root}/a.mp4", content_type="video/mp4")
    assert not (tmp_path / "victim").exists()
    assert not (root / "a.mp4").is_symlink()


def test_a_root_may_itself_be_reached_by_a_link(tmp_path, root):
    (root / "a.mp4").write_bytes(b"1")
    (tmp_path / "alias").symlink_to(root)
    assert FileStorage((tmp_path / "alias",)).stat(f"file://{tmp_path}/alias/a.mp4").size_bytes == 1


def test_a_pipe_or_a_folder_is_no_source_and_does_not_hang(storage, root, tmp_path):
    os.mkfifo(root / "pipe")
    (root / "folder").mkdir()
    open_before = names_in(Path("/proc/self/fd"))
    for name in ("pipe", "folder"):
        with pytest.raises(base.Refused):
            fetch(storage, f"file://{root}/{name}", tmp_path / "in")
    assert len(names_in(Path("/proc/self/fd"))) == len(open_before)


def test_a_missing_file_is_not_found(storage, root, tmp_path):
    for name in ("a.mp4", "no/folder/a.mp4"):
        with pytest.raises(base.NotFound):
            fetch(storage, f"file://{root}/{name}", tmp_path / "in")
        storage.delete(f"file://{root}/{name}")
    assert list(storage.list(f"file://{root}/none/")) == []
    assert not (tmp_path / "in").exists()


def test_no_roots_means_no_files(tmp_path):
    (tmp_path / "a").write_bytes(b"1")
    with pytest.raises(base.Refused):
        FileStorage(()).stat(f"file://{tmp_path}/a")


def test_a_fetch_keeps_its_limit_and_its_caller(storage, root, tmp_path):
    (root / "a").write_bytes(b"0123456789")
    with pytest.raises(base.TooLarge):
        fetch(storage, f"file://{root}/a", tmp_path / "in", limit_bytes=9)
    with pytest.raises(base.Aborted):
        fetch(storage, f"file://{root}/a", tmp_path / "in", keep_going=lambda: False)
    assert not (tmp_path / "in").exists()
    assert fetch(storage, f"file://{root}/a", tmp_path / "in", limit_bytes=10).size_bytes == 10


def test_a_store_that_fails_leaves_nothing(storage, root, tmp_path):
    with pytest.raises(base.StorageError):
        storage.store(
            tmp_path, f"file://{root}/a/b.mp4", content_type="video/mp4"
        )  # a folder: no bytes to read
    assert [path for path in root.rglob("*") if not path.is_dir()] == []


def test_readers_see_the_old_file_or_the_new_one(storage, root, tmp_path):
    old, new, url = tmp_path / "old", tmp_path / "new", f"file://{root}/a"
    old.write_bytes(b"o" * 3_000_000)
    new.write_bytes(b"n" * 3_000_000)
    storage.store(old, url, content_type="video/mp4")
    seen: set[bytes] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.add((root / "a").read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for file in (new, old, new):
        storage.store(file, url, content_type="video/mp4")
    done.set()
    reader.join()
    assert seen <= {old.read_bytes(), new.read_bytes()}


def test_a_killed_store_leaves_a_part_that_is_not_listed_and_can_be_dropped(storage, root):
    (root / "job").mkdir()
    (root / "job" / ".a.mp4.0123456789abcdef.reelchord-part").write_bytes(b"half")
    (root / "job" / "whole.mp4").write_bytes(b"whole")
    assert list(storage.list(f"file://{root}/")) == [f"file://{root}/job/whole.mp4"]
    assert storage.abort_uploads(f"file://{root}/job/") == 1
    assert names_in(root / "job") == ["whole.mp4"]


def test_stores_survive_deletes_that_empty_their_folder(storage, root, clip_file):
    done = threading.Event()

    def empty_it() -> None:
        storage.store(clip_file, f"file://{root}/job/1/other.mp4", content_type="video/mp4")
        while not done.is_set():
            storage.delete(f"file://{root}/job/1/other.mp4")
            storage.delete(f"file://{root}/job/1/a.mp4")

    other = threading.Thread(target=empty_it)
    other.start()
    try:
        for _ in range(50):
            storage.store(clip_file, f"file://{root}/job/1/a.mp4", content_type="video/mp4")
    finally:
        done.set()
        other.join()


def test_a_full_disk_has_a_name():
    with open("/dev/full", "wb", buffering=0) as full:  # noqa: PTH123
        intake = Intake(full, limit_bytes=100, keep_going=lambda: True)
        with pytest.raises(base.DiskFull):
            intake.write(b"x")
