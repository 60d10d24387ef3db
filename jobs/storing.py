"""What an attempt made goes to the job's destination: rows first, then objects, committed by the attempt's end."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from adapters.ffmpeg.outputs import OutputRefused, check
from jobs import faults, leases, stores
from jobs.attempts import Faulted, Running
from jobs.models import Output, Rendition

# The storage's answer is what is waited for; more at once would only crowd the network card.
_AT_ONCE = 4
_CONTENT_TYPES = {
    ".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/quicktime", ".webm": "video/webm",
    ".mkv": "video/x-matroska", ".ts": "video/mp2t", ".m4s": "video/iso.segment", ".avi": "video/x-msvideo",
    ".flv": "video/x-flv", ".m4a": "audio/mp4", ".mp3": "audio/mpeg", ".aac": "audio/aac", ".wav": "audio/wav",
    ".flac": "audio/flac", ".ogg": "audio/ogg", ".opus": "audio/ogg", ".gif": "image/gif", ".png": "image/png",
    ".apng": "image/apng", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp",
    ".vtt": "text/vtt", ".srt": "application/x-subrip", ".json": "application/json",
    ".m3u8": "application/vnd.apple.mpegurl", ".mpd": "application/dash+xml",
}  # fmt: skip


def content_type(name: str) -> str:
    """By the extension, which is always one of ours; "application/octet-stream" for what we do not know."""
    return _CONTENT_TYPES.get(Path(name).suffix.lower(), "application/octet-stream")


@dataclass(frozen=True, slots=True)
class File:
    """A file in the workspace, and where it goes, relative to the folder of the attempt."""

    file: Path
    name: str
    kind: str = Output.Kind.RENDITION


def name(running: Running, rendition: Rendition, files: Sequence[File]) -> list[Output]:
    """Write the rows before there is any object, beneath a prefix that is this epoch's alone.

    Raises Faulted for what is not a plain file, LeaseLost.
    """
    outputs = []
    refuse_what_is_no_file(files)
    for one in files:
        with one.file.open("rb") as opened:
            sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
        path = f"{rendition.key}/{running.claim.epoch}/{one.name}"
        outputs.append(
            Output(
                job_id=running.claim.job_id,
                rendition=rendition,
                attempt_id=running.claim.attempt_id,
                kind=one.kind,
                path=path,
                url=f"{rendition.job.destination}{rendition.job_id}/{path}",
                content_type=content_type(one.name),
                sha256=sha256,
                size_bytes=one.file.stat().st_size,
            )
        )
    with leases.holding(running.claim):
        Output.objects.bulk_create(outputs)
    return outputs


def refuse_what_is_no_file(files: Sequence[File]) -> None:
    """Raises Faulted for what is not a plain file: before anything follows it out of the workspace."""
    for one in files:
        try:
            check(one.file)
        except (OutputRefused, FileNotFoundError) as error:
            raise Faulted(faults.fault("output_refused", str(error))) from error


def threads() -> ThreadPoolExecutor:
    """A pool for `storing`; to be closed."""
    return ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="store")


@contextmanager
def stored(outputs: Sequence[Output], files: Sequence[File]) -> Iterator[None]:
    """Store beside what is done within; all is there at the end. Raises StorageError.

    To look at a file and to store it both mean to wait for somebody else: side by side they take half as long.
    What is stored and then found wrong is garbage that its row already names.
    """
    with threads() as beside, storing(outputs, files, beside) as wait:
        yield
        wait()


@contextmanager
def storing(
    outputs: Sequence[Output], files: Sequence[File], beside: ThreadPoolExecutor
) -> Iterator[Callable[[], None]]:
    """The same in threads of somebody else's: call what this yields to wait until all is there. Raises StorageError.

    What was not begun when this ends is not stored.
    """
    futures: list[Future[None]] = [
        beside.submit(_store, output, one.file) for output, one in zip(outputs, files, strict=True)
    ]

    def wait() -> None:
        for future in futures:
            future.result()

    try:
        yield wait
    finally:
        for future in futures:
            future.cancel()


def _store(output: Output, file: Path) -> None:
    storage = stores.storages().for_url(output.url)
    storage.store(file, output.url, content_type=output.content_type, sha256=output.sha256)
