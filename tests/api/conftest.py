from dataclasses import dataclass
from typing import Any

import pytest


@dataclass
class Client:
    """A customer with an API key: JSON in, JSON out."""

    account: Any
    secret: str

    def _request(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        from rest_framework.test import APIClient

        client = APIClient(raise_request_exception=False)
        return getattr(client, method)(
            f"/api/v1/{path}",
            body,
            format="json",
            headers={"Authorization": f"Bearer {self.secret}", **headers},
        )

    def get(self, path: str, **headers: str) -> Any:
        return self._request("get", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self._request("post", path, body, **headers)

    def source(self, name: str = "clip.mp4") -> str:
        return f"s3://sources/{self.account.slug}/{name}"

    def request(self, **changes: Any) -> dict[str, Any]:
        return {"source": {"url": self.source()}, "preset": "hls-720p", **changes}


def _client(name: str) -> Client:
    from tests.factories import make_account, make_key

    account = make_account(name)
    return Client(account, make_key(account))


@pytest.fixture
def acme(db) -> Client:
    return _client("acme")


@pytest.fixture
def rival(db) -> Client:
    """Somebody else's account."""
    return _client("rival")
