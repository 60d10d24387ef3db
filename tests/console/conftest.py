import re
from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def acme(s3, valkey):
    """An account, with S3 and the broker running. (Django is not set up yet when this file is read.)"""
    from tests.factories import make_account

    return make_account("acme")


class Console:
    """A browser with somebody at it."""

    def __init__(self, user: Any) -> None:
        from django.test import Client

        self.client = Client()
        self.client.force_login(user)

    def get(self, path: str, status: int = 200, **query: str) -> str:
        """The page's HTML."""
        response = self.client.get(f"/admin/{path}", query)
        assert response.status_code == status, (path, response.status_code)
        return response.content.decode()

    def post(self, path: str, data: Any = None, **how: Any) -> Any:
        return self.client.post(f"/admin/{path}", data or {}, **how)


def _user(name: str, *, is_superuser: bool = False) -> Any:
    from django.contrib.auth.models import User

    return User.objects.create_user(name, password="not-used-here", is_staff=True, is_superuser=is_superuser)


@pytest.fixture
def operator(db) -> Console:
    """Olga, who may do everything."""
    return Console(_user("olga", is_superuser=True))


@pytest.fixture
def viewer(db) -> Console:
    """Vic, who may look at everything and change nothing."""
    from django.contrib.auth.models import Permission

    user = _user("vic")
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    return Console(user)


@pytest.fixture
def queries(db) -> Callable[..., int]:
    """How many queries a call makes, once caches are warm."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def count(act: Callable[[], Any]) -> int:
        act()
        with CaptureQueriesContext(connection) as captured:
            act()
        return len(captured)

    return count


@pytest.fixture
def text_of() -> Callable[[str], str]:
    """What a reader sees of a page: no tags, single spaces."""
    return lambda html: re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))
