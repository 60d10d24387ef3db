"""The way out by HTTP, against a server that misbehaves and addresses that must not be reached."""

import socket
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import requests

from adapters.egress import (
    Answer,
    Egress,
    EgressFailed,
    EgressInterrupted,
    EgressRefused,
    EgressStopped,
    EgressTimedOut,
)

LOOPBACK = ("127.0.0.0/8",)

# Each of these reaches the machine itself, its neighbours or its cloud's metadata service.
NOT_PUBLIC = [
    *("127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "①②⑦.⓪.⓪.①", "127。0。0。1"),
    *("0", "0.0.0.0", "localhost", "LOCALHOST", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::127.0.0.1]"),  # noqa: S104
    *("[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[2001:0:7f00:1::]", "[::ffff:169.254.169.254]"),
    *("169.254.169.254", "[fd00:ec2::254]", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1"),
    *("198.18.0.1", "192.0.2.1", "224.0.0.1", "255.255.255.255", "[fe80::1]", "[fc00::1]", "[fec0::1]"),
    *("[ff02::1]", "[2001:db8::1]"),
]

NOT_ALLOWED = [
    "file:///etc/passwd",
    "gopher://example.com/",
    "ftp://example.com/clip.mp4",
    "http://user:password@example.com/",
    "http://example.com:22/",
    "http://example.com:6379/",
    "http://",
    "http:///clip.mp4",
    "http://exa mple.com/",
    "http://example.com\\@127.0.0.1/",
    "http://[::1/",
    pytest.param("http://" + "a" * 300 + ".com/", id="a host too long"),
    pytest.param("http://example.com/" + "a" * 9000, id="a path too long"),
    "no URL at all",
    "",
]


def egress(port: int, *, total_seconds: float = 10.0) -> Egress:
    return Egress(allowed_networks=LOOPBACK, allowed_ports=frozenset({80, port}), total_seconds=total_seconds)


class Resolver:
    """Stands for the name servers, which belong to whoever owns the name."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses
        self.names: list[str] = []

    def __call__(self, host: str, port: int, *hints: object) -> list[tuple[object, ...]]:
        self.names.append(host)
        return [
            (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (each, port))
            for each in self.addresses
        ]


def count(answer: Answer) -> int:
    return sum(map(len, answer.chunks(65536)))


def whole(answer: Answer) -> bytes:
    return b"".join(answer.chunks(65536))


@pytest.mark.parametrize("host", NOT_PUBLIC)
def test_an_address_that_is_not_public_is_refused(host):
    guarded = Egress(total_seconds=5)
    for url in (f"http://{host}/", f"https://{host}/latest/meta-data/"):
        with pytest.raises(EgressRefused):
            guarded.get_stream(url, whole)


@pytest.mark.parametrize("url", NOT_ALLOWED)
def test_a_url_outside_the_policy_is_refused(url):
    with pytest.raises(EgressRefused):
        Egress(total_seconds=5).get_stream(url, whole)


def test_a_refusal_tells_nothing_about_the_network():
    with pytest.raises(EgressRefused) as refused:
        Egress(total_seconds=5).get_stream("http://localhost/", whole)
    assert str(refused.value) == "The URL's host is not a public address."


def test_a_body_arrives_whole(hostile):
    answer = egress(hostile.port).get_stream(
        hostile.url("/clip"), lambda answer: (answer.status, answer.content_type, len(whole(answer)))
    )
    assert answer == (200, "video/mp4", 131072)


def test_the_request_says_who_asks_and_wants_the_bytes_as_they_are(hostile):
    egress(hostile.port).get_stream(hostile.url("/clip?token=1"), whole)
    (request,) = hostile.seen
    assert request.path == "/clip?token=1"
    assert request.headers["User-Agent"] == "Reelchord"
    assert request.headers["Accept-Encoding"] == "identity"


def test_three_redirects_are_followed_and_a_fourth_is_not(hostile):
    outward = egress(hostile.port)
    assert len(outward.get_stream(hostile.url("/redirect/3"), whole)) == 131072
    with pytest.raises(EgressRefused, match="more than 3 times"):
        outward.get_stream(hostile.url("/redirect/4"), whole)


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/",
        "file:///etc/passwd",
        "http://u:p@example.com/",
        "http://[::1/",
        "//[",
    ],
)
def test_each_redirect_is_checked_anew(hostile, target):
    with pytest.raises(EgressRefused):
        egress(hostile.port).get_stream(hostile.url(f"/redirect-to?{target}"), whole)


def test_a_name_with_a_public_and_a_private_address_is_refused(hostile, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", Resolver("127.0.0.1", "169.254.169.254"))
    with pytest.raises(EgressRefused):
        egress(hostile.port).get_stream(f"http://both.example:{hostile.port}/clip", whole)
    assert hostile.seen == []


def test_a_name_is_looked_up_once_and_cannot_change_its_mind(hostile, monkeypatch):
    look_up = Resolver("127.0.0.1")
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    body = egress(hostile.port).get_stream(f"http://rebinding.example:{hostile.port}/clip", whole)
    assert len(body) == 131072
    assert look_up.names == ["rebinding.example"]
    assert hostile.seen[0].headers["Host"] == f"rebinding.example:{hostile.port}"


def test_the_body_of_a_redirect_is_not_read(hostile):
    outward = egress(hostile.port, total_seconds=3)
    assert len(outward.get_stream(hostile.url("/redirect-with-endless-body"), whole)) == 131072


@pytest.mark.parametrize("path", ["/drip", "/drip-headers", "/silent", "/endless"])
def test_the_whole_request_has_a_deadline(hostile, path):
    with pytest.raises(EgressTimedOut, match=r"not over after 0\.3 s"):
        egress(hostile.port, total_seconds=0.3).get_stream(hostile.url(path), count)


@pytest.mark.parametrize("path", ["/drip", "/drip-headers", "/silent", "/endless"])
def test_the_caller_can_stop_a_request_at_any_time(hostile, path):
    began = time.monotonic()
    with pytest.raises(EgressStopped):
        egress(hostile.port).get_stream(hostile.url(path), count, keep_going=lambda: False)
    assert time.monotonic() - began < 5


def test_a_tls_handshake_that_never_ends_can_be_stopped():
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        port = deaf.getsockname()[1]
        began = time.monotonic()
        with pytest.raises(EgressStopped):
            egress(port).get_stream(f"https://127.0.0.1:{port}/", whole, keep_going=lambda: False)
        assert time.monotonic() - began < 5
        server_side, _ = deaf.accept()
        with server_side:
            server_side.settimeout(5)
            while server_side.recv(
                65536
            ):  # the hello, and then the end: the connection is cut, not abandoned
                pass


def test_an_exception_in_the_calling_thread_cuts_the_connection(hostile):
    def interrupted() -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        egress(hostile.port).get_stream(hostile.url("/silent"), whole, keep_going=interrupted)
    assert hostile.left.wait(5)


@pytest.mark.parametrize("path", ["/short", "/short-chunked"])
def test_a_body_that_ends_early_is_no_body(hostile, path):
    with pytest.raises(EgressInterrupted):
        egress(hostile.port).get_stream(hostile.url(path), whole)


def test_what_speaks_no_http_or_does_not_listen_is_a_failure(hostile):
    with pytest.raises(EgressFailed, match="broke before an answer"):
        egress(hostile.port).get_stream(hostile.url("/no-http"), whole)
    with pytest.raises(EgressFailed, match="TLS"):
        egress(hostile.port).get_stream(f"https://127.0.0.1:{hostile.port}/", whole)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(EgressFailed, match="accepts no connection"):
        egress(port).get_stream(f"http://127.0.0.1:{port}/", whole)
    with pytest.raises(EgressFailed, match="no such host"):
        Egress(total_seconds=20).get_stream("http://no-such-host.invalid/", whole)


def test_proxies_in_the_environment_are_not_used(hostile, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert len(egress(hostile.port).get_stream(hostile.url("/clip"), whole)) == 131072


def test_what_the_receiver_raises_reaches_the_caller(hostile):
    class NotToMyTaste(Exception):
        pass

    def receive(answer: Answer) -> None:
        raise NotToMyTaste

    with pytest.raises(NotToMyTaste):
        egress(hostile.port).get_stream(hostile.url("/endless"), receive)


@pytest.mark.parametrize(
    ("ahead", "least", "most"),
    [("120", 120, 120), (timedelta(seconds=900), 800, 900), (timedelta(days=-4000), 0, 0)],
    ids=["seconds", "a date to come", "a date gone by"],
)
def test_retry_after_is_seconds_or_a_date(ahead, least, most):
    # The date is made here: when the tests were collected may be minutes ago.
    header = ahead if isinstance(ahead, str) else format_datetime(datetime.now(UTC) + ahead, usegmt=True)
    response = requests.Response()
    response.headers["Retry-After"] = header
    seconds = Answer(response).retry_after_seconds
    assert seconds is not None
    assert least <= seconds <= most


@pytest.mark.parametrize(
    "header", ["", "soon", "-5", "1e9", "Wed, 99 Oct 2015", pytest.param("9" * 5000, id="9...")]
)
def test_an_unreadable_retry_after_is_none(header):
    response = requests.Response()
    response.headers["Retry-After"] = header
    assert Answer(response).retry_after_seconds is None
