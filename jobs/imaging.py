"""Pictures of images and documents: one child in its box for each extra."""

from typing import Any
from uuid import UUID

from django.conf import settings

from adapters.ffmpeg.supervisor import Box, Limits, StopReason
from adapters.imaging import imager
from adapters.imaging.encode import ImageEncode
from adapters.imaging.identity import identify
from adapters.imaging.imager import ImagingFailed
from adapters.imaging.seen import parse_still
from jobs import evidence, faults, pictures, storing
from jobs.attempts import Faulted, Progress, Running
from jobs.ingest import kind_of, stage
from jobs.leases import LeaseLost
from jobs.models import Rendition, Source
from jobs.storing import File


def make(running: Running, rendition: Rendition, encode: ImageEncode) -> dict[UUID, dict[str, Any]]:
    """Make the pictures, look at them, store them; what was found out about each, for its row.

    Raises Faulted, StorageError, LeaseLost.
    """
    row = Source.objects.get(job_id=rendition.job_id, position=0)
    source, folder = running.workspace / "0.bin", running.workspace / "out"
    stage(row, source, running.is_held)
    seen, kind = parse_still(row.probe), kind_of(source)
    if seen is None or kind != seen.format:
        raise Faulted(faults.fault("internal_error", f"planned for {seen and seen.format}, and it is {kind}"))
    argv = imager.make_argv(encode, kind, source=source, folder=folder)
    _run(running, rendition, argv, Box(readable=(source,), writable=(folder,)), len(encode.pictures))
    files = [File(folder / picture.file_name, picture.file_name) for picture in encode.pictures]
    outputs = storing.name(running, rendition, files)
    with storing.stored(outputs, files):
        return {
            output.id: {"probe": pictures.look(file.file, encode.format, picture.width, picture.height)[1]}
            for output, file, picture in zip(outputs, files, encode.pictures, strict=True)
        }


def _run(running: Running, rendition: Rendition, argv: tuple[str, ...], box: Box, pictures: int) -> None:
    """The child, with its evidence, as FFmpeg has it. Raises Faulted, LeaseLost."""
    try:
        identity = identify(settings.CONTAINER_DIGEST)
    except ImagingFailed as error:
        raise Faulted(faults.fault(error.code, error.detail)) from error
    claim = running.claim
    if claim.encoder_revision not in ("", identity.revision):
        raise Faulted(faults.fault("encoder_revision_mismatch", f"this worker runs {identity.revision}"))
    evidence.began([claim.attempt_id], argv, identity)

    def show(made: int) -> None:
        running.progress = Progress(made / pictures)

    stderr_file = running.workspace / "stderr-0"
    completed, answer = imager.run(
        argv,
        workspace=running.workspace,
        box=box,
        stderr_file=stderr_file,
        limits=Limits(
            wall_seconds=rendition.job.timeout_seconds,
            stall_seconds=settings.STALL_SECONDS,
            output_bytes=settings.OUTPUT_LIMIT_BYTES,
            memory_bytes=settings.MEMORY_LIMIT_BYTES,
        ),
        on_made=show,
        stop_reason=lambda: None if running.is_held() else StopReason.LEASE_LOST,
    )
    stderr = stderr_file.read_bytes()
    evidence.ended([claim.attempt_id], [completed], stderr)
    if completed.stop_reason == StopReason.LEASE_LOST:
        raise LeaseLost("stopped by its own heartbeat")
    try:
        imager.judge(completed, answer, stderr.decode("utf-8", "replace"))
    except ImagingFailed as error:
        raise Faulted(faults.fault(error.code, error.detail)) from error
