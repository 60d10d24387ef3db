"""A honeypot on loopback, a honeypot file, and a job of an account that should reach neither."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.honeypots import HoneyFile, HoneyServer


@pytest.fixture
def acme(s3, valkey):
    """An account, with S3 and the broker running. (Django is not set up yet when this file is read.)"""
    from tests.factories import make_account

    return make_account("acme")


@pytest.fixture
def server() -> Iterator[HoneyServer]:
    with HoneyServer() as honey:
        yield honey


@pytest.fixture
def honey(tmp_path: Path, segment: bytes) -> Iterator[HoneyFile]:
    """Another tenant's film, in a folder of its own."""
    with HoneyFile(tmp_path / "other-tenant" / "secret1.ts", segment) as file:
        yield file


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[HoneyFile]:
    """Another tenant's text."""
    with HoneyFile(tmp_path / "other-tenant" / "passwords", b"first: secret\nsecond: secret\n") as file:
        yield file


@pytest.fixture(scope="session")
def segment(ffmpeg: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A third of a second of MPEG-TS."""
    target = tmp_path_factory.mktemp("segment") / "segment.ts"
    source = ("-f", "lavfi", "-i", "testsrc2=s=64x36:d=0.3:r=25")
    encode = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
    subprocess.run([ffmpeg, "-v", "error", *source, *encode, target], check=True)
    return target.read_bytes()
