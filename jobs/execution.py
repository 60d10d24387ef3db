"""One attempt at one rendition: stage in, encode, look at what came out and store it, commit.

Nothing touches the network while FFmpeg runs. What ran is written down before it runs, what it said before it is
judged: an attempt that dies anywhere in here leaves its evidence.
"""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import close_old_connections

from adapters.ffmpeg import progress as ffmpeg_progress
from adapters.ffmpeg.command import Encode, build_argv
from adapters.ffmpeg.identity import identify
from adapters.ffmpeg.probe import Probe, ProbeFailed, run_probe
from adapters.ffmpeg.stderr import decode_errors, diagnose
from adapters.ffmpeg.supervisor import Box, Completed, Limits, StopReason, run
from adapters.ffmpeg.verify import verify_grid, verify_output
from adapters.packaging.fragments import FragmentIndex, IndexUnreadable, codec_string, read_index
from audit.recorder import record_identity, record_stderr
from jobs import faults, leases, stores
from jobs.attempts import Faulted, Progress, Running
from jobs.ingest import stage
from jobs.leases import LeaseLost
from jobs.models import Attempt, Job, Output, Rendition, Source
from jobs.planner.plan import RenditionPlan
from jobs.states import AttemptState, RenditionState, StepKind, StepState

_CONTENT_TYPES = {".mp4": "video/mp4", ".m4a": "audio/mp4"}


@dataclass(frozen=True, slots=True)
class _Encoded:
    """The file that an encode left, and what FFmpeg said of it."""

    file: Path
    stderr: str
    frames: int | None


@dataclass(frozen=True, slots=True)
class _Seen:
    """The same file, looked at from the outside."""

    probe: Probe
    probe_document: dict[str, Any]
    index: FragmentIndex | None
    codecs: str


def work(running: Running) -> None:
    """A rendition step. Raises Faulted, StorageError, LeaseLost."""
    held = running.claim
    rendition = Rendition.objects.select_related("job").get(step_id=held.step_id)
    planned = RenditionPlan.from_json(rendition.spec)
    source_file = running.workspace / "0.bin"
    stage(Source.objects.get(job_id=held.job_id, position=0), source_file, running)
    encoded = _encode(running, rendition.job, planned, source_file)
    output = _name(running, rendition, planned, encoded.file)
    # To look at a file and to store it both mean to wait for somebody else: side by side they take half as long.
    # What is stored and then found wrong is garbage that its row already names.
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="store") as beside:
        stored = beside.submit(_store, output, encoded.file)
        seen = _inspect(planned.encode, encoded)
        stored.result()
    with leases.fenced(held, StepState.DONE, progress=1.0, eta_seconds=0.0) as moves:
        Output.objects.filter(id=output.id).update(
            codecs=seen.codecs,
            duration_seconds=seen.probe.duration_seconds,
            probe=seen.probe_document,
            index=seen.index.to_json() if seen.index else None,
        )
        moves.attempt(held.attempt_id, AttemptState.SUCCEEDED, label=held.label)
        moves.rendition(rendition, RenditionState.RUNNING, RenditionState.SUCCEEDED)
        moves.open_barrier()
        if len(rendition.job.plan["renditions"]) == 1:
            running.go_on(moves, StepKind.MANIFEST)


def _encode(running: Running, job: Job, planned: RenditionPlan, source_file: Path) -> _Encoded:
    folder = running.workspace / "out"
    folder.mkdir()
    target = folder / planned.file_name
    argv = build_argv(planned.encode, ffmpeg=settings.FFMPEG_BINARY, source=source_file, target=target)
    identity = identify(settings.FFMPEG_BINARY, settings.CONTAINER_DIGEST)
    if running.claim.encoder_revision not in ("", identity.revision):
        raise Faulted(faults.fault("encoder_revision_mismatch", f"this worker runs {identity.revision}"))
    attempt = Attempt.objects.filter(id=running.claim.attempt_id)
    attempt.update(argv=list(argv), encoder_identity=record_identity(identity))

    stderr_file = running.workspace / "stderr"
    completed = run(
        argv,
        workspace=running.workspace,
        box=Box(readable=(source_file,), writable=(folder,)),
        stderr_file=stderr_file,
        limits=Limits(
            wall_seconds=job.timeout_seconds,
            stall_seconds=settings.STALL_SECONDS,
            output_bytes=settings.OUTPUT_LIMIT_BYTES,
            memory_bytes=settings.MEMORY_LIMIT_BYTES,
        ),
        on_progress=lambda seen: _show(running, planned.encode, seen),
        stop_reason=running.stop_reason,
    )
    # Hours may have passed: a connection that a restarted server has forgotten would cost the whole encode.
    close_old_connections()
    stderr = stderr_file.read_bytes()
    attempt.update(
        stderr=record_stderr(stderr),
        exit_code=completed.exit_code,
        signal=completed.signal,
        stop_reason=str(completed.stop_reason or ""),
        wall_seconds=completed.wall_seconds,
        cpu_seconds=completed.cpu_seconds,
        peak_rss_bytes=completed.peak_rss_bytes,
    )
    if completed.stop_reason == StopReason.LEASE_LOST:
        raise LeaseLost("stopped by its own heartbeat")
    text = stderr.decode("utf-8", "replace")
    if completed.exit_code != 0 or completed.stop_reason is not None:
        raise Faulted(_fault_of(completed, text))
    frames = completed.last_progress.frame if completed.last_progress else None
    return _Encoded(target, text, frames)


def _show(running: Running, encode: Encode, seen: ffmpeg_progress.Progress) -> None:
    duration, done = encode.duration_seconds, seen.out_seconds
    if not duration or done is None:
        return
    fraction = min(max(done / duration, 0.0), 1.0)
    left = max(duration - done, 0.0) / seen.speed if seen.speed else None
    running.progress = Progress(fraction, seen.speed, left)


def _fault_of(completed: Completed, stderr: str) -> faults.Fault:
    diagnosis = diagnose(
        stop_reason=completed.stop_reason,
        signal=completed.signal,
        exit_code=completed.exit_code,
        stderr=stderr,
        stop_detail=completed.stop_detail,
    )
    return faults.fault(diagnosis.code, diagnosis.detail)


def _inspect(encode: Encode, encoded: _Encoded) -> _Seen:
    """Exit code 0 is not enough: damaged sources give short files with it. Raises Faulted."""
    target, frames = encoded.file, encoded.frames
    try:
        probe, document = run_probe(settings.FFPROBE_BINARY, target)
    except ProbeFailed as error:
        raise Faulted(faults.fault("invalid_output", error.diagnosis.detail)) from error
    mismatch = verify_output(encode, probe, decode_errors=decode_errors(encoded.stderr), frames=frames)
    if mismatch is not None:
        raise Faulted(faults.fault(mismatch.code, mismatch.message))
    index, codecs = None, ""
    if encode.container == "cmaf":
        try:
            index, codecs = read_index(target), codec_string(target)
        except IndexUnreadable as error:
            raise Faulted(faults.fault("invalid_output", str(error))) from error
        durations = [fragment.duration for fragment in index.fragments]
        mismatch = verify_grid(encode, durations, index.timescale, frames=frames)
        if mismatch is not None:
            raise Faulted(faults.fault(mismatch.code, mismatch.message))
    return _Seen(probe, document, index, codecs)


def _name(running: Running, rendition: Rendition, planned: RenditionPlan, file: Path) -> Output:
    """Write the row before there is an object, beneath a prefix that is this epoch's alone."""
    with file.open("rb") as opened:
        sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
    path = f"{planned.key}/{running.claim.epoch}/{planned.file_name}"
    output = Output(
        job_id=running.claim.job_id,
        rendition=rendition,
        attempt_id=running.claim.attempt_id,
        kind=Output.Kind.RENDITION,
        path=path,
        url=f"{rendition.job.destination}{rendition.job_id}/{path}",
        content_type=_CONTENT_TYPES[file.suffix],
        sha256=sha256,
        size_bytes=file.stat().st_size,
    )
    with leases.holding(running.claim):
        output.save(force_insert=True)
    return output


def _store(output: Output, file: Path) -> None:
    storage = stores.storages().for_url(output.url)
    storage.store(file, output.url, content_type=output.content_type, sha256=output.sha256)
