"""An HTTP server on loopback that does to a client what the internet does."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

BODY = bytes(range(256)) * 512  # 128 KiB


class Handler(BaseHTTPRequestHandler):
    server: "HostileServer"

    def do_GET(self) -> None:
        self.server.seen.append(self)
        behave = getattr(self, self.path.partition("?")[0].strip("/").partition("/")[0].replace("-", "_"))
        with suppress(BrokenPipeError, ConnectionResetError):
            behave()
        self.close_connection = True

    def start(self, status: int, **headers: object) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def clip(self) -> None:
        self.start(200, Content_Length=len(BODY), Content_Type="Video/MP4; codecs=avc1")
        self.wfile.write(BODY)

    def without_length(self) -> None:
        self.start(200)
        self.wfile.write(BODY)

    def short(self) -> None:
        self.start(200, Content_Length=len(BODY) + 1)
        self.wfile.write(BODY)

    def short_chunked(self) -> None:
        self.start(200, Transfer_Encoding="chunked")
        self.wfile.write(b"10000\r\n" + BODY[:1000])

    def announced_huge(self) -> None:
        self.start(200, Content_Length=10**12)
        self.wait_for_the_client_to_go()

    def endless(self) -> None:
        self.start(200)
        self.server.until_stopped(lambda: self.wfile.write(BODY))

    def drip(self) -> None:
        self.start(200, Content_Length=10**6)
        self.server.until_stopped(lambda: self.wfile.write(b"x"), every_seconds=0.02)

    def drip_headers(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        self.server.until_stopped(lambda: self.wfile.write(b"x"), every_seconds=0.02)

    def silent(self) -> None:
        self.wait_for_the_client_to_go()

    def no_http(self) -> None:
        self.wfile.write(b"220 mail.example.com ESMTP\r\n")

    def html(self) -> None:
        self.start(200, Content_Length=13, Content_Type="text/html")
        self.wfile.write(b"<html></html>")

    def status(self) -> None:
        self.start(int(self.path.split("/")[2]), Content_Length=6)
        self.wfile.write(b"secret")

    def throttled(self) -> None:
        self.start(429, Retry_After="7", Content_Length=0)

    def busy(self) -> None:
        self.start(503, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT", Content_Length=0)

    def redirect(self) -> None:
        """/redirect/N leads to /clip over N redirects."""
        left = int(self.path.split("/")[2])
        self.start(302, Location=f"/redirect/{left - 1}" if left > 1 else "/clip")

    def redirect_to(self) -> None:
        self.start(307, Location=self.path.partition("?")[2])

    def redirect_with_endless_body(self) -> None:
        self.start(302, Location="/clip")
        self.server.until_stopped(lambda: self.wfile.write(BODY))

    def wait_for_the_client_to_go(self) -> None:
        self.connection.settimeout(20)
        self.rfile.read(1)
        self.server.left.set()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


class HostileServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[Handler] = []
        self.left = threading.Event()  # a client hung up on a handler that waited for it
        self.stopped = threading.Event()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def until_stopped(self, act: Callable[[], object], every_seconds: float = 0.0) -> None:
        while not self.stopped.wait(every_seconds):
            act()


@pytest.fixture
def hostile() -> Iterator[HostileServer]:
    with HostileServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.stopped.set()
            server.shutdown()
            thread.join()


@dataclass
class CuttingProxy:
    """A TCP relay that hangs up on a connection after some bytes.

    `cut_answers_after` lists, connection by connection, how many bytes of answers may pass; connections
    beyond the list pass whole. `cut_requests_longer_than` holds for all; `on_cut` runs before each hang-up.
    """

    upstream: tuple[str, int]
    cut_answers_after: list[int] = field(default_factory=list)
    cut_requests_longer_than: int | None = None
    on_cut: Callable[[], object] = lambda: None
    cuts: int = 0

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        for each in self._open:
            _hang_up(each)
        for thread in self._threads[1:]:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            limit = self.cut_answers_after.pop(0) if self.cut_answers_after else None
            self._threads.append(threading.Thread(target=self._connect, args=(client, limit)))
            self._threads[-1].start()

    def _connect(self, client: socket.socket, answer_limit: int | None) -> None:
        # Closed, not only shut down: a sender whose bytes nobody reads would wait, and not see the hang-up.
        with client, socket.create_connection(self.upstream) as server:
            self._open += [client, server]
            back = threading.Thread(target=self._relay, args=(server, client, answer_limit))
            back.start()
            self._relay(client, server, self.cut_requests_longer_than)
            back.join()

    def _relay(self, source: socket.socket, target: socket.socket, limit: int | None) -> None:
        passed = 0
        with suppress(OSError):
            while chunk := source.recv(65536):
                passed += len(chunk)
                if limit is not None and passed > limit:
                    target.sendall(chunk[: len(chunk) - (passed - limit)])
                    self.cuts += 1
                    self.on_cut()
                    break
                target.sendall(chunk)
        _hang_up(source)
        _hang_up(target)


def _hang_up(each: socket.socket) -> None:
    with suppress(OSError):  # closed already, or the other side was first
        each.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def cutting_proxy() -> Iterator[Callable[..., CuttingProxy]]:
    proxies: list[CuttingProxy] = []

    def make(upstream: tuple[str, int], **behaviour: object) -> CuttingProxy:
        proxies.append(CuttingProxy(upstream, **behaviour))  # type: ignore[arg-type]
        return proxies[-1]

    yield make
    for proxy in proxies:
        proxy.close()
