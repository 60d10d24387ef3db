"""An account, jobs of the real service on the disk, and a browser."""

from pathlib import Path

import pytest

from tests.browser.chromium import Browser


@pytest.fixture
def acme(s3, valkey):
    """An account, with S3 and the broker running. (Django is not set up yet when this file is read.)"""
    from tests.factories import make_account

    return make_account("acme")


@pytest.fixture
def browser(tmp_path: Path) -> Browser:
    return Browser(tmp_path / "profile")
