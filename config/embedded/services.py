"""PostgreSQL, Valkey, S3 and FFmpeg of one data folder, joined, and the environment that they give."""

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from config.embedded import media
from config.embedded.child import Child
from config.embedded.credentials import credentials
from config.embedded.postgres import Postgres
from config.embedded.seaweed import REGION, Seaweed
from config.embedded.valkey import Valkey

# `sun_path` holds 108 bytes with its final zero (unix(7)); the longest name below it is ".s.PGSQL.5432.lock".
LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.5432.lock")
LOCK_SECONDS = 5.0


class FolderInUse(Exception):
    """Another launcher runs on this data folder."""


class Services:
    """The services of `folder`. Their addresses (`environment`) are known before they start.

    Start and stop them from one thread that lives as long as they do (see `Child`).
    """

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self.folder = folder.absolute()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.logs = self.folder / "log"
        self._lock = _lock(self.folder)
        self.credentials = credentials(self.folder)
        self._sockets = sockets = _socket_folder(self.folder)
        keep_open = (self._lock,)
        self.postgres = Postgres(
            self.folder / "postgres",
            sockets=sockets,
            log=self.logs / "postgres.log",
            durable=durable,
            keep_open=keep_open,
        )
        self.valkey = Valkey(
            self.folder / "valkey",
            socket=sockets / "valkey.sock",
            log=self.logs / "valkey.log",
            durable=durable,
            keep_open=keep_open,
        )
        self.seaweed = Seaweed(
            self.folder / "seaweed",
            access_key=self.credentials.s3_access_key,
            secret_key=self.credentials.s3_secret_key,
            log=self.logs / "seaweed.log",
            keep_open=keep_open,
        )

    @property
    def children(self) -> list[Child]:
        return [self.postgres.server, self.valkey.server, self.seaweed.server]

    @property
    def environment(self) -> dict[str, str]:
        """What `config/settings.py` reads of them."""
        return {
            "DATABASE_URL": self.postgres.url(),
            "REDIS_URL": self.valkey.url(),
            "S3_ENDPOINT_URL": self.seaweed.endpoint_url,
            "AWS_ACCESS_KEY_ID": self.seaweed.access_key,
            "AWS_SECRET_ACCESS_KEY": self.seaweed.secret_key,
            "AWS_DEFAULT_REGION": REGION,
            "FFMPEG_BINARY": str(media.ffmpeg()),
            "FFPROBE_BINARY": str(media.ffprobe()),
            "SECRET_KEY": self.credentials.secret_key,
            **without_proxy(),
        }

    def start(self, ready: Callable[[str], None] = lambda name: None) -> None:
        """Start all three side by side; `ready` hears each name as soon as that service can be used."""
        self.postgres.prepare()
        self.seaweed.start()
        self.valkey.start()
        self.postgres.start()
        for name, service in (
            ("valkey", self.valkey),
            ("postgres", self.postgres),
            ("seaweed", self.seaweed),
        ):
            service.wait()
            ready(name)

    def stop(self) -> None:
        """In the order of who uses whom last; fine when they never started."""
        self.valkey.stop()
        self.seaweed.stop()
        self.postgres.stop()
        if not self._sockets.is_relative_to(self.folder):
            shutil.rmtree(self._sockets, ignore_errors=True)
        os.close(self._lock)


def without_proxy() -> dict[str, str]:
    """Variables that keep the user's HTTP proxy, if there is one, away from our loopback."""
    known = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    hosts = dict.fromkeys(filter(None, [*known.split(","), "127.0.0.1", "localhost"]))
    return {name: ",".join(hosts) for name in ("no_proxy", "NO_PROXY")}


def _lock(folder: Path) -> int:
    """An exclusive lock on `folder`, as an open file that every service inherits.

    So it outlives a launcher that is killed, until its last service is gone: no two servers share a folder.
    """
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(lock)
                raise FolderInUse(
                    f"another stack runs on {folder}: stop it, or choose another data folder"
                ) from None
            time.sleep(0.1)
        else:
            return lock


def _socket_folder(folder: Path) -> Path:
    """A folder for Unix sockets: below the data, or in /tmp where that path is too long."""
    sockets = folder / "sockets"
    if len(os.fsencode(sockets)) > LONGEST_SOCKET_FOLDER:
        name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
        sockets = Path(f"/tmp/reelchord-{os.geteuid()}-{name}")  # noqa: S108 - owner checked below
    sockets.mkdir(mode=0o700, exist_ok=True)
    if sockets.stat().st_uid != os.geteuid():
        raise PermissionError(f"{sockets} belongs to somebody else")
    return sockets
