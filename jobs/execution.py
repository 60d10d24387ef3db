"""One attempt at one rendition: stage in, encode, look at what came out and store it, commit.

Nothing touches the network while FFmpeg runs. What ran is written down before it runs, what it said before it is
judged: an attempt that dies anywhere in here leaves its evidence.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings

from adapters.ffmpeg.command import Encode, build_passes
from adapters.ffmpeg.probe import Probe, ProbeFailed, probing
from adapters.ffmpeg.stderr import decode_errors
from adapters.ffmpeg.supervisor import Box
from adapters.ffmpeg.verify import verify_grid, verify_output
from adapters.packaging.fragments import FragmentIndex, IndexUnreadable, codec_string, read_index
from jobs import assembly, commands, extras, faults, gates, gpus, publication, routing, storing, subtitles
from jobs.attempts import Faulted, Running
from jobs.encoding import Encoded, encode
from jobs.ingest import stage
from jobs.models import Attempt, Output, Rendition, Source
from jobs.planner.commands import KIND
from jobs.planner.plan import RenditionPlan
from jobs.states import AttemptState, RenditionState, StepKind
from jobs.storing import File
from jobs.transitions import Change

Answer = Callable[[], tuple[Probe, dict[str, Any]]]
Found = dict[UUID, dict[str, Any]]
"""By an output's id, what its row is still to be told."""


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


def commit(running: Running, rendition: Rendition, found: Found, folder: Path) -> None:
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


def _make(running: Running, rendition: Rendition) -> Found:
    """Encode, look, store; what was found out about each output, for its row."""
    planned = RenditionPlan.from_json(rendition.spec)
    made = routing.encode_in(running.claim.queue, planned)
    if made != planned.encode:
        _note_fallback(running, planned.encode, made)
        planned = replace(planned, encode=made)
    source = running.workspace / "0.bin"
    stage(Source.objects.get(job_id=rendition.job_id, position=0), source, running.is_held)
    folder = running.workspace / "out"
    folder.mkdir()
    target = folder / planned.file_name
    with gpus.lent(running, made) as lent:
        encoded = encode(
            (running,),
            rendition.job,
            build_passes(made, ffmpeg=settings.FFMPEG_BINARY, source=source, target=target, gpu=lent.gpu),
            box=Box(readable=(source,), writable=(folder,), devices=lent.devices),
            duration_seconds=made.duration_seconds,
        )
    with storing.threads() as beside, keeping(running, rendition, planned, target, beside) as kept:
        return kept(encoded)


@contextmanager
def keeping(
    running: Running, rendition: Rendition, planned: RenditionPlan, target: Path, beside: ThreadPoolExecutor
) -> Iterator[Callable[[Encoded], Found]]:
    """Begin to look at what was encoded, and to store it: both mean to wait for somebody else.

    Call what this yields for the end of both: what was found out about the output, for its row. Both raise Faulted
    and StorageError; LeaseLost.
    """
    files = [File(target, planned.file_name)]
    outputs = storing.name(running, rendition, files)
    with (
        probing(settings.FFPROBE_BINARY, target) as answer,
        storing.storing(outputs, files, beside) as wait,
    ):

        def kept(encoded: Encoded) -> Found:
            # First, whatever is found: of an attempt that ends while it stores, an object appears after its pruning.
            wait()
            seen = _inspect(planned.encode, target, encoded, answer)
            return {
                outputs[0].id: {
                    "codecs": seen.codecs,
                    "duration_seconds": seen.probe.duration_seconds,
                    "probe": seen.probe_document,
                    "index": seen.index.to_json() if seen.index else None,
                }
            }

        yield kept


def _note_fallback(running: Running, planned: Encode, made: Encode) -> None:
    """Evidence that another encoder ran than was planned first, and why."""
    held = running.claim
    before = Attempt.objects.filter(step_id=held.step_id, queue=routing.TRANSCODE_GPU).exclude(fault_code="")
    last = before.order_by("-epoch").first()
    why = "no attempt on a GPU before it; the audit trail says who sent it here"
    if last is not None:
        why = f"attempt {last.epoch} on a GPU ended with {last.fault_code}: {last.fault_detail}"
    names = [one.video.encoder if one.video else "" for one in (made, planned)]
    told = f"{names[0]} in {held.queue}, instead of {names[1]}: {why}"
    Attempt.objects.filter(id=held.attempt_id).update(evidence={"fallback": told})


def _inspect(encode: Encode, target: Path, encoded: Encoded, answer: Answer) -> _Seen:
    """Exit code 0 is not enough: damaged sources give short files with it. Raises Faulted."""
    frames = encoded.frames
    damage = decode_errors(encoded.stderr, encode.streams)
    try:
        probe, document = answer()
    except ProbeFailed as error:
        raise Faulted(faults.fault("invalid_output", error.diagnosis.detail)) from error
    mismatch = verify_output(encode, probe, decode_errors=damage, frames=frames)
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
