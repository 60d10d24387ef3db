"""The detection step: parts of what was made that are black, frozen or silent. Warnings: nothing fails for them."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings

from adapters.ffmpeg.detections import build_detect_argv, read_detections
from adapters.ffmpeg.supervisor import Box
from jobs import leases
from jobs.attempts import Running
from jobs.encoding import encode
from jobs.models import Detection, Job, Output
from jobs.planner.plan import Plan
from jobs.quality import fetch
from jobs.states import AttemptState, OutputState, RenditionState, StepKind, StepState


@dataclass(frozen=True, slots=True)
class _Files:
    """The smallest picture shows what the others show; the sound is the same in all."""

    picture: Output | None
    sound: Output | None

    @property
    def all(self) -> list[Output]:
        found = {one.id: one for one in (self.picture, self.sound) if one is not None}
        return list(found.values())


def work(running: Running) -> None:
    """Raises Faulted, StorageError, LeaseLost."""
    held = running.claim
    job = Job.objects.get(id=held.job_id)
    files = _files_of(job)
    paths = {one.id: running.workspace / f"{number}.bin" for number, one in enumerate(files.all)}
    argv = build_detect_argv(
        Plan.from_json(job.plan).detections,
        ffmpeg=settings.FFMPEG_BINARY,
        picture=paths[files.picture.id] if files.picture else None,
        sound=paths[files.sound.id] if files.sound else None,
    )
    found: list[Detection] = []
    if argv is not None:
        for one in files.all:
            fetch(running, one, paths[one.id])
        lengths = [one.duration_seconds for one in files.all if one.duration_seconds is not None]
        seconds = max(lengths, default=None)
        looked = encode(
            (running,), job, [argv], box=Box(readable=tuple(paths.values())), duration_seconds=seconds
        )
        found = [
            Detection(job=job, kind=one.kind, start_seconds=one.start_seconds, end_seconds=one.end_seconds)
            for one in read_detections(looked.stderr, seconds)
        ]
    with leases.fenced(held, StepState.DONE, progress=1.0, eta_seconds=0.0) as moves:
        # What was found before a requeue was found in other files.
        Detection.objects.filter(job=job).delete()
        Detection.objects.bulk_create(found)
        moves.attempt(held.attempt_id, AttemptState.SUCCEEDED, label=held.label, stored=False)
        moves.open_barrier()
        running.go_on(moves, StepKind.MANIFEST)


def _files_of(job: Job) -> _Files:
    outputs: Sequence[Output] = list(
        Output.objects.filter(
            job=job,
            kind=Output.Kind.RENDITION,
            state=OutputState.COMMITTED,
            rendition__state=RenditionState.SUCCEEDED,
            rendition__kind__in=("video", "audio", "muxed"),
        )
        .select_related("rendition")
        .defer("index", "probe")
        .order_by("rendition__position")
    )
    pictures = [one for one in outputs if _size(one)]
    picture = min(pictures, key=_size, default=None)
    sounds = [one for one in outputs if one.rendition and one.rendition.spec["encode"]["audio"]]
    return _Files(picture, picture if picture in sounds else next(iter(sounds), None))


def _size(output: Output) -> int:
    """Pixels; 0 without a picture."""
    video = output.rendition.spec["encode"]["video"] if output.rendition else None
    return int(video["width"] * video["height"]) if video else 0
