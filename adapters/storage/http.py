"""http: and https: URLs: sources only. Whatever we connect to was checked by `adapters/egress.py`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from adapters.egress import (
    Answer,
    Egress,
    EgressFailed,
    EgressInterrupted,
    EgressRefused,
    EgressStopped,
    EgressTimedOut,
)
from adapters.storage.base import (
    Aborted,
    Fetched,
    Forbidden,
    Interrupted,
    NotFound,
    NotSupported,
    Refused,
    Stat,
    Stored,
    Throttled,
    Unavailable,
)
from adapters.storage.intake import CHUNK_BYTES, Intake, new_file
from adapters.storage.location import shown


class HttpStorage:
    """Reads from the public internet, and writes nothing there."""

    def __init__(self, egress: Egress) -> None:
        self._egress = egress

    def stat(self, url: str) -> Stat:
        # A GET that is hung up after the headers: presigned S3 URLs and many a media server answer HEAD with
        # 403 or 405.
        with _translated(url):
            return self._egress.get_stream(
                url, lambda answer: Stat(_checked(answer).content_length, answer.content_type)
            )

    def fetch(self, url: str, target: Path, *, limit_bytes: int, keep_going: Callable[[], bool]) -> Fetched:
        def receive(answer: Answer) -> Fetched:
            _checked(answer)
            with new_file(target) as out:
                # Egress itself asks keep_going, in the caller's thread; this here runs in another one.
                intake = Intake(out, limit_bytes=limit_bytes, keep_going=lambda: True)
                intake.expect(answer.content_length)
                for chunk in answer.chunks(CHUNK_BYTES):
                    intake.write(chunk)
                return intake.fetched(answer.content_type)

        with _translated(url):
            return self._egress.get_stream(url, receive, keep_going=keep_going)

    def store(self, file: Path, url: str, *, content_type: str, sha256: str | None = None) -> Stored:
        _read_only()

    def delete(self, url: str) -> None:
        _read_only()

    def list(self, prefix_url: str) -> Iterator[str]:
        _read_only()

    def presign(self, url: str, *, expires_seconds: int) -> str:
        _read_only()

    def abort_uploads(self, prefix_url: str) -> int:
        _read_only()


def _read_only() -> NoReturn:
    raise NotSupported("An http: or https: URL can be a source only.")


def _checked(answer: Answer) -> Answer:
    """The answer, if it brings an object (RFC 9110, section 15); otherwise its meaning as an error.

    The body of an error is not read: it is neither shown to a customer nor kept.
    """
    status = answer.status
    if status == 200:
        return answer
    said = f"The server answered {status}."
    if status in (404, 410):
        raise NotFound(said)
    if status == 429:
        raise Throttled(said, retry_after_seconds=answer.retry_after_seconds)
    if status in (408, 425) or status < 400 or status >= 500:
        raise Unavailable(said, retry_after_seconds=answer.retry_after_seconds)
    raise Forbidden(said)


@contextmanager
def _translated(url: str) -> Iterator[None]:
    try:
        yield
    except EgressRefused as error:
        raise Refused(str(error)) from error
    except EgressStopped as error:
        raise Aborted("Stopped before the whole file had arrived.") from error
    except EgressInterrupted as error:
        raise Interrupted(f"{shown(url)} ended before the whole file had arrived.") from error
    except EgressTimedOut as error:
        raise Unavailable(f"{shown(url)} took too long: {error}") from error
    except EgressFailed as error:
        raise Unavailable(f"{shown(url)} could not be reached: {error}") from error
