"""The sources that this machine has already fetched, shared by all its workers."""

import errno
import fcntl
import hashlib
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from adapters.storage.base import Aborted, Changed, DiskFull, Fetched

# How long a key remembers what was fetched under it. Long enough for a retry of the same fetch.
KEY_SECONDS = 3600

_OBJECT = re.compile(r"(?P<sha256>[0-9a-f]{64})-(?P<size>\d+)")
_WAIT_SECONDS = (0.005, 0.2)


@dataclass(frozen=True, slots=True)
class Staged:
    """A source in a workspace. `hit`: it was here already, nothing was fetched."""

    sha256: str
    size_bytes: int
    hit: bool


class SourceCache:
    """A folder of read-only files named by their content, least recently used out.

        objects/<sha256>-<size>     whole, verified files; the mtime is the last use
        keys/<digest of the key>    symbolic links to objects: what a key brought, for an hour
        incoming/<digest>.lock      held (flock) by the one process that fetches
        incoming/<digest>.part      what it has so far

    A file enters `objects` by rename, so it is there whole or not at all; the size in its name also unmasks a
    file that a power cut shortened, which is why nothing is fsynced here. `limit_bytes` bounds the folder
    after each fetch; files that a workspace still links to are never pushed out (that would free nothing), so
    the folder may exceed it while they are in use, and by the file being fetched.
    """

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._objects = folder / "objects"
        self._keys = folder / "keys"
        self._incoming = folder / "incoming"
        for each in (self._objects, self._keys, self._incoming):
            each.mkdir(parents=True, exist_ok=True)

    def stage(
        self,
        sha256: str | None,
        key: str,
        fetch: Callable[[Path], Fetched],
        into: Path,
        *,
        keep_going: Callable[[], bool] = lambda: True,
    ) -> Staged:
        """Bring a source to `into` (a path that does not exist yet): from here, or else by `fetch`.

        With `sha256` known, only those bytes are accepted. Without it, `key` decides: whoever names the same
        key within the hour gets what the first fetch brought, so a key must name one fetch (a source's id,
        not a URL). Among all processes of the machine one fetches and the others wait, asking `keep_going`
        meanwhile.

        Raises `Changed` when the fetch brought other bytes than `sha256`, `Aborted` when `keep_going` said
        no, `DiskFull`, and whatever `fetch` raises.
        """
        name = sha256 or hashlib.sha256(key.encode()).hexdigest()
        staged = self._hit(sha256, name, into)
        if staged:
            return staged
        with self._only_one(name, keep_going) as part:
            staged = self._hit(sha256, name, into)
            if staged:
                return staged
            staged = self._enter(sha256, name, fetch, part, into)
        self._push_out()
        return staged

    def _hit(self, sha256: str | None, name: str, into: Path) -> Staged | None:
        found = self._find(sha256, name)
        return self._take(found, into) if found else None

    def _take(self, whole: Path, into: Path) -> Staged | None:
        match = _OBJECT.fullmatch(whole.name)
        try:
            # Shorter than its name says: the machine lost power before the data reached the disk.
            if match is None or whole.stat().st_size != int(match["size"]):
                whole.unlink(missing_ok=True)
                return None
            os.utime(whole)
            _link(whole, into)
        except FileNotFoundError:
            # Not here, or pushed out between the look and the link. (Or `into` has no folder: the fetch will
            # say so.)
            return None
        return Staged(match["sha256"], int(match["size"]), hit=True)

    def _find(self, sha256: str | None, name: str) -> Path | None:
        if sha256 is not None:
            return next(self._objects.glob(f"{sha256}-*"), None)
        link = self._keys / name
        try:
            if time.time() - link.lstat().st_mtime > KEY_SECONDS:
                return None
            return self._objects / link.readlink().name
        except FileNotFoundError:
            return None

    def _enter(
        self, sha256: str | None, name: str, fetch: Callable[[Path], Fetched], part: Path, into: Path
    ) -> Staged:
        fetched = fetch(part)
        if sha256 is not None and fetched.sha256 != sha256:
            raise Changed("The source no longer holds the bytes that the job was planned for.")
        whole = self._objects / f"{fetched.sha256}-{fetched.size_bytes}"
        if self._take(whole, into) is None:
            part.chmod(0o444)
            # The workspace's link comes first: with a second name the file cannot be pushed out at once.
            _link(part, into)
            part.rename(whole)
        if sha256 is None:
            link = part.with_suffix(".key")
            link.unlink(missing_ok=True)
            link.symlink_to(Path("..") / "objects" / whole.name)
            link.rename(self._keys / name)
        return Staged(fetched.sha256, fetched.size_bytes, hit=False)

    @contextmanager
    def _only_one(self, name: str, keep_going: Callable[[], bool]) -> Iterator[Path]:
        lock, part = self._incoming / f"{name}.lock", self._incoming / f"{name}.part"
        wait_seconds, longest = _WAIT_SECONDS
        while (held := _try_lock(lock, create=True)) is None:
            if not keep_going():
                raise Aborted("Stopped while another process fetched the same source.")
            time.sleep(wait_seconds)
            wait_seconds = min(wait_seconds * 2, longest)
        try:
            part.unlink(missing_ok=True)  # a dead process's
            yield part
        finally:
            part.unlink(missing_ok=True)
            lock.unlink(missing_ok=True)  # while it is held: see _try_lock
            os.close(held)

    def _push_out(self) -> None:
        self._forget_the_dead()
        files: list[tuple[float, int, bool, Path]] = []
        for path in self._objects.iterdir():
            with suppress(FileNotFoundError):  # another process pushes out as well
                stat = path.stat()
                files.append((stat.st_mtime, stat.st_size, stat.st_nlink > 1, path))
        total = sum(size for _, size, _, _ in files)
        for _, size, in_use, path in sorted(files):
            if total <= self._limit_bytes:
                break
            if not in_use:
                path.unlink(missing_ok=True)
                total -= size
        for link in self._keys.iterdir():
            with suppress(FileNotFoundError):
                if time.time() - link.lstat().st_mtime > KEY_SECONDS or not link.exists():
                    link.unlink()

    def _forget_the_dead(self) -> None:
        for lock in self._incoming.glob("*.lock"):
            held = _try_lock(lock, create=False)
            if held is not None:
                for leftover in (".part", ".key"):
                    lock.with_suffix(leftover).unlink(missing_ok=True)
                lock.unlink(missing_ok=True)
                os.close(held)


def _try_lock(path: Path, *, create: bool) -> int | None:
    """The descriptor of the locked file, or None while another has it.

    The holder unlinks the file before it lets go. So one who opened it earlier may lock a file that has no
    name any more, beside another who has locked its successor: only a lock on the file that bears the name
    counts.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if create else 0), 0o600)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), path.stat()):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None


def _link(source: Path, target: Path) -> None:
    """A hard link, or a copy where there can be none: another file system, or one without links."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EMLINK, errno.EPERM, errno.EOPNOTSUPP):
            raise
        _copy(source, target)


def _copy(source: Path, target: Path) -> None:
    try:
        shutil.copyfile(source, target)
        target.chmod(0o444)
    except OSError as error:
        target.unlink(missing_ok=True)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull("There is no room on this machine for the source.") from error
        raise
