"""Copies within a storage: the object itself, under another URL, whole."""

import os

import pytest

from adapters.storage import base
from adapters.storage.file import FileStorage
from adapters.storage.http import HttpStorage
from adapters.storage.s3 import PART_BYTES, S3Storage

FILM = "video/mp4"


@pytest.fixture
def root(tmp_path):
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


@pytest.fixture
def files(root):
    return FileStorage((root,))


@pytest.fixture
def bucket(s3):
    return S3Storage(
        endpoint_url=s3.endpoint_url, region="us-east-1", access_key=s3.access_key, secret_key=s3.secret_key
    )


@pytest.fixture
def prefix(s3):
    return f"s3://{s3.bucket}/copy-tests/{os.urandom(6).hex()}/"


def put(storage, tmp_path, url: str, content: bytes) -> str:
    file = tmp_path / "content"
    file.write_bytes(content)
    storage.store(file, url, content_type="application/octet-stream")
    return url


def read(storage, tmp_path, url: str) -> bytes:
    target = tmp_path / os.urandom(4).hex()
    storage.fetch(url, target, limit_bytes=1 << 30, keep_going=lambda: True)
    return target.read_bytes()


@pytest.mark.parametrize("size_bytes", [0, 1000, PART_BYTES + 1], ids=["empty", "small", "in parts"])
def test_an_s3_object_is_copied_with_the_content_type_that_was_asked_for(
    bucket, prefix, tmp_path, size_bytes
):
    content = os.urandom(size_bytes)
    source = put(bucket, tmp_path, f"{prefix}made/a.mp4", content)
    target = f"{prefix}wanted/Größe 100%.mp4"
    for _ in range(2):  # the second one changes nothing
        bucket.copy(source, target, content_type=FILM)
        assert bucket.stat(target) == base.Stat(size_bytes, FILM)
        assert read(bucket, tmp_path, target) == content
    assert read(bucket, tmp_path, source) == content


def test_an_s3_copy_replaces_what_is_there(bucket, prefix, tmp_path):
    source = put(bucket, tmp_path, f"{prefix}new.mp4", b"new")
    target = put(bucket, tmp_path, f"{prefix}old.mp4", b"older")
    bucket.copy(source, target, content_type=FILM)
    assert read(bucket, tmp_path, target) == b"new"


def test_an_s3_copy_of_what_is_not_there_is_not_found(bucket, prefix):
    with pytest.raises(base.NotFound):
        bucket.copy(f"{prefix}none.mp4", f"{prefix}a.mp4", content_type=FILM)
    with pytest.raises(base.NotFound):
        bucket.copy(f"{prefix}none.mp4", "s3://there-is-no-such-bucket/a.mp4", content_type=FILM)
    assert list(bucket.list(prefix)) == []


def test_a_file_is_copied_and_replaces_what_is_there(files, root, tmp_path):
    source = put(files, tmp_path, f"file://{root}/made/a.mp4", b"new")
    target = put(files, tmp_path, f"file://{root}/wanted/b.mp4", b"older")
    for _ in range(2):
        files.copy(source, target, content_type=FILM)
        assert (root / "wanted" / "b.mp4").read_bytes() == b"new"
    assert (root / "made" / "a.mp4").read_bytes() == b"new"
    assert sorted(path.name for path in root.rglob("*")) == ["a.mp4", "b.mp4", "made", "wanted"]


def test_a_file_copied_to_a_new_folder_makes_it(files, root, tmp_path):
    source = put(files, tmp_path, f"file://{root}/a.mp4", b"film")
    files.copy(source, f"file://{root}/deep/er/b.mp4", content_type=FILM)
    assert (root / "deep" / "er" / "b.mp4").read_bytes() == b"film"


def test_a_file_is_copied_onto_itself(files, root, tmp_path):
    source = put(files, tmp_path, f"file://{root}/a.mp4", b"film")
    files.copy(source, source, content_type=FILM)
    assert (root / "a.mp4").read_bytes() == b"film"


def test_a_file_is_copied_neither_from_nor_to_a_place_outside_the_roots(files, root, tmp_path):
    outside = tmp_path / "outside.mp4"
    outside.write_bytes(b"secret")
    source = put(files, tmp_path, f"file://{root}/a.mp4", b"film")
    (root / "link.mp4").symlink_to(outside)
    (root / "folder").symlink_to(tmp_path)
    for one, other in (
        (f"file://{outside}", f"file://{root}/b.mp4"),
        (f"file://{root}/link.mp4", f"file://{root}/b.mp4"),
        (source, f"file://{tmp_path}/b.mp4"),
        (source, f"file://{root}/folder/b.mp4"),
    ):
        with pytest.raises(base.Refused):
            files.copy(one, other, content_type=FILM)
    assert not (root / "b.mp4").exists() and not (tmp_path / "b.mp4").exists()


def test_a_copy_over_a_link_replaces_the_link_and_not_what_it_leads_to(files, root, tmp_path):
    outside = tmp_path / "outside.mp4"
    outside.write_bytes(b"untouched")
    source = put(files, tmp_path, f"file://{root}/a.mp4", b"film")
    (root / "link.mp4").symlink_to(outside)
    files.copy(source, f"file://{root}/link.mp4", content_type=FILM)
    assert outside.read_bytes() == b"untouched"
    assert (root / "link.mp4").read_bytes() == b"film" and not (root / "link.mp4").is_symlink()


def test_a_file_that_is_not_there_is_not_found_and_leaves_nothing(files, root):
    with pytest.raises(base.NotFound):
        files.copy(f"file://{root}/none.mp4", f"file://{root}/b.mp4", content_type=FILM)
    assert list(root.iterdir()) == []


def test_nothing_is_copied_over_http():
    from adapters.egress import Egress

    with pytest.raises(base.NotSupported):
        HttpStorage(Egress(total_seconds=1)).copy(
            "https://a.example/a", "https://a.example/b", content_type=FILM
        )
