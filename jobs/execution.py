"""One attempt at one rendition: stage in, encode, look at what came out and store it, commit.

Nothing touches the network while FFmpeg runs. What ran is written down before it runs, what it said before it is
judged: an attempt that dies anywhere in here leaves its evidence.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings

from adapters.ffmpeg.command import Encode, build_passes
from adapters.ffmpeg.probe import Probe, ProbeFailed, run_probe
from adapters.ffmpeg.sandbox.box import gpu_devices
from adapters.ffmpeg.stderr import decode_errors
from adapters.ffmpeg.supervisor import Box
from adapters.ffmpeg.verify import verify_grid, verify_output
from adapters.packaging.fragments import FragmentIndex, IndexUnreadable, codec_string, read_index
from jobs import assembly, commands, extras, faults, gates, publication, routing, storing, subtitles
from jobs.attempts import Faulted, Running
from jobs.encoding import Encoded, encode
from jobs.ingest import stage
from jobs.models import Output, Rendition, Source
from jobs.planner.commands import KIND
from jobs.planner.plan import RenditionPlan
from jobs.states import AttemptState, RenditionState, StepKind
from jobs.storing import File
from jobs.transitions import Change


@dataclass(frozen=True, slots=True)
class _Seen:
    """A file, looked at from the outside."""

    probe: Probe
    probe_document: dict[str, Any]
    index: FragmentIndex | None
    codecs: str


def work(running: Running) -> None:
    """A rendition step. Raises Faulted, StorageError, LeaseLost."""
    rendition = Rendition.objects.select_related("job").get(step_id=running.claim.step_id)
    found = _MAKERS.get(rendition.kind, _make)(running, rendition)
    commit(running, rendition, found, running.workspace / "out")


def commit(running: Running, rendition: Rendition, found: dict[UUID, dict[str, Any]], folder: Path) -> None:
    """End the step with what was found out about its outputs, whose files are in `folder`.

    Raises StorageError, LeaseLost.
    """
    held = running.claim

    def finish(moves: Change) -> None:
        for output_id, fields in found.items():
            Output.objects.filter(id=output_id).update(**fields)
        if rendition.kind == subtitles.KIND and not found:
            subtitles.note_empty(rendition)
        moves.attempt(held.attempt_id, AttemptState.SUCCEEDED, label=held.label)
        if not gates.has_gate(rendition):
            moves.rendition(rendition, RenditionState.RUNNING, RenditionState.SUCCEEDED)
        moves.open_barrier()
        if _is_only(rendition):
            running.go_on(moves, StepKind.MANIFEST)
            if running.next is not None and assembly.end_at_once(moves, running.next, rendition.job):
                running.next = None

    publication.commit(running, rendition, found, folder, finish)


def _is_only(rendition: Rendition) -> bool:
    plan = rendition.job.plan
    return sum(len(plan.get(kinds, ())) for kinds in ("renditions", "extras", "subtitles")) == 1


_MAKERS = {KIND: commands.make, extras.KIND: extras.make, subtitles.KIND: subtitles.make}


def _make(running: Running, rendition: Rendition) -> dict[UUID, dict[str, Any]]:
    """Encode, look, store; what was found out about each output, for its row."""
    planned = RenditionPlan.from_json(rendition.spec)
    source = running.workspace / "0.bin"
    stage(Source.objects.get(job_id=rendition.job_id, position=0), source, running.is_held)
    folder = running.workspace / "out"
    folder.mkdir()
    target = folder / planned.file_name
    passes = build_passes(planned.encode, ffmpeg=settings.FFMPEG_BINARY, source=source, target=target)
    encoded = encode(
        (running,),
        rendition.job,
        passes,
        box=Box(readable=(source,), writable=(folder,), devices=_devices(running)),
        duration_seconds=planned.encode.duration_seconds,
    )
    return keep(running, rendition, planned, target, encoded)


def keep(
    running: Running, rendition: Rendition, planned: RenditionPlan, target: Path, encoded: Encoded
) -> dict[UUID, dict[str, Any]]:
    """Look at what was encoded while it is stored; what was found out about it, for its row.

    Raises Faulted, StorageError, LeaseLost.
    """
    files = [File(target, planned.file_name)]
    outputs = storing.name(running, rendition, files)
    with storing.stored(outputs, files):
        seen = _inspect(planned.encode, target, encoded)
    return {
        outputs[0].id: {
            "codecs": seen.codecs,
            "duration_seconds": seen.probe.duration_seconds,
            "probe": seen.probe_document,
            "index": seen.index.to_json() if seen.index else None,
        }
    }


def _devices(running: Running) -> tuple[Path, ...]:
    return gpu_devices() if running.claim.queue == routing.TRANSCODE_GPU else ()


def _inspect(encode: Encode, target: Path, encoded: Encoded) -> _Seen:
    """Exit code 0 is not enough: damaged sources give short files with it. Raises Faulted."""
    frames = encoded.frames
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
