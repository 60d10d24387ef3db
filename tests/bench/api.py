"""The smallest client of the API: one connection, kept alive where the server allows it."""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit


class Api:
    """Use it from one thread. A server that closes after each answer is connected to anew each time."""

    def __init__(self, url: str, key: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
        """Status and body of the answer."""
        self._connection.request(method, path, body, self._headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def document(self, method: str, path: str, body: object = None) -> Any:
        """The JSON that a request is answered with. Raises AssertionError for any status but 200 and 202."""
        status, content = self.ask(method, path, None if body is None else json.dumps(body))
        assert status in (200, 202), f"{method} {path}: {status} {content[:500]!r}"
        return json.loads(content)
