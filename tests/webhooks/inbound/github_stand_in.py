"""A stand-in for GitHub's REST API, written from its public documentation; the real one was never asked.

https://docs.github.com/en/rest/repos/contents#get-repository-content
https://docs.github.com/en/rest/repos/webhooks#list-deliveries-for-a-repository-webhook
https://docs.github.com/en/rest/repos/webhooks#redeliver-a-delivery-for-a-repository-webhook
"""

import json
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit


class GitHubStandIn:
    """`files` by (repository, path, commit); `deliveries` newest first; `answer` overrides every answer."""

    token = "ghp_of_the_tests"
    page_size = 100

    def __init__(self) -> None:
        self.files: dict[tuple[str, str, str], bytes] = {}
        self.deliveries: list[dict[str, Any]] = []
        self.asked: list[tuple[str, str]] = []
        self.redelivered: list[int] = []
        self.answer: tuple[int, dict[str, str], bytes] | None = None
        handler = type("Handler", (_Handler,), {"github": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def failed(self, number: int, guid: str, *, status: str = "timed out", hours_ago: float = 1.0) -> None:
        """One more delivery, the newest of all."""
        self.deliveries.insert(
            0,
            {
                "id": number,
                "guid": guid,
                "delivered_at": (datetime.now(UTC) - timedelta(hours=hours_ago)).isoformat(),
                "redelivery": False,
                "duration": 10.0,
                "status": status,
                "status_code": 200 if status == "OK" else 0,
                "event": "push",
                "action": None,
                "installation_id": None,
                "repository_id": 1,
            },
        )


class _Handler(BaseHTTPRequestHandler):
    github: GitHubStandIn

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        github = self.github
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        parts = unquote(url.path).strip("/").split("/")
        github.asked.append((self.command, self.path))
        if github.answer is not None:
            self._say(*github.answer)
        elif self.headers["Authorization"] != f"Bearer {github.token}":
            self._say(401, {}, b'{"message": "Bad credentials"}')
        elif self.headers["X-GitHub-Api-Version"] != "2022-11-28":
            self._say(400, {}, b"{}")
        elif parts[3:4] == ["contents"]:
            content = github.files.get(("/".join(parts[1:3]), "/".join(parts[4:]), query.get("ref", "")))
            raw = "raw" in self.headers["Accept"]
            self._say(200 if content is not None and raw else 404, {}, content or b'{"message": "Not Found"}')
        elif parts[-1] == "deliveries":
            self._list(url.path, int(query.get("cursor", "0")), int(query["per_page"]))
        elif self.command == "POST" and parts[-1] == "attempts":
            github.redelivered.append(int(parts[-2]))
            self._say(202, {}, b"{}")
        else:
            self._say(404, {}, b"{}")

    def _list(self, path: str, start: int, count: int) -> None:
        count = min(count, self.github.page_size)
        page, headers = self.github.deliveries[start : start + count], {}
        if start + count < len(self.github.deliveries):
            following = f"{self.github.url}{path}?per_page={count}&cursor={start + count}"
            headers["Link"] = f'<{following}>; rel="next"'
        self._say(200, headers, json.dumps(page).encode())

    def _say(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""
