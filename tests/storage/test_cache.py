"""The machine's cache of sources: one fetch, whole files, a bounded folder, whoever dies."""

import fcntl
import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from adapters.storage import base
from adapters.storage.cache import KEY_SECONDS, SourceCache

ROOT = Path(__file__).resolve().parents[2]

# Stages the keys 0..49 into its own folder, in step with seven others; every fetch leaves a line.
WORKER = """
import hashlib, os, sys, time
from pathlib import Path
from typing import Any
from adapters.storage.base import Fetched
from adapters.storage.cache import SourceCache

folder, me, by_hash = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "by-hash"
workspace = folder / f"workspace-{me}"
workspace.mkdir()
(folder / f"here-{me}").touch()
while len(list(folder.glob("here-*"))) < 8:
    time.sleep(0.001)
cache = SourceCache(folder / "cache", 10**9)
for number in range(50):
    content = f"source {number}".encode() * 1000
    sha256 = hashlib.sha256(content).hexdigest()

    def fetch(target):
        with open(folder / "fetches", "a") as log:
            log.write(f"{number}\\n")
        target.write_bytes(content)
        return Fetched(sha256, len(content), None)

    staged = cache.stage(sha256 if by_hash else None, f"source-{number}", fetch, workspace / str(number))
    assert (staged.sha256, staged.size_bytes) == (sha256, len(content))
    assert (workspace / str(number)).read_bytes() == content
"""

# Begins a fetch, says so, and never ends.
STUCK = """
import sys, time
from pathlib import Path
from typing import Any
from adapters.storage.cache import SourceCache

def fetch(target):
    target.write_bytes(b"half")
    print("fetching", flush=True)
    time.sleep(600)

SourceCache(Path(sys.argv[1]), 10**9).stage(None, "a", fetch, Path(sys.argv[2]))
"""


def python(script: str, *arguments: object, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)], cwd=ROOT, text=True, **options
    )


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def workspace(tmp_path):
    (tmp_path / "workspace").mkdir()
    return tmp_path / "workspace"


class Origin:
    """A source somewhere else, and how often it was asked."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.sha256 = hashlib.sha256(content).hexdigest()
        self.fetches = 0

    def __call__(self, target: Path) -> base.Fetched:
        self.fetches += 1
        target.write_bytes(self.content)
        return base.Fetched(self.sha256, len(self.content), None)


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("known", ["by-hash", "by-key"])
def test_eight_processes_fetch_each_source_once(tmp_path, known):
    workers = [python(WORKER, tmp_path, me, known) for me in range(8)]
    assert [worker.wait(timeout=60) for worker in workers] == [0] * 8
    fetched = (tmp_path / "fetches").read_text().split()
    assert sorted(fetched, key=int) == [str(number) for number in range(50)]
    assert list((tmp_path / "cache" / "incoming").iterdir()) == []


def test_a_fetch_that_was_killed_is_begun_anew_and_leaves_nothing(tmp_path, folder, workspace):
    stuck = python(STUCK, folder, workspace / "never", stdout=subprocess.PIPE)
    with stuck:
        assert stuck.stdout is not None
        assert stuck.stdout.readline() == "fetching\n"
        assert len(list((folder / "incoming").iterdir())) == 2
        stuck.send_signal(signal.SIGKILL)
    other = Origin(b"another source")
    SourceCache(folder, 10**9).stage(None, "b", other, workspace / "b")
    assert list((folder / "incoming").iterdir()) == []
    origin = Origin(b"whole")
    assert SourceCache(folder, 10**9).stage(None, "a", origin, workspace / "a").hit is False
    assert (workspace / "a").read_bytes() == b"whole"


def test_a_running_fetch_is_not_taken_for_a_dead_one(folder, workspace):
    stuck = python(STUCK, folder, workspace / "never", stdout=subprocess.PIPE)
    with stuck:
        assert stuck.stdout is not None
        stuck.stdout.readline()
        SourceCache(folder, 10**9).stage(None, "b", Origin(b"another"), workspace / "b")
        assert len(list((folder / "incoming").iterdir())) == 2
        stuck.kill()


def test_who_waits_for_another_fetch_can_be_stopped(folder, workspace):
    cache = SourceCache(folder, 10**9)
    origin = Origin(b"1")
    with (folder / "incoming" / f"{origin.sha256}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(base.Aborted):
            cache.stage(origin.sha256, "a", origin, workspace / "a", keep_going=lambda: False)
    assert origin.fetches == 0


def test_a_lock_that_lost_its_name_between_open_and_lock_does_not_count(folder, workspace, monkeypatch):
    cache, origin = SourceCache(folder, 10**9), Origin(b"1")
    named = folder / "incoming" / f"{origin.sha256}.lock"
    flock, late = fcntl.flock, [True]

    def flock_late(descriptor: int, operation: int) -> None:
        if late and late.pop():
            named.unlink()  # what the holder before us does as it leaves
        flock(descriptor, operation)

    def fetch(target: Path) -> base.Fetched:
        assert named.exists()  # otherwise the next process locks a new file, and fetches beside us
        return origin(target)

    monkeypatch.setattr(fcntl, "flock", flock_late)
    cache.stage(origin.sha256, "a", fetch, workspace / "a")
    assert origin.fetches == 1
    assert late == []


def test_a_staged_source_is_a_read_only_link_to_the_one_copy(folder, workspace):
    cache, origin = SourceCache(folder, 10**9), Origin(b"1")
    cache.stage(origin.sha256, "a", origin, workspace / "a")
    assert cache.stage(origin.sha256, "b", origin, workspace / "b").hit is True
    assert (workspace / "a").samefile(workspace / "b")
    assert (workspace / "a").stat().st_mode & 0o777 == 0o444
    assert origin.fetches == 1


def test_the_same_bytes_under_two_keys_are_kept_once(folder, workspace):
    cache, origin = SourceCache(folder, 10**9), Origin(b"1")
    cache.stage(None, "a", origin, workspace / "a")
    assert cache.stage(None, "b", origin, workspace / "b").hit is False
    assert (workspace / "a").samefile(workspace / "b")
    assert len(files(folder / "objects")) == 1


def test_a_source_found_by_its_key_is_found_by_its_hash(folder, workspace):
    cache, origin = SourceCache(folder, 10**9), Origin(b"1")
    staged = cache.stage(None, "a", origin, workspace / "a")
    assert cache.stage(staged.sha256, "whatever", origin, workspace / "b").hit is True


def test_a_key_is_forgotten_after_an_hour(folder, workspace):
    cache, origin = SourceCache(folder, 10**9), Origin(b"1")
    cache.stage(None, "a", origin, workspace / "a")
    (link,) = (folder / "keys").iterdir()
    long_ago = time.time() - KEY_SECONDS - 1
    os.utime(link, (long_ago, long_ago), follow_symlinks=False)
    assert cache.stage(None, "a", origin, workspace / "b").hit is False
    os.utime(link, (long_ago, long_ago), follow_symlinks=False)
    cache.stage(None, "other", Origin(b"2"), workspace / "c")
    assert link not in list((folder / "keys").iterdir())


def test_other_bytes_than_promised_are_not_staged_and_not_kept(folder, workspace):
    with pytest.raises(base.Changed):
        SourceCache(folder, 10**9).stage("0" * 64, "a", Origin(b"1"), workspace / "a")
    assert files(folder) == []
    assert list(workspace.iterdir()) == []


def test_a_fetch_that_fails_leaves_nothing(folder, workspace):
    def fetch(target: Path) -> base.Fetched:
        target.write_bytes(b"half")
        raise base.Interrupted("gone")

    with pytest.raises(base.Interrupted):
        SourceCache(folder, 10**9).stage(None, "a", fetch, workspace / "a")
    assert files(folder) == []


def test_the_least_recently_used_source_goes_first(folder, workspace):
    cache = SourceCache(folder, 250)
    origins = [Origin(bytes([number]) * 100) for number in range(3)]
    for number, origin in enumerate(origins[:2]):
        cache.stage(origin.sha256, "", origin, workspace / str(number))
        used_at = time.time() - 100 + number
        os.utime(workspace / str(number), (used_at, used_at))
    cache.stage(origins[0].sha256, "", origins[0], workspace / "again")  # now 1 is the one unused for longest
    for path in workspace.iterdir():
        path.unlink()
    cache.stage(origins[2].sha256, "", origins[2], workspace / "2")
    kept = {path.name.partition("-")[0] for path in files(folder / "objects")}
    assert kept == {origins[0].sha256, origins[2].sha256}


def test_a_source_in_use_is_not_pushed_out(folder, workspace):
    cache, first, second = SourceCache(folder, 150), Origin(b"1" * 100), Origin(b"2" * 100)
    cache.stage(first.sha256, "", first, workspace / "1")
    cache.stage(second.sha256, "", second, workspace / "2")
    assert len(files(folder / "objects")) == 2
    for path in workspace.iterdir():
        path.unlink()
    cache.stage(None, "", Origin(b"3" * 100), workspace / "3")
    assert len(files(folder / "objects")) == 1


def test_a_source_larger_than_the_whole_cache_still_reaches_its_workspace(folder, workspace):
    origin = Origin(b"1" * 1000)
    assert SourceCache(folder, 10).stage(origin.sha256, "", origin, workspace / "a").size_bytes == 1000
    assert (workspace / "a").read_bytes() == origin.content


def test_a_file_that_a_power_cut_shortened_is_fetched_again(folder, workspace):
    cache, origin = SourceCache(folder, 10**9), Origin(b"1" * 100)
    cache.stage(origin.sha256, "", origin, workspace / "a")
    (kept,) = files(folder / "objects")
    kept.chmod(0o600)
    os.truncate(kept, 50)
    assert cache.stage(origin.sha256, "", origin, workspace / "b").hit is False
    assert (workspace / "b").read_bytes() == origin.content


def test_a_workspace_on_another_file_system_gets_a_copy(folder, tmp_path):
    elsewhere = Path("/dev/shm")
    if not elsewhere.is_dir() or elsewhere.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system here")
    origin = Origin(b"1" * 100)
    target = elsewhere / f"reelchord-test-{os.getpid()}"
    try:
        for hit in (False, True):
            assert SourceCache(folder, 10**9).stage(origin.sha256, "", origin, target).hit is hit
            assert target.read_bytes() == origin.content
            assert target.stat().st_mode & 0o777 == 0o444
            target.unlink()
    finally:
        target.unlink(missing_ok=True)
