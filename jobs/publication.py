"""Manifests and segments on their way into the storage: rows first, then objects, what names others last."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog

from adapters.packaging.cut import cut, pieces
from adapters.packaging.tracks import INIT_NAME, Media, SegmentFiles
from adapters.storage.base import StorageError
from jobs import faults, gates, leases, stores, storing
from jobs.attempts import Faulted, Running
from jobs.leases import LeaseLost
from jobs.manifests import (
    CONTENT_TYPES,
    LISTED,
    MASTER,
    MPD,
    WORDS,
    Rung,
    Words,
    is_playable,
    rungs_of,
    texts,
    words_of,
)
from jobs.models import Job, Output, Rendition
from jobs.planner.plan import Plan
from jobs.states import OutputState, RenditionState, StepState
from jobs.storing import File
from jobs.transitions import Change

log = structlog.get_logger(__name__)

# Files on the disk and rows in one statement at a time, however long the film is.
_PIECES_AT_ONCE = 64


def publish(running: Running, job: Job, plan: Plan, rungs: list[Rung], words: list[Words]) -> Output:
    """The join's part: everything that is missing for the manifests, then these; the one that counts.

    Raises StorageError, LeaseLost, Faulted.
    """
    folder = f"manifest/{running.claim.epoch}/"
    media: dict[str, Media] = {rung.planned.key: rung.single_file for rung in rungs}
    if plan.segments == "separate":
        for rung in rungs:
            media[rung.planned.key] = _segments_of(rung) or _cut_again(running, job, plan, rung, folder)
    written = texts(plan, rungs, lambda rung: media[rung.planned.key], words)
    outputs = _text_rows(running, job, folder, written)
    _put_texts(running, outputs, written)
    return outputs[-1]


def commit(
    running: Running,
    rendition: Rendition,
    found: Mapping[UUID, Mapping[str, Any]],
    folder: Path,
    finish: Callable[[Change], None],
) -> None:
    """The fenced end of a rendition's step, whose files are stored and still in `folder`. `finish` makes its moves.

    Of any kind of rendition: what no manifest lists just ends. `found` are the columns of its outputs that `finish`
    will write. Before it, the segments where they are files of their own: cut here, nobody has to fetch the file
    for it. And where the manifest grows, a version that lists this rendition too, unless it has a gate to pass first.
    Raises StorageError, LeaseLost.
    """
    job, output = rendition.job, _listed(rendition, found)
    if output is not None:
        plan = Plan.from_json(job.plan)
        if plan.segments == "separate":
            for rung in rungs_of(job.id, [rendition], output):
                file = folder / rung.planned.file_name
                _store_pieces(running, job, plan, rung, file, _segment_folder(output))
    _end(running, rendition, None if gates.has_gate(rendition) else output, finish)


def admit(running: Running, rendition: Rendition, output: Output, finish: Callable[[Change], None]) -> None:
    """The fenced end of the step by which a rendition passes its gate: from then on manifests list it.

    Its files were committed by a step of its own. Raises LeaseLost.
    """
    is_listed = rendition.kind in LISTED and output.index
    _end(running, rendition, output if is_listed else None, finish)


def _end(
    running: Running, rendition: Rendition, output: Output | None, finish: Callable[[Change], None]
) -> None:
    """The fenced end of a step, with a manifest that has grown by `output`, where manifests grow.

    Written again for as long as others come to count meanwhile.
    """
    held, job = running.claim, rendition.job
    if output is None:
        with leases.fenced(held, StepState.DONE, progress=1.0, eta_seconds=0.0) as moves:
            finish(moves)
        return
    plan = Plan.from_json(job.plan)
    abandoned: list[UUID] = []
    for turn in count(1):
        name, growth = f"{rendition.key}-{held.epoch}.{turn}", None
        if plan.publish == "progressive":
            growth = _grow(running, job, plan, output, name)
        try:
            with leases.fenced(held, StepState.DONE, progress=1.0, eta_seconds=0.0) as moves:
                if growth is not None and not growth.adopt(job.id):
                    abandoned += [one.id for one in growth.outputs]
                moves.discard_outputs(Output.objects.filter(id__in=abandoned), OutputState.PENDING)
                finish(moves)
            return
        except _Outdated as error:
            abandoned += error.outputs


def _listed(rendition: Rendition, found: Mapping[UUID, Mapping[str, Any]]) -> Output | None:
    """The output that a manifest will list, as it will be; None if none will, or nobody asks before the join."""
    wish = rendition.job.plan
    is_asked = wish.get("segments") == "separate" or wish.get("publish") == "progressive"
    if rendition.kind not in (*LISTED, WORDS) or not is_asked:
        return None
    outputs = Output.objects.filter(id__in=found, rendition=rendition, kind=Output.Kind.RENDITION)
    output = outputs.order_by("path").first()
    if output is None or (rendition.kind in LISTED and not found[output.id].get("index")):
        return None
    for column, value in found[output.id].items():
        setattr(output, column, value)
    return output


class _Outdated(Exception):
    """Another rendition was committed after this version was written, which would be shown without it."""

    def __init__(self, outputs: list[UUID]) -> None:
        super().__init__()
        self.outputs = outputs


@dataclass(frozen=True, slots=True)
class _Growth:
    """A version of the manifest, not yet shown. `seen` are the committed outputs that it lists beside ours."""

    outputs: list[Output]
    seen: frozenset[UUID]
    is_stored: bool

    def adopt(self, job_id: UUID) -> bool:
        """Show it; False where the storage did not take it. Raises _Outdated.

        In a transaction that holds the job's lock: nothing else is committed between the look and the update.
        """
        if not self.is_stored:
            return False
        if _committed(job_id) != self.seen:
            raise _Outdated([one.id for one in self.outputs])
        Job.objects.filter(id=job_id).update(manifest=self.outputs[-1])
        return True


def _grow(running: Running, job: Job, plan: Plan, output: Output, name: str) -> _Growth | None:
    """Store a version of the manifest with this output too. None: it would be no film yet.

    A storage that fails costs the version, not the encode: the join's own manifest lists everything.
    """
    seen = _committed(job.id)
    renditions = list(Rendition.objects.filter(job_id=job.id))
    rungs, words = rungs_of(job.id, renditions, output), words_of(job.id, renditions, output)
    if not is_playable(plan, [rung.planned.key for rung in rungs]):
        return None
    media: dict[str, Media] = {rung.planned.key: rung.single_file for rung in rungs}
    if plan.segments == "separate":
        for rung in rungs:
            cut_before = _segments_of(rung)
            if cut_before is None:
                return None
            media[rung.planned.key] = cut_before
    written = texts(plan, rungs, lambda rung: media[rung.planned.key], words)
    outputs = _text_rows(running, job, f"manifest/{name}/", written)
    try:
        _put_texts(running, outputs, written)
    except StorageError as error:
        log.warning("manifest did not grow", job=str(job.id), code=error.code, error=error.message)
        return _Growth(outputs, seen, is_stored=False)
    return _Growth(outputs, seen, is_stored=True)


def _committed(job_id: UUID) -> frozenset[UUID]:
    """Of the renditions that count: one that waits at its gate does not yet."""
    outputs = Output.objects.filter(
        job_id=job_id,
        kind=Output.Kind.RENDITION,
        state=OutputState.COMMITTED,
        rendition__state=RenditionState.SUCCEEDED,
    )
    return frozenset(outputs.values_list("id", flat=True))


# --- segments as files of their own ---------------------------------------------------------------------------
def _segment_folder(output: Output) -> str:
    """Beside the file, so beneath the prefix of the attempt that made it."""
    return f"{output.path.rpartition('/')[0]}/segments/"


def _segments_of(rung: Rung) -> SegmentFiles | None:
    """Those that the attempt of this file cut, if it did: what it committed, it committed whole."""
    folder = _segment_folder(rung.output)
    there = Output.objects.filter(
        attempt_id=rung.output.attempt_id, path=f"{folder}{INIT_NAME}", state=rung.output.state
    )
    return SegmentFiles(f"../../{folder}") if there.exists() else None


def _cut_again(running: Running, job: Job, plan: Plan, rung: Rung, folder: str) -> SegmentFiles:
    """Fetch a file that was stored in one piece, and store its segments in the manifest's own folder.

    One film at a time on the disk. Raises Faulted if it is not the file that was committed.
    """
    file = running.workspace / rung.planned.file_name
    url, limit = rung.output.url, rung.output.size_bytes
    storage = stores.storages().for_url(url)
    fetched = storage.fetch(url, file, limit_bytes=limit, keep_going=running.is_held)
    if fetched.sha256 != rung.output.sha256:
        raise Faulted(
            faults.fault("invalid_output", f"{rung.output.path} holds other bytes than were committed")
        )
    _store_pieces(running, job, plan, rung, file, f"{folder}{rung.planned.key}/")
    file.unlink()
    return SegmentFiles(f"{rung.planned.key}/")


def _store_pieces(running: Running, job: Job, plan: Plan, rung: Rung, file: Path, folder: str) -> None:
    """Cut and store, some pieces at a time: a film of hours has thousands."""
    place = running.workspace / "pieces"
    place.mkdir(exist_ok=True)
    content_type = f"{rung.planned.kind}/mp4"
    cutting = cut(file, pieces(rung.index, plan.segment_seconds), place, running.is_held)
    while batch := list(islice(cutting, _PIECES_AT_ONCE)):
        _expect_held(running)
        outputs = [
            _row(
                running,
                job,
                Output.Kind.SEGMENT,
                folder + piece.name,
                content_type,
                piece.sha256,
                piece.size_bytes,
            )
            for piece in batch
        ]
        with leases.holding(running.claim):
            Output.objects.bulk_create(outputs)
        _put_all(running, dict(zip(outputs, (piece.file for piece in batch), strict=True)))
        for piece in batch:
            piece.file.unlink()
    _expect_held(running)


# --- rows and objects -----------------------------------------------------------------------------------------
def _text_rows(running: Running, job: Job, folder: str, written: Mapping[str, str]) -> list[Output]:
    outputs = []
    for name, text in written.items():
        data = text.encode()
        kind = Output.Kind.MANIFEST if name in (MASTER, MPD) else Output.Kind.PLAYLIST
        sha256 = hashlib.sha256(data).hexdigest()
        content_type = CONTENT_TYPES[Path(name).suffix]
        outputs.append(_row(running, job, kind, folder + name, content_type, sha256, len(data)))
    with leases.holding(running.claim):
        Output.objects.bulk_create(outputs)
    return outputs


def _put_texts(running: Running, outputs: list[Output], written: Mapping[str, str]) -> None:
    """Manifests last, and these in their order: a player never sees one before the files that it names."""
    files = {output: running.workspace / Path(output.path).name for output in outputs}
    for file, text in zip(files.values(), written.values(), strict=True):
        file.write_text(text, encoding="utf-8", newline="")
    manifests = [output for output in outputs if output.kind == Output.Kind.MANIFEST]
    _put_all(running, {output: file for output, file in files.items() if output not in manifests})
    for output in manifests:
        _put_all(running, {output: files[output]})


def _row(
    running: Running, job: Job, kind: str, path: str, content_type: str, sha256: str, size_bytes: int
) -> Output:
    return Output(
        job_id=job.id,
        attempt_id=running.claim.attempt_id,
        kind=kind,
        path=path,
        url=f"{job.destination}{job.id}/{path}",
        content_type=content_type,
        sha256=sha256,
        size_bytes=size_bytes,
    )


def _put_all(running: Running, files: Mapping[Output, Path]) -> None:
    """In any order. Raises StorageError, LeaseLost."""
    _expect_held(running)
    with storing.stored([*files], [File(file, file.name) for file in files.values()]):
        pass


def _expect_held(running: Running) -> None:
    if not running.is_held():
        raise LeaseLost("stopped by its own heartbeat")
