"""http: sources, fetched from a server that misbehaves."""

import hashlib

import pytest

from adapters.egress import Egress
from adapters.storage import base
from adapters.storage.http import HttpStorage

BODY = bytes(range(256)) * 512
LIMIT_BYTES = 1_000_000


@pytest.fixture
def storage(hostile):
    return HttpStorage(
        Egress(
            allowed_networks=("127.0.0.0/8",), allowed_ports=frozenset({80, hostile.port}), total_seconds=10
        )
    )


def fetch(storage, url, target, *, limit_bytes=LIMIT_BYTES, keep_going=lambda: True):
    return storage.fetch(url, target, limit_bytes=limit_bytes, keep_going=keep_going)


@pytest.mark.parametrize("path", ["/clip", "/without-length", "/redirect/2"])
def test_a_source_arrives_whole_with_its_hash(storage, hostile, tmp_path, path):
    fetched = fetch(storage, hostile.url(path), tmp_path / "in")
    assert fetched.sha256 == hashlib.sha256(BODY).hexdigest()
    assert fetched.size_bytes == len(BODY)
    assert (tmp_path / "in").read_bytes() == BODY


def test_a_stat_needs_no_head_request(storage, hostile):
    assert storage.stat(hostile.url("/clip")) == base.Stat(len(BODY), "video/mp4")
    assert storage.stat(hostile.url("/without-length")) == base.Stat(None, None)
    assert {request.command for request in hostile.seen} == {"GET"}


@pytest.mark.parametrize(
    ("path", "error", "retry_after_seconds"),
    [
        ("/status/400", base.Forbidden, None),
        ("/status/401", base.Forbidden, None),
        ("/status/403", base.Forbidden, None),
        ("/status/404", base.NotFound, None),
        ("/status/410", base.NotFound, None),
        ("/status/408", base.Unavailable, None),
        ("/status/206", base.Unavailable, None),
        ("/status/300", base.Unavailable, None),
        ("/status/500", base.Unavailable, None),
        ("/throttled", base.Throttled, 7.0),
        ("/busy", base.Unavailable, 0.0),
        ("/short", base.Interrupted, None),
        ("/short-chunked", base.Interrupted, None),
        ("/announced-huge", base.TooLarge, None),
        ("/endless", base.TooLarge, None),
        ("/no-http", base.Unavailable, None),
        ("/redirect/4", base.Refused, None),
        ("/redirect-to?http://169.254.169.254/", base.Refused, None),
    ],
)
def test_each_failure_has_its_error_and_leaves_nothing(
    storage, hostile, tmp_path, path, error, retry_after_seconds
):
    with pytest.raises(base.StorageError) as raised:
        fetch(storage, hostile.url(path), tmp_path / "in")
    assert type(raised.value) is error
    assert raised.value.retry_after_seconds == retry_after_seconds
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["/drip", "/silent"])
def test_a_fetch_stops_when_it_is_told_to(storage, hostile, tmp_path, path):
    with pytest.raises(base.Aborted):
        fetch(storage, hostile.url(path), tmp_path / "in", keep_going=lambda: False)
    assert list(tmp_path.iterdir()) == []


def test_a_source_of_exactly_the_limit_is_accepted(storage, hostile, tmp_path):
    assert fetch(storage, hostile.url("/clip"), tmp_path / "in", limit_bytes=len(BODY)).size_bytes == len(
        BODY
    )
    with pytest.raises(base.TooLarge):
        fetch(storage, hostile.url("/without-length"), tmp_path / "in2", limit_bytes=len(BODY) - 1)


def test_a_message_shows_neither_query_nor_credentials(storage, hostile, tmp_path):
    for path in ("/short?X-Amz-Signature=hidden", "/no-http?token=hidden", "/status/403?token=hidden"):
        with pytest.raises(base.StorageError) as raised:
            fetch(storage, hostile.url(path), tmp_path / "in")
        assert "hidden" not in raised.value.message
    with pytest.raises(base.Refused) as refused:
        fetch(storage, "http://me:hidden@example.com/", tmp_path / "in")
    assert "hidden" not in refused.value.message


def test_a_web_page_is_fetched_like_any_other_file(storage, hostile, tmp_path):
    assert fetch(storage, hostile.url("/html"), tmp_path / "in").content_type == "text/html"


def test_nothing_is_written_over_http(storage, tmp_path):
    url = "https://example.com/a.mp4"
    for attempt in (
        lambda: storage.store(tmp_path / "a", url, content_type="video/mp4"),
        lambda: storage.delete(url),
        lambda: storage.list("https://example.com/"),
        lambda: storage.presign(url, expires_seconds=60),
        lambda: storage.abort_uploads("https://example.com/"),
    ):
        with pytest.raises(base.NotSupported):
            attempt()
