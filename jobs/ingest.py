"""Fetch the sources, hash them, look what they are: all that is known about them before a plan is made.

By what is in them, never by their names or by what a server calls them.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models.functions import Now

from adapters.ffmpeg.probe import Probe, ProbeFailed, run_probe
from adapters.imaging import imager
from adapters.imaging.sniff import SNIFF_BYTES, StillKind, sniff
from adapters.storage.base import Fetched
from adapters.storage.cache import Staged
from jobs import faults, leases, stores
from jobs.attempts import Faulted, Running
from jobs.models import Job, Source
from jobs.planner.commands import media_sources
from jobs.planner.specs import Ladder
from jobs.planner.stills import takes_stills
from jobs.states import AttemptState, JobState, StepKind, StepState

# What a browser is shown where a video was asked for. A media file cannot begin like this.
_MARKUP = (b"<!doctype", b"<html", b"<head", b"<body", b"<?xml", b"<script")
_FIELDS = ("position", "url", "sha256", "job__command")


def work(running: Running) -> None:
    """The ingest step. Raises Faulted, StorageError, LeaseLost."""
    of_the_job = Source.objects.filter(job_id=running.claim.job_id).select_related("job")
    sources = list(of_the_job.only(*_FIELDS).order_by("position"))
    command = sources[0].job.command if sources else None
    # A ladder is made of film and sound; a command says what it takes each file for.
    is_media = media_sources(command) if command else [True] * len(sources)
    found = [
        _look(running, source, is_media=media, of_ladder=command is None)
        for source, media in zip(sources, is_media, strict=True)
    ]
    with leases.fenced(running.claim, StepState.DONE, progress=1.0) as moves:
        for source, fields in zip(sources, found, strict=True):
            Source.objects.filter(id=source.id).update(fetched_at=Now(), **fields)
        moves.attempt(
            running.claim.attempt_id, AttemptState.SUCCEEDED, label=running.claim.label, stored=False
        )
        moves.job(JobState.PLANNING)
        moves.open_barrier()
        running.go_on(moves, StepKind.PLAN)


def _look(running: Running, source: Source, *, is_media: bool, of_ladder: bool) -> dict[str, Any]:
    """Fetch one source; its new fields."""
    file = running.workspace / f"{source.position}.bin"
    staged, content_type = stage(source, file, running.is_held)
    with _of(source):
        refuse_what_is_no_media(file, staged.size_bytes)
        document: dict[str, Any] | None = None
        kind = kind_of(file) if of_ladder else None
        if kind is not None and (kind == "pdf" or takes_stills(_ladder_of(source))):
            document = _still(file, kind)
        elif is_media:
            probe, document = _probe(file)
            if not probe.video and not probe.audio and "subtitle" not in probe.other:
                raise Faulted(faults.fault("no_usable_stream", "the file holds neither video nor audio"))
    file.unlink()
    return {
        "sha256": staged.sha256,
        "size_bytes": staged.size_bytes,
        "content_type": content_type or "",
        "probe": document,
    }


@contextmanager
def _of(source: Source) -> Iterator[None]:
    """Among several sources, a fault names the one that it means."""
    try:
        yield
    except Faulted as error:
        if source.position == 0 and not Source.objects.filter(job_id=source.job_id, position=1).exists():
            raise
        named = f"{error.fault.message} It is input {source.position + 1}."
        raise Faulted(replace(error.fault, message=named)) from error


def stage(source: Source, file: Path, keep_going: Callable[[], bool]) -> tuple[Staged, str | None]:
    """Bring the source's bytes to `file`, from this machine's cache or its URL; and its content type if fetched.

    Once the hash is known, only those bytes are accepted: a source that changed in between is a fault.
    """
    content_type: str | None = None

    def fetch(target: Path) -> Fetched:
        nonlocal content_type
        fetched = (
            stores.storages()
            .for_url(source.url)
            .fetch(
                source.url,
                target,
                limit_bytes=settings.SOURCE_LIMIT_BYTES,
                keep_going=keep_going,
            )
        )
        content_type = fetched.content_type
        return fetched

    staged = stores.source_cache().stage(
        source.sha256 or None, str(source.id), fetch, file, keep_going=keep_going
    )
    return staged, content_type


def refuse_what_is_no_media(file: Path, size_bytes: int) -> None:
    """Raises Faulted for the two commonest "videos": an empty file, and a web page that says sorry."""
    if size_bytes == 0:
        raise Faulted(faults.fault("source_empty"))
    with file.open("rb") as opened:
        head = opened.read(SNIFF_BYTES).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith(_MARKUP):
        raise Faulted(faults.fault("source_not_media", "the file is an HTML or XML document"))


def _probe(file: Path) -> tuple[Probe, dict[str, object]]:
    try:
        return run_probe(settings.FFPROBE_BINARY, file)
    except ProbeFailed as error:
        raise Faulted(faults.fault(error.diagnosis.code, error.diagnosis.detail)) from error


def kind_of(file: Path) -> StillKind | None:
    """The kind of image or document that the file begins like; None for everything else."""
    with file.open("rb") as opened:
        return sniff(opened.read(SNIFF_BYTES))


def _ladder_of(source: Source) -> Ladder:
    return Ladder.from_json(Job.objects.values_list("ladder", flat=True).get(id=source.job_id))


def _still(file: Path, kind: StillKind) -> dict[str, Any]:
    try:
        return imager.look(file, kind).to_json()
    except imager.ImagingFailed as error:
        raise Faulted(faults.fault(error.code, error.detail)) from error
