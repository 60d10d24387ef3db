"""A TCP relay in front of S3 that can turn into a storage with a bad day: every request is answered with 503."""

import select
import socket
import threading
from contextlib import suppress

_HEAD_BYTES = 65536
_SECONDS = 10.0
_ANSWER = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class StorageProxy:
    """Listens on a port of its own and relays to `port` on loopback. The bytes pass unchanged: a request is
    signed with the name of this address, and the service checks the `Host` header as it came."""

    def __init__(self, port: int) -> None:
        self._upstream = ("127.0.0.1", port)
        self._failing = threading.Event()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.refused = 0
        threading.Thread(target=self._accept, name="storage-proxy", daemon=True).start()

    def fail(self) -> None:
        """Cut what is under way, and answer 503 from now on."""
        self._failing.set()
        with self._lock:
            for each in self._open:
                _shut(each)

    def recover(self) -> None:
        self._failing.clear()

    def close(self) -> None:
        self.fail()
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):  # either side hung up
            if self._failing.is_set():
                self._refuse(client)
            else:
                self._relay(client)

    def _refuse(self, client: socket.socket) -> None:
        client.settimeout(_SECONDS)
        client.recv(_HEAD_BYTES)
        self.refused += 1
        client.sendall(_ANSWER)
        client.shutdown(socket.SHUT_WR)
        while client.recv(_HEAD_BYTES):  # the body: closing on unread bytes would reset the answer away
            pass

    def _relay(self, client: socket.socket) -> None:
        with socket.create_connection(self._upstream, timeout=_SECONDS) as server:
            pair = {client: server, server: client}
            with self._lock:
                self._open |= pair.keys()
            try:
                while True:
                    readable, _, _ = select.select(list(pair), [], [])
                    for each in readable:
                        data = each.recv(_HEAD_BYTES)
                        if not data:
                            return
                        pair[each].sendall(data)
            finally:
                with self._lock:
                    self._open -= pair.keys()


def _shut(each: socket.socket) -> None:
    with suppress(OSError):  # it ended in the meantime
        each.shutdown(socket.SHUT_RDWR)
