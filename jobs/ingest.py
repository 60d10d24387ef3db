"""Fetch the source, hash it, look what it is: everything that is known about it before a plan is made."""

from pathlib import Path

from django.conf import settings
from django.db.models.functions import Now

from adapters.ffmpeg.probe import Probe, ProbeFailed, run_probe
from adapters.storage.base import Fetched
from adapters.storage.cache import Staged
from jobs import faults, leases, stores
from jobs.attempts import Faulted, Running
from jobs.models import Source
from jobs.states import AttemptState, JobState, StepKind, StepState

# What a browser is shown where a video was asked for. A media file cannot begin like this.
_MARKUP = (b"<!doctype", b"<html", b"<head", b"<body", b"<?xml", b"<script")
_SNIFF_BYTES = 1024


def work(running: Running) -> None:
    """The ingest step. Raises Faulted, StorageError, LeaseLost."""
    source = Source.objects.get(job_id=running.claim.job_id, position=0)
    file = running.workspace / "0.bin"
    staged, content_type = stage(source, file, running)
    refuse_what_is_no_media(file, staged.size_bytes)
    probe, document = _probe(file)
    if not probe.video and not probe.audio:
        raise Faulted(faults.fault("no_usable_stream", "the file holds neither video nor audio"))
    with leases.fenced(running.claim, StepState.DONE, progress=1.0) as moves:
        Source.objects.filter(id=source.id).update(
            sha256=staged.sha256,
            size_bytes=staged.size_bytes,
            content_type=content_type or "",
            probe=document,
            fetched_at=Now(),
        )
        moves.attempt(
            running.claim.attempt_id, AttemptState.SUCCEEDED, label=running.claim.label, stored=False
        )
        moves.job(JobState.PLANNING)
        moves.open_barrier()
        running.go_on(moves, StepKind.PLAN)


def stage(source: Source, file: Path, running: Running) -> tuple[Staged, str | None]:
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
                keep_going=running.is_held,
            )
        )
        content_type = fetched.content_type
        return fetched

    staged = stores.source_cache().stage(
        source.sha256 or None, str(source.id), fetch, file, keep_going=running.is_held
    )
    return staged, content_type


def refuse_what_is_no_media(file: Path, size_bytes: int) -> None:
    """Raises Faulted for the two commonest "videos": an empty file, and a web page that says sorry."""
    if size_bytes == 0:
        raise Faulted(faults.fault("source_empty"))
    with file.open("rb") as opened:
        head = opened.read(_SNIFF_BYTES).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith(_MARKUP):
        raise Faulted(faults.fault("source_not_media", "the file is an HTML or XML document"))


def _probe(file: Path) -> tuple[Probe, dict[str, object]]:
    try:
        return run_probe(settings.FFPROBE_BINARY, file)
    except ProbeFailed as error:
        raise Faulted(faults.fault(error.diagnosis.code, error.diagnosis.detail)) from error
