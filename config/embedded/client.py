"""The few calls of Reelchord's HTTP API that the demo makes."""

import hashlib
from pathlib import Path
from typing import Any

import requests

REQUEST_SECONDS = 30

Document = dict[str, Any]  # a JSON object of the API


class JobRefused(Exception):
    """The API did not accept the job; the message holds its answer."""


class Client:
    """Talks to the stack at `url`, which is on loopback, with the API key `key`.

    Besides `JobRefused`, every call may raise `requests.RequestException`.
    """

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False  # loopback: no proxy, no .netrc
        self._session.headers["Authorization"] = f"Bearer {key}"

    def submit(self, source: str, preset: str) -> str:
        """Submit a job for the source's URL; the job's id."""
        document = {"source": {"url": source}, "preset": preset}
        answer = self._session.post(f"{self._url}/api/v1/jobs", json=document, timeout=REQUEST_SECONDS)
        if answer.status_code != requests.codes.accepted:
            raise JobRefused(f"The job was refused ({answer.status_code}): {answer.text}")
        return str(answer.json()["id"])

    def job(self, job_id: str) -> Document:
        return self._get(f"/api/v1/jobs/{job_id}")

    def outputs(self, job_id: str) -> list[Document]:
        page = self._get(f"/api/v1/jobs/{job_id}/outputs")
        found = list(page["results"])
        while page["next"]:
            page = self._get(page["next"].removeprefix(self._url))
            found += page["results"]
        return found

    def save(self, url: str, target: Path) -> str:
        """Download `url` to `target`; the SHA-256 of what came."""
        digest = hashlib.sha256()
        # A presigned URL carries its own authorization: a second one in the header would be refused.
        with requests.get(url, stream=True, timeout=REQUEST_SECONDS) as answer:
            answer.raise_for_status()
            with target.open("wb") as file:
                for block in answer.iter_content(1024 * 1024):
                    digest.update(block)
                    file.write(block)
        return digest.hexdigest()

    def _get(self, path: str) -> Document:
        answer = self._session.get(f"{self._url}{path}", timeout=REQUEST_SECONDS)
        answer.raise_for_status()
        document: Document = answer.json()
        return document
