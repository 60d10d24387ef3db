"""The join: what the ladder is worth now, its playlists from the fragment indexes, and the job's end."""

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from adapters.packaging.fragments import FragmentIndex
from adapters.packaging.hls import AudioTrack, Variant, master_playlist, media_playlist
from jobs import faults, leases, stores
from jobs.attempts import Running
from jobs.faults import Fault
from jobs.models import Job, Output, Rendition
from jobs.planner.plan import Plan, RenditionPlan
from jobs.states import AttemptState, JobState, OutputState, RenditionState, StepState

_PLAYLIST_TYPE = "application/vnd.apple.mpegurl"
MASTER = "master.m3u8"


@dataclass(frozen=True, slots=True)
class _Rung:
    """A rendition with its committed file."""

    planned: RenditionPlan
    output: Output

    @property
    def index(self) -> FragmentIndex:
        return FragmentIndex.from_json(self.output.index)

    @property
    def uri(self) -> str:
        """From the manifest's folder, `manifest/<epoch>/`, to the file."""
        return f"../../{self.output.path}"


def work(running: Running) -> None:
    """The manifest step, the chord's body. It reads the database alone. Raises StorageError, LeaseLost."""
    held = running.claim
    job = Job.objects.get(id=held.job_id)
    renditions = list(Rendition.objects.filter(job_id=job.id))
    state, fault = verdict(renditions)
    manifest: Output | None = None
    if state in (JobState.SUCCEEDED, JobState.PARTIAL):
        plan = Plan.from_json(job.plan)
        if plan.packaging == "hls":
            manifest = _publish(running, job, plan, _rungs(renditions))
    with leases.fenced(held, StepState.DONE, progress=1.0) as moves:
        moves.attempt(held.attempt_id, AttemptState.SUCCEEDED, label=held.label)
        moves.job(state, fault=fault, manifest=manifest)


def verdict(renditions: list[Rendition]) -> tuple[JobState, Fault | None]:
    """What a job whose renditions are all final has come to.

    A required one that is missing decides it; with only optional ones missing the job is partial.
    """
    missing = [one for one in renditions if one.state != RenditionState.SUCCEEDED]
    if not missing:
        return JobState.SUCCEEDED, None
    required = [one for one in missing if one.required]
    if not required and len(missing) < len(renditions):
        return JobState.PARTIAL, None
    # The one that an operator can do something about speaks for the others.
    worst = max(required or missing, key=lambda one: one.state == RenditionState.DEAD_LETTER)
    state = JobState.DEAD_LETTER if worst.state == RenditionState.DEAD_LETTER else JobState.FAILED
    cause = faults.fault(worst.fault_code or "required_rendition_failed", worst.fault_detail)
    return state, cause


def _rungs(renditions: list[Rendition]) -> list[_Rung]:
    outputs = {
        output.rendition_id: output
        for output in Output.objects.filter(
            rendition__in=renditions, kind=Output.Kind.RENDITION, state=OutputState.COMMITTED
        ).defer("probe")
    }
    return [
        _Rung(RenditionPlan.from_json(one.spec), outputs[one.id])
        for one in renditions
        if one.state == RenditionState.SUCCEEDED
    ]


def _publish(running: Running, job: Job, plan: Plan, rungs: list[_Rung]) -> Output:
    """Store the media playlists, then the master that names them. A player never sees it before the files."""
    segment: Fraction = plan.segment_seconds
    texts = {f"{rung.planned.key}.m3u8": media_playlist(rung.index, rung.uri, segment) for rung in rungs}
    texts[MASTER] = master_playlist(_variants(plan, rungs), _audio(rungs), segment)
    folder = f"manifest/{running.claim.epoch}/"
    outputs = [
        Output(
            job_id=job.id,
            attempt_id=running.claim.attempt_id,
            kind=Output.Kind.MANIFEST if name == MASTER else Output.Kind.PLAYLIST,
            path=folder + name,
            url=f"{job.destination}{job.id}/{folder}{name}",
            content_type=_PLAYLIST_TYPE,
            sha256=hashlib.sha256(text.encode()).hexdigest(),
            size_bytes=len(text.encode()),
        )
        for name, text in texts.items()
    ]
    with leases.holding(running.claim):
        Output.objects.bulk_create(outputs)
    for output, text in zip(outputs, texts.values(), strict=True):
        file: Path = running.workspace / Path(output.path).name
        file.write_text(text, encoding="utf-8", newline="")
        stores.storages().for_url(output.url).store(
            file, output.url, content_type=_PLAYLIST_TYPE, sha256=output.sha256
        )
    return outputs[-1]


def _variants(plan: Plan, rungs: list[_Rung]) -> list[Variant]:
    return [
        Variant(
            uri=f"{rung.planned.key}.m3u8",
            index=rung.index,
            codec=rung.output.codecs,
            width=rung.planned.encode.video.width,
            height=rung.planned.encode.video.height,
            frame_rate=plan.frame_rate,
        )
        for rung in rungs
        if rung.planned.encode.video is not None
    ]


def _audio(rungs: list[_Rung]) -> list[AudioTrack]:
    return [
        AudioTrack(
            uri=f"{rung.planned.key}.m3u8",
            index=rung.index,
            codec=rung.output.codecs,
            name="Audio",
            channels=rung.planned.encode.audio.channels,
            language=None,
        )
        for rung in rungs
        if rung.planned.encode.video is None and rung.planned.encode.audio is not None
    ]
