"""The quality step: a rendition beside its source, after it was made. What the score is worth is decided here.

It runs in the frame of every attempt, with the same evidence. See `jobs.gates` for what it means to the rendition.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings

from adapters.ffmpeg.identity import identify
from adapters.ffmpeg.quality import Comparison, build_quality_argv, sample_of
from adapters.ffmpeg.scores import Scores, ScoresUnreadable, read_scores, summarise
from adapters.ffmpeg.supervisor import Box
from jobs import faults, gates, leases, publication, stores
from jobs.attempts import Faulted, Running
from jobs.encoding import encode
from jobs.faults import Bucket, Fault, GiveUp
from jobs.ingest import stage
from jobs.models import Attempt, Output, QualityMeasurement, Rendition, Source
from jobs.planner.plan import RenditionPlan
from jobs.planner.quality import raised, verdict
from jobs.states import AttemptState, OutputState, RenditionState, StepKind, StepState
from jobs.transitions import Change

# The logs of all windows together.
_OUTPUT_BYTES = 256 << 20
_DIGITS = {"vmaf": 2, "ssim": 4}


def work(running: Running) -> None:
    """A quality step. Raises Faulted, StorageError, LeaseLost."""
    held = running.claim
    rendition = Rendition.objects.select_related("job", "step").get(job_id=held.job_id, key=held.key)
    planned = RenditionPlan.from_json(rendition.spec)
    output = Output.objects.get(rendition=rendition, kind=Output.Kind.RENDITION, state=OutputState.COMMITTED)
    comparison = planned.quality
    if comparison is None:
        raise Faulted(faults.fault("internal_error", "a quality step of a rendition that is not measured"))
    scores = _measure(running, rendition, planned, comparison, output)
    match verdict(planned, scores):
        case "good":
            _end_well(running, rendition, comparison, scores, output)
        case "again":
            _send_back(running, rendition, planned, comparison, scores)
        case "bad":
            _end_badly(running, rendition, planned, comparison, scores)


# --- the measurement ------------------------------------------------------------------------------------------
def _measure(
    running: Running, rendition: Rendition, planned: RenditionPlan, comparison: Comparison, output: Output
) -> Scores:
    _expect_metric(comparison)
    source, file = running.workspace / "0.bin", running.workspace / "1.bin"
    fetch(running, output, file)
    stage(Source.objects.get(job_id=rendition.job_id, position=0), source, running.is_held)
    folder = running.workspace / "out"
    folder.mkdir()
    sample = sample_of(comparison, output.duration_seconds)
    logs = [folder / f"scores-{number}" for number in range(len(sample.windows))]
    commands = [
        build_quality_argv(
            planned.encode,
            comparison,
            window,
            every=sample.every,
            ffmpeg=settings.FFMPEG_BINARY,
            source=source,
            rendition=file,
            log=log,
        )
        for window, log in zip(sample.windows, logs, strict=True)
    ]
    encode(
        (running,),
        rendition.job,
        commands,
        box=Box(readable=(source, file), writable=(folder,)),
        duration_seconds=sample.windows[0].seconds or output.duration_seconds,
        output_bytes=_OUTPUT_BYTES,
    )
    try:
        points = [
            point
            for window, log in zip(sample.windows, logs, strict=True)
            for point in read_scores(log, comparison, window, sample.every)
        ]
    except ScoresUnreadable as error:
        raise Faulted(faults.fault("scores_unreadable", str(error))) from error
    return summarise(points)


def _expect_metric(comparison: Comparison) -> None:
    """Before anything is fetched. Raises Faulted."""
    if comparison.metric == "vmaf":
        identity = identify(settings.FFMPEG_BINARY, settings.CONTAINER_DIGEST)
        if not identity.has_libvmaf:
            raise Faulted(faults.fault("metric_missing", f"{identity.revision} has no libvmaf"))


def fetch(running: Running, output: Output, file: Path) -> None:
    """A committed file, as it was committed. Raises Faulted, StorageError."""
    storage = stores.storages().for_url(output.url)
    fetched = storage.fetch(output.url, file, limit_bytes=output.size_bytes, keep_going=running.is_held)
    if fetched.sha256 != output.sha256:
        raise Faulted(faults.fault("invalid_output", f"{output.path} holds other bytes than were committed"))


# --- its ends -------------------------------------------------------------------------------------------------
def _end_well(
    running: Running, rendition: Rendition, comparison: Comparison, scores: Scores, output: Output
) -> None:
    held = running.claim

    def finish(moves: Change) -> None:
        _record(running, rendition, comparison, scores)
        moves.attempt(held.attempt_id, AttemptState.SUCCEEDED, label=held.label)
        if comparison.minimum is not None:
            moves.rendition(rendition, RenditionState.RUNNING, RenditionState.SUCCEEDED)
        moves.open_barrier()
        running.go_on(moves, StepKind.MANIFEST)

    if comparison.minimum is None:
        with leases.fenced(held, StepState.DONE, progress=1.0, eta_seconds=0.0) as moves:
            finish(moves)
    else:
        publication.admit(running, rendition, output, finish)


def _send_back(
    running: Running, rendition: Rendition, planned: RenditionPlan, comparison: Comparison, scores: Scores
) -> None:
    better = raised(planned)
    assert better is not None  # noqa: S101 - the verdict has looked
    held, fault = running.claim, _fault_of(rendition, comparison, scores)
    with leases.blocking(held) as moves:
        _record(running, rendition, comparison, scores, {"raised": better.change})
        moves.attempt(held.attempt_id, AttemptState.FAILED, label=held.label, fault=fault)
        gates.send_back(moves, rendition, better)


def _end_badly(
    running: Running, rendition: Rendition, planned: RenditionPlan, comparison: Comparison, scores: Scores
) -> None:
    held, fault = running.claim, _fault_of(rendition, comparison, scores)
    # As an attempt beyond the last one that the bucket allows: the other encode was the retry, or could not be.
    most = faults.POLICIES[Bucket.INVALID_OUTPUT].max_attempts
    decision = faults.decide(Bucket.INVALID_OUTPUT, most, random=lambda: 0.0)
    with leases.fenced(held, StepState.FAILED) as moves:
        _record(running, rendition, comparison, scores)
        moves.attempt(held.attempt_id, AttemptState.FAILED, label=held.label, fault=fault)
        dead_letter = isinstance(decision, GiveUp) and decision.dead_letter
        gates.give_up(moves, held, fault, dead_letter=dead_letter)
        running.go_on(moves, StepKind.MANIFEST)


def _record(
    running: Running,
    rendition: Rendition,
    comparison: Comparison,
    scores: Scores,
    more: Mapping[str, Any] | None = None,
) -> None:
    """In the transaction that ends the step: a score of a claim that was lost is nobody's."""
    minimum, digits = comparison.minimum, _DIGITS[comparison.metric]
    QualityMeasurement.objects.create(
        rendition=rendition,
        attempt_id=running.claim.attempt_id,
        metric=comparison.metric,
        model=comparison.model or "",
        compare_at=comparison.compare_at,
        width=comparison.width,
        height=comparison.height,
        frames=scores.frames,
        mean=scores.mean,
        harmonic_mean=scores.harmonic_mean,
        percentile_5=scores.percentile_5,
        lowest=scores.lowest,
        lowest_at_seconds=scores.lowest_at_seconds,
        curve=[[seconds, round(score, digits)] for seconds, score in scores.curve],
        threshold=minimum,
        passed=None if minimum is None else scores.mean >= minimum,
    )
    evidence = {comparison.metric: round(scores.mean, digits), "frames": scores.frames, **(more or {})}
    if minimum is not None:
        evidence["minimum"] = minimum
    Attempt.objects.filter(id=running.claim.attempt_id).update(evidence=evidence)


def _fault_of(rendition: Rendition, comparison: Comparison, scores: Scores) -> Fault:
    name, digits = comparison.metric.upper(), _DIGITS[comparison.metric]
    sentence = (
        f"{rendition.key!r} has {name} {scores.mean:.{digits}f} on average, below the minimum of "
        f"{comparison.minimum:g}; the worst moment is at {scores.lowest_at_seconds:g} s, "
        f"with {scores.lowest:.{digits}f}."
    )
    return replace(faults.fault("quality_below_threshold", sentence), message=sentence)
