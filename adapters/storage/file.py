"""file: URLs, inside the operator's roots only."""

import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from adapters.storage.base import (
    DiskFull,
    Fetched,
    Forbidden,
    NotFound,
    NotSupported,
    Refused,
    Stat,
    Stored,
    Unavailable,
)
from adapters.storage.beneath import open_folder, remove_empty_folders
from adapters.storage.intake import CHUNK_BYTES, Intake, new_file
from adapters.storage.location import Location, parse_object, parse_prefix

# What a store writes to until it renames; a customer's own name cannot end like this.
_PART = ".reelchord-part"


class FileStorage:
    """Files beneath `roots`. Symbolic links beneath a root are not followed, wherever they point."""

    def __init__(self, roots: tuple[Path, ...]) -> None:
        self._roots = tuple((root, _file_location(root)) for root in roots)

    def stat(self, url: str) -> Stat:
        with self._open(url) as file:
            return Stat(os.fstat(file.fileno()).st_size, None)

    def fetch(self, url: str, target: Path, *, limit_bytes: int, keep_going: Callable[[], bool]) -> Fetched:
        with self._open(url) as file, new_file(target) as out:
            intake = Intake(out, limit_bytes=limit_bytes, keep_going=keep_going)
            intake.expect(os.fstat(file.fileno()).st_size)
            while chunk := file.read(CHUNK_BYTES):
                intake.write(chunk)
            return intake.fetched(None)

    def store(self, file: Path, url: str, *, content_type: str, sha256: str | None = None) -> Stored:
        with _translated(), file.open("rb", buffering=0) as source:
            return self._put(source, parse_object(url))

    def copy(self, url: str, target_url: str, *, content_type: str) -> None:
        with self._open(url) as source, _translated():
            self._put(source, parse_object(target_url))

    def delete(self, url: str) -> None:
        root, folders, name = self._place(parse_object(url))
        with _translated(), suppress(FileNotFoundError):
            with open_folder(root, folders) as folder:
                os.unlink(name, dir_fd=folder)
            remove_empty_folders(root, folders)

    def list(self, prefix_url: str) -> Iterator[str]:
        for folder, name, location in self._walk(prefix_url):
            if not name.endswith(_PART) and _is_file(folder, name):
                yield location.url

    def presign(self, url: str, *, expires_seconds: int) -> str:
        raise NotSupported("A file: URL cannot be signed: it is read on its own machine.")

    def abort_uploads(self, prefix_url: str) -> int:
        gone = 0
        for folder, name, _ in self._walk(prefix_url):
            if name.endswith(_PART):
                with suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=folder)
                    gone += 1
        return gone

    def _put(self, source: BinaryIO, target: Location) -> Stored:
        root, folders, name = self._place(target)
        if name.endswith(_PART):
            raise Refused(f"A file's name may not end with {_PART}.")
        # Again, when a delete beside us removed, as empty, the folder that we had just opened.
        while root.is_dir():
            source.seek(0)
            with suppress(FileNotFoundError), open_folder(root, folders, create=True) as folder:
                return _write(source, folder, name)
        raise NotFound("The folder to store into is not there.")

    @contextmanager
    def _open(self, url: str) -> Iterator[BinaryIO]:
        root, folders, name = self._place(parse_object(url))
        with _translated():
            with open_folder(root, folders) as folder:
                # O_NONBLOCK: opening a named pipe would wait for its writer, for ever.
                descriptor = os.open(
                    name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder
                )
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                os.close(descriptor)
                raise Refused("The URL names a folder or a device, not a file.")
            with open(descriptor, "rb", buffering=0) as file:  # noqa: PTH123  a descriptor, not a path
                yield file

    def _place(self, location: Location) -> tuple[Path, Sequence[str], str]:
        """The root that a location lies beneath, the folders below it, and the last segment ("" if none)."""
        for root, top in self._roots:
            if location.is_beneath(top):
                parts = location.parts[len(top.parts) :]
                return root, parts[:-1], parts[-1] if parts else ""
        raise Refused("The file: URL lies outside the folders that this service may read and write.")

    def _walk(self, prefix_url: str) -> Iterator[tuple[int, str, Location]]:
        prefix = parse_prefix(prefix_url)
        root, folders, name = self._place(prefix)
        below_root = (*folders, name) if name else ()
        with _translated(), suppress(FileNotFoundError), open_folder(root, below_root) as top:
            for path, children, names, folder in os.fwalk(".", dir_fd=top):
                children.sort()
                below = Path(path).parts
                for each in sorted(names):
                    yield (
                        folder,
                        each,
                        Location("file", "", (*prefix.parts, *below, each), is_prefix=False),
                    )


def _file_location(root: Path) -> Location:
    if not root.is_absolute():
        raise ValueError(f"The file root {str(root)!r} is not absolute.")
    return Location("file", "", root.parts[1:], is_prefix=True)


def _is_file(folder: int, name: str) -> bool:
    with suppress(FileNotFoundError):
        return stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    return False


def _write(source: BinaryIO, folder: int, name: str) -> Stored:
    part = f".{name[:150]}.{secrets.token_hex(8)}{_PART}"
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644, dir_fd=folder)
    try:
        digest, size_bytes = hashlib.sha256(), 0
        with open(descriptor, "wb", buffering=0) as out:  # noqa: PTH123  a descriptor, not a path
            while chunk := source.read(CHUNK_BYTES):
                digest.update(chunk)
                rest = memoryview(chunk)
                while rest:
                    rest = rest[out.write(rest) :]
                size_bytes += len(chunk)
            # The caller commits the output to the database next: it must not outlive its bytes in a power
            # cut.
            os.fsync(out.fileno())
        os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)
        os.fsync(folder)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(part, dir_fd=folder)
        raise
    return Stored(digest.hexdigest(), size_bytes)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise NotFound("There is no such file.") from error
    except PermissionError as error:
        raise Forbidden("The service may not open this file.") from error
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise Refused("The path leads through a symbolic link or through a file.") from error
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull("There is no room for the file.") from error
        if error.errno == errno.ENAMETOOLONG:
            raise Refused("The file's name is too long.") from error
        if error.errno == errno.EISDIR:
            raise Refused("The URL names a folder, not a file.") from error
        raise Unavailable(f"The file system failed: {error.strerror}.") from error
