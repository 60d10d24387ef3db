"""s3: URLs on a real S3 server, some of it behind a relay that hangs up."""

import hashlib
import os
import tracemalloc
import urllib.request
from types import SimpleNamespace
from urllib.parse import urlsplit

import boto3
import pytest

from adapters.storage import base
from adapters.storage.s3 import PART_BYTES, RESUMES_MAX, S3Storage

GIBIBYTE = 1 << 30


def always() -> bool:
    return True


def storage_at(s3, endpoint_url: str) -> S3Storage:
    return S3Storage(
        endpoint_url=endpoint_url, region="us-east-1", access_key=s3.access_key, secret_key=s3.secret_key
    )


@pytest.fixture(scope="module")
def storage(s3):
    return storage_at(s3, s3.endpoint_url)


@pytest.fixture(scope="module")
def client(s3):
    session = boto3.session.Session(s3.access_key, s3.secret_key, region_name="us-east-1")
    return session.client("s3", endpoint_url=s3.endpoint_url)


@pytest.fixture
def prefix(s3):
    return f"s3://{s3.bucket}/storage-tests/{os.urandom(6).hex()}/"


def file_of(path, size_bytes: int):
    path.write_bytes(os.urandom(size_bytes))
    return path


@pytest.mark.parametrize("size_bytes", [0, 1000, PART_BYTES + 1], ids=["empty", "small", "multipart"])
def test_a_file_comes_back_as_it_was_stored(storage, prefix, tmp_path, size_bytes):
    file = file_of(tmp_path / "out.mp4", size_bytes)
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    url = prefix + "Größe 100% #1.mp4".replace("#", "no. ")
    assert storage.store(file, url, content_type="video/mp4") == base.Stored(sha256, size_bytes)
    assert storage.stat(url) == base.Stat(size_bytes, "video/mp4")
    fetched = storage.fetch(url, tmp_path / "in", limit_bytes=GIBIBYTE, keep_going=always)
    assert fetched == base.Fetched(sha256, size_bytes, "video/mp4")
    assert (tmp_path / "in").read_bytes() == file.read_bytes()


def test_a_known_hash_is_not_computed_again(storage, prefix, tmp_path):
    stored = storage.store(
        file_of(tmp_path / "a", 10), prefix + "a", content_type="video/mp4", sha256="0" * 64
    )
    assert stored == base.Stored("0" * 64, 10)


def test_list_and_delete_stay_beneath_the_prefix(storage, prefix, tmp_path):
    file = file_of(tmp_path / "a", 10)
    for name in ("b.mp4", "a/2.mp4", "a/1.mp4", "ab/3.mp4"):
        storage.store(file, prefix + name, content_type="video/mp4")
    assert list(storage.list(prefix)) == [
        prefix + name for name in ("a/1.mp4", "a/2.mp4", "ab/3.mp4", "b.mp4")
    ]
    assert list(storage.list(prefix + "a/")) == [prefix + "a/1.mp4", prefix + "a/2.mp4"]
    storage.delete(prefix + "a/1.mp4")
    storage.delete(prefix + "a/1.mp4")
    assert list(storage.list(prefix + "a/")) == [prefix + "a/2.mp4"]
    assert list(storage.list(prefix + "none/")) == []


def test_anyone_can_read_a_presigned_url(storage, prefix, tmp_path):
    file = file_of(tmp_path / "a", 1000)
    storage.store(file, prefix + "a b.mp4", content_type="video/mp4")
    signed = storage.presign(prefix + "a b.mp4", expires_seconds=60)
    with urllib.request.urlopen(signed) as answer:  # noqa: S310  our own S3
        assert answer.read() == file.read_bytes()
    with pytest.raises(ValueError, match="604800"):
        storage.presign(prefix + "a b.mp4", expires_seconds=604801)


def test_what_is_not_there_is_not_found(storage, prefix, tmp_path):
    for url in (prefix + "none.mp4", "s3://no-such-bucket/none.mp4"):
        with pytest.raises(base.NotFound):
            storage.stat(url)
        with pytest.raises(base.NotFound):
            storage.fetch(url, tmp_path / "in", limit_bytes=1, keep_going=always)
    assert list(tmp_path.iterdir()) == []


def test_wrong_keys_are_forbidden(s3, prefix, tmp_path):
    stranger = S3Storage(
        endpoint_url=s3.endpoint_url, region="us-east-1", access_key=s3.access_key, secret_key="wrong"
    )
    with pytest.raises(base.Forbidden):
        stranger.fetch(prefix + "a", tmp_path / "in", limit_bytes=1, keep_going=always)
    with pytest.raises(base.Forbidden):
        stranger.store(file_of(tmp_path / "a", 10), prefix + "a", content_type="video/mp4")


def test_a_service_that_is_away_is_unavailable(s3, prefix, tmp_path):
    with pytest.raises(base.Unavailable):
        storage_at(s3, "http://127.0.0.1:9").stat(prefix + "a")


def test_an_object_beyond_the_limit_is_not_fetched(storage, prefix, tmp_path):
    storage.store(file_of(tmp_path / "a", 1000), prefix + "a", content_type="video/mp4")
    with pytest.raises(base.TooLarge):
        storage.fetch(prefix + "a", tmp_path / "in", limit_bytes=999, keep_going=always)
    assert not (tmp_path / "in").exists()


def test_a_fetch_stops_when_it_is_told_to(storage, prefix, tmp_path):
    storage.store(file_of(tmp_path / "a", 1000), prefix + "a", content_type="video/mp4")
    with pytest.raises(base.Aborted):
        storage.fetch(prefix + "a", tmp_path / "in", limit_bytes=1000, keep_going=lambda: False)
    assert not (tmp_path / "in").exists()


def test_a_dropped_connection_is_resumed_behind_the_last_byte(s3, storage, prefix, tmp_path, cutting_proxy):
    file = file_of(tmp_path / "a", 4_000_000)
    storage.store(file, prefix + "a", content_type="video/mp4")
    proxy = cutting_proxy(at(s3), cut_answers_after=[1_500_000, 1_000_000])
    fetched = storage_at(s3, proxy.url).fetch(
        prefix + "a", tmp_path / "in", limit_bytes=GIBIBYTE, keep_going=always
    )
    assert proxy.cuts == 2
    assert fetched.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert (tmp_path / "in").read_bytes() == file.read_bytes()


def test_an_object_replaced_between_two_connections_is_not_mixed(
    s3, storage, prefix, tmp_path, cutting_proxy
):
    file, other = file_of(tmp_path / "a", 4_000_000), file_of(tmp_path / "b", 4_000_000)
    storage.store(file, prefix + "a", content_type="video/mp4")
    proxy = cutting_proxy(
        at(s3),
        cut_answers_after=[1_500_000],
        on_cut=lambda: storage.store(other, prefix + "a", content_type="video/mp4"),
    )
    with pytest.raises(base.Interrupted, match="replaced"):
        storage_at(s3, proxy.url).fetch(
            prefix + "a", tmp_path / "in", limit_bytes=GIBIBYTE, keep_going=always
        )
    assert not (tmp_path / "in").exists()


def test_a_connection_that_drops_for_ever_is_given_up(s3, storage, prefix, tmp_path, cutting_proxy):
    storage.store(file_of(tmp_path / "a", 4_000_000), prefix + "a", content_type="video/mp4")
    proxy = cutting_proxy(at(s3), cut_answers_after=[1000] * 50)
    with pytest.raises(base.Interrupted):
        storage_at(s3, proxy.url).fetch(
            prefix + "a", tmp_path / "in", limit_bytes=GIBIBYTE, keep_going=always
        )
    assert proxy.cuts == 1 + RESUMES_MAX
    assert not (tmp_path / "in").exists()


def test_a_store_that_fails_half_way_leaves_nothing(
    s3, storage, client, prefix, tmp_path, cutting_proxy, monkeypatch
):
    # boto3 retries as ever, but does not wait several seconds between its attempts.
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda seconds: None))
    file = file_of(tmp_path / "a", 2 * PART_BYTES)
    proxy = cutting_proxy(at(s3), cut_requests_longer_than=1_000_000)
    with pytest.raises(base.Unavailable):
        storage_at(s3, proxy.url).store(file, prefix + "a", content_type="video/mp4")
    assert proxy.cuts > 0
    assert list(storage.list(prefix)) == []
    uploads = client.list_multipart_uploads(
        Bucket=s3.bucket, Prefix=prefix.removeprefix(f"s3://{s3.bucket}/")
    )
    assert uploads.get("Uploads", []) == []


def test_the_leftovers_of_a_killed_store_can_be_dropped(s3, storage, client, prefix):
    key = prefix.removeprefix(f"s3://{s3.bucket}/")
    client.create_multipart_upload(Bucket=s3.bucket, Key=key + "a.mp4")
    assert storage.abort_uploads(prefix + "elsewhere/") == 0
    assert storage.abort_uploads(prefix) == 1
    assert storage.abort_uploads(prefix) == 0


def test_memory_stays_small_however_large_the_object(storage, prefix, tmp_path):
    storage.store(file_of(tmp_path / "a", 3 * PART_BYTES), prefix + "a", content_type="video/mp4")
    tracemalloc.start()
    try:
        storage.fetch(prefix + "a", tmp_path / "in", limit_bytes=GIBIBYTE, keep_going=always)
        storage.store(tmp_path / "in", prefix + "b", content_type="video/mp4")
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 16 * 1024 * 1024


def at(s3) -> tuple[str, int]:
    parts = urlsplit(s3.endpoint_url)
    assert parts.hostname
    assert parts.port
    return parts.hostname, parts.port
