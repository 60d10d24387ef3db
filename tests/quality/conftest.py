import pytest


@pytest.fixture
def acme(s3, valkey):
    """An account, with S3 and the broker running. (Django is not set up yet when this file is read.)"""
    from tests.factories import make_account

    return make_account("acme")
