"""What every storage can do, what it answers, and how it fails.

    StorageError
    ├── NotFound        object_not_found          no such object, bucket or folder
    ├── Forbidden       object_forbidden          the other side refuses us, and would refuse us again
    ├── Throttled       storage_throttled         too many requests; see retry_after_seconds
    ├── Unavailable     storage_unavailable       unreachable, too slow, or its own error (5xx)
    ├── Interrupted     fetch_interrupted         the object ended before its announced length
    ├── Changed         source_changed            other bytes than were promised by hash
    ├── TooLarge        object_too_large          more bytes than the caller allows
    ├── Refused         url_refused               a URL that we do not follow: scheme, roots, private address
    ├── NotSupported    operation_not_supported   this scheme cannot do that
    ├── Aborted         fetch_aborted             the caller said stop
    └── DiskFull        disk_full                 no room on this machine

`code` is what `jobs/faults.py` looks up; `message` is safe to show to a customer: it never holds a query
string, credentials or a resolved address.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol


class StorageError(Exception):
    """Any failure of a storage operation.

    `retry_after_seconds` is what the other side asked for, or None where it asked for nothing.
    """

    code: ClassVar[str]

    def __init__(self, message: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_seconds = retry_after_seconds


class NotFound(StorageError):
    code = "object_not_found"


class Forbidden(StorageError):
    code = "object_forbidden"


class Throttled(StorageError):
    code = "storage_throttled"


class Unavailable(StorageError):
    code = "storage_unavailable"


class Interrupted(StorageError):
    code = "fetch_interrupted"


class Changed(StorageError):
    code = "source_changed"


class TooLarge(StorageError):
    code = "object_too_large"


class Refused(StorageError):
    code = "url_refused"


class NotSupported(StorageError):
    code = "operation_not_supported"


class Aborted(StorageError):
    code = "fetch_aborted"


class DiskFull(StorageError):
    code = "disk_full"


@dataclass(frozen=True, slots=True)
class Stat:
    """What is known about an object before its bytes are read; None where the other side does not say."""

    size_bytes: int | None
    content_type: str | None


@dataclass(frozen=True, slots=True)
class Fetched:
    """What arrived: the lower-case hex SHA-256 and length of the bytes as written."""

    sha256: str
    size_bytes: int
    content_type: str | None


@dataclass(frozen=True, slots=True)
class Stored:
    """What was stored: the lower-case hex SHA-256 and length of the file that was sent."""

    sha256: str
    size_bytes: int


class Storage(Protocol):
    """One URL scheme. Every method raises `StorageError`s and nothing else for what can go wrong outside.

    A prefix URL ends with a slash and stands for every object whose URL begins with it.
    """

    def stat(self, url: str) -> Stat: ...

    def fetch(self, url: str, target: Path, *, limit_bytes: int, keep_going: Callable[[], bool]) -> Fetched:
        """Stream the object into `target`, a new file, and hash it on the way.

        `keep_going` is asked in the calling thread, at least every 0.25 s while bytes flow; False raises
        `Aborted`. After any error `target` does not exist.
        """
        ...

    def store(self, file: Path, url: str, *, content_type: str, sha256: str | None = None) -> Stored:
        """Put the whole of `file` at `url`, replacing what is there; it appears whole or not at all.

        `sha256` is the file's hash where the caller knows it; without it the file is read once more.
        """
        ...

    def copy(self, url: str, target_url: str, *, content_type: str) -> None:
        """Put the bytes of one object at another URL of this scheme, replacing what is there.

        They do not pass through this machine where the other side can do it by itself. What is at `target_url`
        is the old object or the whole new one at any moment; the same copy twice leaves what one leaves.
        """
        ...

    def delete(self, url: str) -> None:
        """Remove the object. A missing one is no error."""
        ...

    def list(self, prefix_url: str) -> Iterator[str]:
        """The URLs of all objects beneath a prefix URL, in order of their names."""
        ...

    def presign(self, url: str, *, expires_seconds: int) -> str:
        """An http(s) URL that lets anyone read the object until it expires (1 s to 7 days)."""
        ...

    def abort_uploads(self, prefix_url: str) -> int:
        """Drop what stores that were killed half-way left beneath a prefix URL; how many there were.

        Only for a prefix that nobody stores to any more: it would cut a running store as well.
        """
        ...
