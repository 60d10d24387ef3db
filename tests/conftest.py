"""The real parts for every test, started when the first test asks for one of them.

The xdist controller (or the only process) owns them; the others ask it through a named pipe. Their addresses
are known before they run, so they are in the environment before Django's settings are read.
"""

import os
import shutil
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pytest_django import DjangoDbBlocker
from pytest_django.lazy_django import django_settings_is_configured

from config.embedded import media
from config.embedded.services import Services

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).resolve().parent.parent
FOLDER = "REELCHORD_TEST_FOLDER"
START_SECONDS = 90.0
# Layers that know no Django: a run of these alone does not even import it.
WITHOUT_DJANGO = (
    "commandline", "ffmpeg", "imaging", "packaging", "planner", "storage", "embedded", "test_faults.py",
    "test_states.py",
)  # fmt: skip

# What one process runs, in the order of its files, for the sake of something that takes long to make: a stack, a
# browser, every attack on a box.
TOGETHER = {
    "tests/stack/": "stack",
    "tests/chaos/": "stack",
    "tests/browser/": "chromium",
    "tests/packaging/test_chromium.py": "chromium",
    "tests/ffmpeg/test_sandbox.py": "sandbox",
    "tests/commandline/test_graph.py": "filters",
    "tests/webhooks/test_worker.py": "webhook worker",
}


class Owner:
    """The services of this test run, with the thread that starts them on request and stops them at the end.

    One thread for both: a process dies with the thread that started it (see `config.embedded.child`).
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.services = Services(folder, durable=False)
        self._pipe = folder / "requests"
        os.mkfifo(self._pipe)
        # Open for writing too: reading must not end when the first asker closes its end.
        self._requests = os.open(self._pipe, os.O_RDWR)
        self._thread = threading.Thread(target=self._serve, name="services")
        self._thread.start()

    def _serve(self) -> None:
        started = False
        while os.read(self._requests, 1) != b"q":
            if started:
                continue
            started = True
            try:
                self.services.start(lambda name: (self.folder / f"{name}.ready").touch())
            except Exception as error:  # noqa: BLE001 - handed to the tests that wait for it
                partial = self.folder / "failed.part"
                partial.write_text(f"{type(error).__name__}: {error}")
                partial.rename(self.folder / "failed")
        self.services.stop()

    def close(self) -> None:
        os.write(self._requests, b"q")
        self._thread.join()
        os.close(self._requests)
        shutil.rmtree(self.folder, ignore_errors=True)


_owner: Owner | None = None


def pytest_configure(config: pytest.Config) -> None:
    global _owner
    if FOLDER not in os.environ:
        _owner = Owner(Path(tempfile.mkdtemp(prefix="reelchord-test-", dir="/tmp")))
        os.environ[FOLDER] = str(_owner.folder)
        os.environ.update(_environment(_owner.services))
    worker = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
    if worker:  # a broker for each process, whose queues have the same names, and a machine's disk
        os.environ["WORK_DIR"] = f"{os.environ['WORK_DIR']}-{worker}"
        os.environ["REDIS_URL"] = f"{os.environ['REDIS_URL'].partition('?')[0]}?db={int(worker) + 1}"
    if _needs_django(config):
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
        import django

        django.setup()
        # Not for the processes of xdist to inherit: pytest-django would load their settings before this function
        # has given them a broker and a disk of their own.
        del os.environ["DJANGO_SETTINGS_MODULE"]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: "Producer") -> "LoadScopeScheduling":
    """By `TOGETHER`, and every other test to whoever is free.

    Not by `xdist_group` marks: pytest 9.2 keeps an item's id where xdist 3.8 does not look for it, and the marks
    are without effect, without a word.
    """
    from xdist.scheduler import LoadScopeScheduling

    if missing := [path for path in TOGETHER if not (ROOT / path).exists()]:
        raise pytest.UsageError(f"TOGETHER names what is not there: {', '.join(missing)}")

    class Together(LoadScopeScheduling):  # type: ignore[misc]  # without types
        def _split_scope(self, nodeid: str) -> str:
            return next((name for path, name in TOGETHER.items() if nodeid.startswith(path)), nodeid)

    return Together(config, log)


def pytest_unconfigure() -> None:
    global _owner
    if _owner is not None:
        _owner.close()
        _owner = None
        del os.environ[FOLDER]


def _environment(services: Services) -> dict[str, str]:
    """What `config/settings.py` reads, beside the addresses of the services."""
    endpoint = services.seaweed.endpoint_url
    return services.environment | {
        "DEBUG": "false",
        "ALLOWED_HOSTS": "localhost,127.0.0.1,testserver",
        "WORK_DIR": str(services.folder / "work"),
        "SOURCE_ROOTS": "s3://sources/{account}/",
        "DESTINATION_ROOTS": "s3://outputs/{account}/",
        "DEFAULT_DESTINATION": "s3://outputs/{account}/",
        "PUBLIC_URLS": f"s3://outputs/={endpoint}/outputs/",
        "EGRESS_ALLOWED_NETWORKS": "",
    }


def _needs_django(config: pytest.Config) -> bool:
    """Whether any path on the command line leads to a layer that uses Django."""
    tests = ROOT / "tests"
    for argument in config.args:
        path = (config.invocation_params.dir / argument.partition("::")[0]).resolve()
        if not path.is_relative_to(tests) or path.relative_to(tests).parts[:1] == ():
            return True
        if path.relative_to(tests).parts[0] not in WITHOUT_DJANGO:
            return True
    return False


def _await_service(name: str) -> None:
    """Ask the owner to start the services; return when `name` can be used."""
    folder = Path(os.environ[FOLDER])
    requests = os.open(folder / "requests", os.O_WRONLY)
    os.write(requests, b"s")
    os.close(requests)
    deadline = time.monotonic() + START_SECONDS
    while not (folder / f"{name}.ready").exists():
        if (folder / "failed").exists():
            pytest.exit((folder / "failed").read_text(), returncode=3)
        if time.monotonic() > deadline:
            pytest.exit(f"{name} did not start within {START_SECONDS:g} s", returncode=3)
        time.sleep(0.02)


@pytest.fixture(scope="session")
def postgres() -> str:
    """The URL of a running PostgreSQL (its database `reelchord`; Django's tests make their own beside it)."""
    _await_service("postgres")
    return os.environ["DATABASE_URL"]


@pytest.fixture(scope="session")
def valkey() -> str:
    """The URL of a running Valkey: a database of its own for each test process."""
    _await_service("valkey")
    return os.environ["REDIS_URL"]


@dataclass(frozen=True, slots=True)
class S3Service:
    endpoint_url: str
    access_key: str
    secret_key: str
    bucket: str


@pytest.fixture(scope="session")
def s3() -> S3Service:
    """A running S3 with the buckets `sources` and `outputs`, shared by all tests: use your own prefix."""
    _await_service("seaweed")
    return S3Service(
        endpoint_url=os.environ["S3_ENDPOINT_URL"],
        access_key=os.environ["AWS_ACCESS_KEY_ID"],
        secret_key=os.environ["AWS_SECRET_ACCESS_KEY"],
        bucket="sources",
    )


@pytest.fixture(scope="session")
def django_db_modify_db_settings(postgres: str, django_db_modify_db_settings: None) -> None:
    """pytest-django makes its databases only after PostgreSQL is there."""


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """A test that commits leaves the database as it found it, and need not come last."""
    from tests import database

    with django_db_blocker.unblock():
        database.keep()
    database.restore_after_each_test()


@pytest.fixture(scope="session")
def ffmpeg() -> Path:
    return media.ffmpeg()


@pytest.fixture(scope="session")
def ffprobe() -> Path:
    return media.ffprobe()


@pytest.fixture(scope="session")
def ffmpeg_other() -> Path:
    """Another build of FFmpeg."""
    return media.second_ffmpeg()


@pytest.fixture(scope="session")
def clip() -> Path:
    """Big Buck Bunny: 720p25, 5.28 s, 5.1 AAC."""
    return media.clip(ROOT / ".cache")


@pytest.fixture(scope="session")
def short_clip(clip: Path, ffmpeg: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of it at 320x180: for tests that ask what becomes of a job, not what becomes of its pictures."""
    target = tmp_path_factory.mktemp("clip") / "short.mp4"
    video = ("-vf", "scale=320:-2", "-c:v", "libx264", "-preset", "veryfast")
    command = (str(ffmpeg), "-v", "error", "-i", str(clip), "-t", "2", *video, "-c:a", "copy", str(target))
    subprocess.run(command, check=True)
    return target


@pytest.fixture(scope="session")
def shared_media() -> Path:
    """Real files with odd properties, on machines that have them."""
    folder = ROOT.parent / "shared" / "media"
    if not folder.is_dir():
        pytest.skip("no folder with shared media beside the checkout")
    return folder


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    """No test sees what another one's look-ups left in the process's cache (presets, keys, the encoder)."""
    if django_settings_is_configured():
        from django.core.cache import cache

        cache.clear()
