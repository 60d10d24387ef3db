"""A customer's server on loopback, that answers as its owner likes, and does what the internet does."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, slots=True)
class Received:
    """One request, whole."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Receiver"
    # Two small writes for an answer (headers, body) would wait for an acknowledgement of 40 ms.
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = Received(self.path, headers, body)
        with self.server.lock:
            self.server.seen.append(seen)
            behave = self.server.script.pop(0) if self.server.script else self.server.otherwise
        with self.server.busy(), suppress(BrokenPipeError, ConnectionResetError):
            behave(self)

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.wfile.write("\r\n".join([*lines, "", ""]).encode() + body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


Behave = Callable[[Handler], None]


def says(status: int, body: bytes = b"", **headers: str) -> Behave:
    return lambda handler: handler.answer(status, body, **headers)


def hangs(handler: Handler) -> None:
    handler.server.stopped.wait(20)
    handler.close_connection = True


def drips(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while not handler.server.stopped.wait(0.02):
        handler.wfile.write(b"x")


def breaks_off(handler: Handler) -> None:
    """Half an answer."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    handler.close_connection = True


def hangs_up(handler: Handler) -> None:
    """No answer at all."""
    handler.close_connection = True


class Receiver(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.Lock()
        self.seen: list[Received] = []
        self.script: list[Behave] = []
        self.otherwise: Behave = says(204)
        self.stopped = threading.Event()
        self.at_once = self.most_at_once = 0

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def url(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    @contextmanager
    def busy(self) -> Iterator[None]:
        with self.lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            yield
        finally:
            with self.lock:
                self.at_once -= 1


@contextmanager
def receiving() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.stopped.set()
            server.shutdown()
            thread.join()
