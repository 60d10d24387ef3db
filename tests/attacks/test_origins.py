"""Servers that hold a worker for hours, names that change their mind, and every way to write a private address."""

import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from adapters.egress import Egress, EgressRefused
from adapters.storage.base import Fetched, Interrupted, Refused
from adapters.storage.http import HttpStorage
from adapters.storage.intake import Drip, Pace
from jobs import stores
from jobs.states import JobState
from tests.attacks.honeypots import HoneyServer
from tests.factories import REMUX, drive, make_job, stored

# A thirtieth of the window that is used: the rest is the same.
PACE = Pace(bytes_per_second=10_000, window_seconds=1.0)


class Slow(BaseHTTPRequestHandler):
    """/RATE sends as many bytes a second, in small pieces; /head sends headers without end, /chunked likewise."""

    def do_GET(self) -> None:
        kind = self.path.strip("/")
        pieces = 20
        try:
            if kind == "head":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                self._send(b"x", 0.05)
            elif kind == "chunked":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                self._send(b"1\r\nx\r\n", 0.05)
            else:
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n")
                self._send(b"x" * (int(kind) // pieces), 1 / pieces, 200_000)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def _send(self, piece: bytes, every_seconds: float, most: int = 1 << 30) -> None:
        sent = 0
        while sent < most and not self.server.stopped.wait(every_seconds):  # type: ignore[attr-defined]
            self.wfile.write(piece[: most - sent])
            sent += len(piece)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def slow() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    server.stopped = threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.stopped.set()  # type: ignore[attr-defined]
    server.shutdown()
    thread.join()
    server.server_close()


def fetch(url: str, target: Path, *, total_seconds: float = 30) -> Fetched:
    port = int(url.rpartition(":")[2].partition("/")[0])
    ports = frozenset({80, port})
    outward = Egress(allowed_networks=("127.0.0.0/8",), allowed_ports=ports, total_seconds=total_seconds)
    return HttpStorage(outward, pace=PACE).fetch(url, target, limit_bytes=1 << 20, keep_going=lambda: True)


@pytest.mark.parametrize("kind", ["40", "2000", "head", "chunked"])
def test_an_origin_that_drips_is_hung_up_on(kind: str, slow: str, tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(Interrupted, match=r"less than 10 kB/s for 1 s"):
        fetch(f"{slow}/{kind}", tmp_path / "in")
    assert time.monotonic() - began < 10
    assert list(tmp_path.iterdir()) == []


def test_an_origin_that_is_slow_but_steady_is_waited_for(slow: str, tmp_path: Path) -> None:
    began = time.monotonic()
    assert fetch(f"{slow}/100000", tmp_path / "in").size_bytes == 200_000
    assert time.monotonic() - began > PACE.window_seconds


def test_each_window_counts_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """A film's first half in a second buys no hour for its second half."""
    clock = iter([0.0, 10.0, 29.0, 31.0, 45.0, 61.5])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    drip = Drip(Pace(bytes_per_second=10_000, window_seconds=30))
    for _ in range(4):
        drip.check(10**9)
    with pytest.raises(Interrupted, match=r"less than 10 kB/s for 30 s"):
        drip.check(10**9 + 299_000)


@pytest.mark.django_db(transaction=True)
def test_a_job_of_a_dripping_origin_is_tried_again(acme, slow: str, settings, monkeypatch) -> None:
    settings.EGRESS_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    settings.EGRESS_ALLOWED_PORTS = [int(slow.rpartition(":")[2])]
    monkeypatch.setattr("adapters.storage.http._PACE", PACE)
    monkeypatch.setattr(HttpStorage.__init__, "__kwdefaults__", {"pace": PACE})
    stores.storages.cache_clear()
    try:
        job = drive(make_job(acme, f"{slow}/40", REMUX), limit=1)
    finally:
        stores.storages.cache_clear()
    [attempt] = job.attempts.all()
    assert (attempt.fault_code, attempt.fault_bucket) == ("fetch_interrupted", "transient")
    assert job.state == JobState.INGESTING
    assert stored(acme) == {}


# --- names ---
class TurnCoat:
    """A name server that answers first with one address, then with another."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    def __call__(self, host: str, port: int, *hints: object) -> list[tuple[object, ...]]:
        answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (each, port)) for each in answer]


def test_a_name_that_turns_private_after_the_check_is_not_followed(server: HoneyServer, monkeypatch) -> None:
    """127.0.0.2 stands for the public address, 127.0.0.1 for the honeypot within."""
    port = server.server_port
    resolver = TurnCoat(["127.0.0.2"], ["127.0.0.1"], ["127.0.0.1"])
    with HoneyServer("127.0.0.2", port) as public:
        monkeypatch.setattr(socket, "getaddrinfo", resolver)
        outward = Egress(allowed_networks=("127.0.0.2/32",), allowed_ports=frozenset({port}), total_seconds=5)
        status = outward.get_stream(f"http://rebinding.example:{port}/", lambda answer: answer.status)
        assert (status, public.connections, server.connections) == (200, 1, 0)
        with pytest.raises(EgressRefused):
            outward.get_stream(f"http://rebinding.example:{port}/", lambda answer: answer.status)
    assert server.connections == 0


@pytest.mark.parametrize("answers", [["127.0.0.2", "127.0.0.1"], ["127.0.0.1", "127.0.0.2"], ["127.0.0.1"]])
def test_one_private_address_among_the_answers_is_enough(
    answers: list[str], server: HoneyServer, monkeypatch
) -> None:
    port = server.server_port
    with HoneyServer("127.0.0.2", port) as public:
        monkeypatch.setattr(socket, "getaddrinfo", TurnCoat(answers))
        outward = Egress(allowed_networks=("127.0.0.2/32",), allowed_ports=frozenset({port}), total_seconds=5)
        with pytest.raises(EgressRefused):
            outward.get_stream(f"http://mixed.example:{port}/", lambda answer: answer.status)
        assert (public.connections, server.connections) == (0, 0)


# --- addresses ---
_watched: list[tuple[object, ...]] | None = None


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.connect" and _watched is not None:
        _watched.append(arguments[1:])


@contextmanager
def connections() -> Iterator[list[tuple[object, ...]]]:
    """Every address that this process tries to connect to meanwhile: sys.addaudithook, which is for good."""
    global _watched
    if not getattr(sys, "_reelchord_hook", False):
        sys.addaudithook(_hook)
        sys._reelchord_hook = True  # type: ignore[attr-defined]
    _watched = []
    try:
        yield _watched
    finally:
        _watched = None


LITERALS = {
    "loopback": "127.0.0.1 127.1 127.0.1 127.255.255.254 localhost LOCALHOST [::1] [0:0:0:0:0:0:0:1]",
    "decimal, octal, hex": "2130706433 017700000001 0177.0.0.1 0177.0.0.01 0x7f000001 0x7f.0.0.1 0x7f.1 127.0.0.0x1",
    "nowhere": "0 0.0.0.0 [::]",
    "mapped and compatible": "[::ffff:127.0.0.1] [::ffff:7f00:1] [::127.0.0.1] [::ffff:10.0.0.1] [::ffff:0:127.0.0.1]",
    "NAT64, 6to4, Teredo": "[64:ff9b::7f00:1] [64:ff9b::a9fe:a9fe] [64:ff9b:1::7f00:1] [2002:7f00:1::]"
    " [2002:a9fe:a9fe::] [2001:0:7f00:1::]",
    "metadata": "169.254.169.254 169.254.170.2 0xa9fea9fe 2852039166 [fd00:ec2::254] [::ffff:169.254.169.254]"
    " 100.100.100.200",
    "private": "10.0.0.1 172.16.0.1 172.31.255.255 192.168.0.1 [fc00::1] [fd12:3456::1] [fec0::1]",
    "shared, benchmark, documentation": "100.64.0.1 100.127.255.254 198.18.0.1 192.0.0.1 192.0.2.1 198.51.100.1"
    " 203.0.113.1 [2001:db8::1] [100::1]",
    "link-local, multicast, broadcast": "169.254.0.1 [fe80::1] [fe80::1%25lo] 224.0.0.1 [ff02::1] 255.255.255.255"
    " 240.0.0.1",
    "other digits": "①②⑦.⓪.⓪.① 127。0。0。1 127.0.0.1",
}
URLS = [
    *("http://user@127.0.0.1/", "http://example.com@127.0.0.1/", "http://127.0.0.1\\@example.com/"),
    *(
        "http://127.0.0.1:80#@example.com/",
        "http://example.com:22/",
        "http://example.com:6379/",
        "http://127.0.0.1:0/",
    ),
    *(
        "http://example.com:5432/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_x",
        "dict://127.0.0.1:11211/",
    ),
    *(
        "ftp://127.0.0.1/",
        "ldap://127.0.0.1/",
        "jar:http://127.0.0.1!/",
        "data:text/plain,x",
        "unix:///run/x",
    ),
    *(
        "http+unix://%2Frun%2Fx/",
        "http:127.0.0.1",
        "http:///127.0.0.1",
        "//127.0.0.1/",
        "http://127.0.0.1%2f@example.com",
    ),
    *(
        "http://[::1]:80:80/",
        "http://127.0.0.1\t/",
        "http://127.0.0.1\r\nHost: x/",
        " http://127.0.0.1/",
        "javascript:1",
    ),
]


@pytest.mark.parametrize("kind", LITERALS)
def test_no_way_of_writing_a_private_address_is_connected_to(kind: str) -> None:
    outward = Egress(total_seconds=5)
    with connections() as seen:
        for host in LITERALS[kind].split():
            for url in (f"http://{host}/", f"https://{host}/latest/meta-data/"):
                with pytest.raises(EgressRefused):
                    outward.get_stream(url, lambda answer: answer.status)
                    pytest.fail(url)
    assert seen == []


def test_no_other_scheme_port_or_trick_with_the_authority_is_connected_to() -> None:
    outward = Egress(total_seconds=5)
    with connections() as seen:
        for url in URLS:
            with pytest.raises(EgressRefused):
                outward.get_stream(url, lambda answer: answer.status)
                pytest.fail(url)
    assert seen == []


def test_the_eyes_of_these_tests_see_a_connection(server: HoneyServer) -> None:
    outward = Egress(
        allowed_networks=("127.0.0.1/32",), allowed_ports=frozenset({server.server_port}), total_seconds=5
    )
    with connections() as seen:
        assert outward.get_stream(server.url, lambda answer: answer.status) == 200
    assert seen == [(("127.0.0.1", server.server_port),)]


REDIRECTS = [
    *(
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:127.0.0.1]/",
        "http://2130706433/",
        "//127.0.0.1/",
    ),
    *("http://localhost:{port}/", "https://10.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1:{port}/_x"),
]


@pytest.mark.parametrize("target", REDIRECTS)
@pytest.mark.django_db(transaction=True)
def test_a_job_whose_origin_redirects_inwards_fails_and_contacts_nobody(
    target: str, acme, server: HoneyServer, settings, redirecting: Callable[[str], str]
) -> None:
    """The origin stands on 127.0.0.2, which an operator has allowed; the rest of loopback is private."""
    origin = redirecting(target.format(port=server.server_port))
    settings.EGRESS_ALLOWED_NETWORKS = ["127.0.0.2/32"]
    settings.EGRESS_ALLOWED_PORTS = [80, 443, server.server_port, int(origin.rpartition(":")[2])]
    stores.storages.cache_clear()
    try:
        with connections() as seen:
            job = drive(make_job(acme, f"{origin}/clip.mp4", REMUX))
    finally:
        stores.storages.cache_clear()
    assert (job.state, job.fault_code) == (JobState.FAILED, "url_refused")
    hosts = {address[0] for (address,) in seen if isinstance(address, tuple) and address[1] not in (80, 443)}
    assert not {"169.254.169.254", "10.0.0.1", "::1"} & hosts
    assert server.connections == 0


@pytest.fixture
def redirecting() -> Iterator[Callable[[str], str]]:
    servers: list[tuple[ThreadingHTTPServer, threading.Thread]] = []

    def serve(target: str) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(302)
                self.send_header("Location", target)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        server = ThreadingHTTPServer(("127.0.0.2", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.2:{server.server_port}"

    yield serve
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_refusal_by_storage_names_no_address() -> None:
    with pytest.raises(Refused) as refused:
        HttpStorage(Egress(total_seconds=5)).stat("http://localhost/")
    assert "127." not in refused.value.message
