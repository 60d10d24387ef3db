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
from adapters.storage.intake import Drip, Intake, Pace, new_file
from adapters.storage.location import shown

# Slower than any line that films are sent over; it also bounds an answer that does not begin.
_PACE = Pace(bytes_per_second=10_000, window_seconds=30)
# A fifth of what the pace asks for in a window: what lies in a chunk that is not full yet is not counted.
_CHUNK_BYTES = 64 * 1024


class HttpStorage:
    """Reads from the public internet, and writes nothing there."""

    def __init__(self, egress: Egress, *, pace: Pace = _PACE) -> None:
        self._egress = egress
        self._pace = pace

    def stat(self, url: str) -> Stat:
        # A GET that is hung up after the headers: presigned S3 URLs and many a media server answer HEAD with
        # 403 or 405.
        drip = Drip(self._pace)

        def keep_going() -> bool:
            drip.check(0)
            return True

        with _translated(url):
            return self._egress.get_stream(
                url,
                lambda answer: Stat(_checked(answer).content_length, answer.content_type),
                keep_going=keep_going,
            )

    def fetch(self, url: str, target: Path, *, limit_bytes: int, keep_going: Callable[[], bool]) -> Fetched:
        drip = Drip(self._pace)
        intake: Intake | None = None

        def receive(answer: Answer) -> Fetched:
            nonlocal intake
            _checked(answer)
            with new_file(target) as out:
                # Egress itself asks keep_going, in the caller's thread; this here runs in another one.
                intake = Intake(out, limit_bytes=limit_bytes, keep_going=lambda: True)
                intake.expect(answer.content_length)
                for chunk in answer.chunks(_CHUNK_BYTES):
                    intake.write(chunk)
                return intake.fetched(answer.content_type)

        def goes_on() -> bool:
            drip.check(intake.written_bytes if intake else 0)
            return keep_going()

        with _translated(url):
            try:
                return self._egress.get_stream(url, receive, keep_going=goes_on)
            except BaseException:
                # A connection that is cut amid its headers reads like one whose body is empty, and that is kept.
                target.unlink(missing_ok=True)
                raise

    def store(self, file: Path, url: str, *, content_type: str, sha256: str | None = None) -> Stored:
        _read_only()

    def copy(self, url: str, target_url: str, *, content_type: str) -> None:
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
