import subprocess

import pytest


@pytest.fixture
def acme(s3, valkey):
    """An account, with S3 and the broker running. (Django is not set up yet when this file is read.)"""
    from tests.factories import make_account

    return make_account("acme")


@pytest.fixture(scope="session")
def clip(clip, ffmpeg, tmp_path_factory):
    """The first 2 s of the clip: long enough to be good or bad."""
    file = tmp_path_factory.mktemp("short") / "clip.mp4"
    argv = [ffmpeg, "-v", "error", "-i", clip, "-t", "2", "-c", "copy", "-movflags", "+faststart", file]
    subprocess.run(argv, check=True)
    return file
