"""The few requests that go to GitHub's REST API: a file at a commit, a hook's deliveries, and 'deliver it again'.

    https://docs.github.com/en/rest/repos/contents
    https://docs.github.com/en/rest/repos/webhooks
    https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api

    GitHubError
    ├── GitHubAway      no answer, 5xx, or a rate limit: later it may work
    └── GitHubRefused   401, 403, 404, 422: the token, its rights, or the path

Through the SSRF guard, with no redirect followed: a token goes to one host, the operator's GITHUB_API_URL.
"""

import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import requests
import urllib3
from django.conf import settings
from ssrfguard import SSRFGuardError
from ssrfguard.requests import Session

from adapters.egress import policy_of, retry_after_seconds

API_VERSION = "2022-11-28"
CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
TOTAL_SECONDS = 20.0
ANSWER_BYTES = 4 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024
_LONGEST_WAIT_SECONDS = 3600.0


class GitHubError(Exception):
    """Its text is for the operator; it never holds the token."""


class GitHubAway(GitHubError):
    def __init__(self, message: str, *, after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.after_seconds = after_seconds


class GitHubRefused(GitHubError):
    def __init__(self, message: str, *, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; `cursor` leads to the next one."""

    items: list[dict[str, Any]]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class GitHubApi:
    """`token` may be empty: public files need none, deliveries do."""

    url: str
    token: str
    allowed_networks: tuple[str, ...] = ()
    allowed_ports: frozenset[int] = frozenset({80, 443})

    def file_at(self, repository: str, path: str, ref: str, *, limit_bytes: int) -> bytes | None:
        """A file's bytes at a commit; None where there is none. Raises GitHubError, also above the limit."""
        place = f"/repos/{quote(repository)}/contents/{quote(path)}?ref={quote(ref, safe='')}"
        try:
            content, _ = self._ask("GET", place, "application/vnd.github.raw+json", limit_bytes)
        except GitHubRefused as error:
            if error.status == 404:
                return None
            raise
        return content

    def deliveries(self, hook: str, cursor: str | None) -> Page:
        """A hook's deliveries, newest first. `hook` is its path: repos/OWNER/NAME/hooks/ID or orgs/ORG/hooks/ID."""
        place = f"/{quote(hook)}/deliveries?per_page=100" + (f"&cursor={quote(cursor)}" if cursor else "")
        content, links = self._ask("GET", place, "application/vnd.github+json", ANSWER_BYTES)
        try:
            items = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise GitHubAway("GitHub answered something that is not JSON.") from error
        if not isinstance(items, list):
            raise GitHubAway("GitHub answered something that is no list of deliveries.")
        # Only the cursor is taken from the link: where requests go is decided here.
        following = parse_qs(urlsplit(links.get("next", {}).get("url", "")).query).get("cursor", [])
        return Page([item for item in items if isinstance(item, dict)], following[0] if following else None)

    def redeliver(self, hook: str, delivery_id: int) -> None:
        """Ask for one more attempt at a delivery of the last three days. GitHub answers 202."""
        place = f"/{quote(hook)}/deliveries/{delivery_id}/attempts"
        self._ask("POST", place, "application/vnd.github+json", ANSWER_BYTES)

    def _ask(self, method: str, place: str, accept: str, limit_bytes: int) -> tuple[bytes, dict[str, Any]]:
        headers = {"Accept": accept, "X-GitHub-Api-Version": API_VERSION, "User-Agent": "Reelchord"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        policy = policy_of(self.allowed_networks, self.allowed_ports)
        deadline = time.monotonic() + TOTAL_SECONDS
        try:
            with Session(policy=policy) as session:
                session.trust_env = False  # no proxies, no .netrc
                with session.request(
                    method,
                    self.url.rstrip("/") + place,
                    headers=headers,
                    timeout=(CONNECT_SECONDS, READ_SECONDS),
                    stream=True,
                    allow_redirects=False,
                ) as answer:
                    _check(answer, place)
                    return _content(answer, limit_bytes, deadline), dict(answer.links)
        except SSRFGuardError as error:
            raise GitHubRefused(
                "GITHUB_API_URL is not allowed: see EGRESS_ALLOWED_NETWORKS and _PORTS."
            ) from error
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise GitHubAway("GitHub does not answer.") from error


def client() -> GitHubApi:
    """As the operator has set it up."""
    return GitHubApi(
        settings.GITHUB_API_URL,
        settings.GITHUB_TOKEN,
        tuple(settings.EGRESS_ALLOWED_NETWORKS),
        frozenset(settings.EGRESS_ALLOWED_PORTS),
    )


def _check(answer: requests.Response, place: str) -> None:
    status, path = answer.status_code, place.partition("?")[0]
    if 200 <= status < 300:
        return
    after = _wait_seconds(answer)
    if status == 429 or (status == 403 and after is not None):
        raise GitHubAway("GitHub's rate limit is reached.", after_seconds=after)
    if status >= 500:
        raise GitHubAway(f"GitHub answered {status}.", after_seconds=after)
    raise GitHubRefused(f"GitHub answered {status} for {path}.", status=status)


def _wait_seconds(answer: requests.Response) -> float | None:
    """What a rate limit asks for: Retry-After, or the time at which the spent budget is full again."""
    asked = retry_after_seconds(answer.headers.get("Retry-After", ""))
    if asked is not None:
        return min(asked, _LONGEST_WAIT_SECONDS)
    reset = answer.headers.get("X-RateLimit-Reset", "")
    if answer.headers.get("X-RateLimit-Remaining") == "0" and reset.isascii() and reset.isdecimal():
        return min(max(float(reset[:12]) - time.time(), 0.0), _LONGEST_WAIT_SECONDS)
    return None


def _content(answer: requests.Response, limit_bytes: int, deadline: float) -> bytes:
    parts: list[bytes] = []
    size = 0
    for chunk in answer.iter_content(_CHUNK_BYTES):
        size += len(chunk)
        if size > limit_bytes:
            raise GitHubRefused(f"GitHub's answer is larger than {limit_bytes} bytes.")
        if time.monotonic() > deadline:
            raise GitHubAway(f"GitHub's answer took longer than {TOTAL_SECONDS:g} s.")
        parts.append(chunk)
    return b"".join(parts)
