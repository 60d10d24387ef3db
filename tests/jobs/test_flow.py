"""A job from its submission to its manifest: real S3, real FFmpeg, real tables."""

import hashlib
import subprocess
from dataclasses import replace

import pytest

from adapters.ffmpeg.identity import identify
from audit.models import AuditEvent
from audit.recorder import read_stderr
from jobs import attempts, stores
from jobs.models import Attempt, Job, Output, Step
from jobs.states import AttemptState, JobState, OutputState, RenditionState, StepKind, StepState
from tests.factories import (
    REMUX,
    SMALL_LADDER,
    WORK,
    claim,
    drive,
    make_job,
    next_step,
    run_step,
    s3_client,
    stored,
    upload,
)
from webhooks.models import Event

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def job(acme, short_clip) -> Job:
    return drive(make_job(acme, upload(acme, short_clip)))


def test_a_clip_becomes_a_ladder_that_plays_from_its_manifest(job, acme, ffmpeg):
    assert job.state == JobState.SUCCEEDED
    folder = str(job.id)
    assert set(stored(acme)) == {
        f"{folder}/180p/1/180p.mp4",
        f"{folder}/120p/1/120p.mp4",
        f"{folder}/audio/1/audio.mp4",
        f"{folder}/manifest/1/180p.m3u8",
        f"{folder}/manifest/1/180p.iframes.m3u8",
        f"{folder}/manifest/1/120p.m3u8",
        f"{folder}/manifest/1/120p.iframes.m3u8",
        f"{folder}/manifest/1/audio.m3u8",
        f"{folder}/manifest/1/master.m3u8",
    }
    url = stores.public_url(job.manifest.url)
    decoded = subprocess.run(
        [ffmpeg, "-v", "error", "-http_seekable", "0", "-i", url, "-map", "0", "-f", "null", "-"],
        capture_output=True,
        text=True,
    )
    assert (decoded.returncode, decoded.stderr) == (0, "")


def test_every_committed_output_is_the_object_that_its_row_describes(job, acme):
    outputs = Output.objects.filter(job=job)
    assert outputs.count() == 9
    for output in outputs:
        key = output.url.removeprefix("s3://outputs/")
        body = s3_client().get_object(Bucket="outputs", Key=key)["Body"].read()
        assert output.state == OutputState.COMMITTED
        assert (output.sha256, output.size_bytes) == (hashlib.sha256(body).hexdigest(), len(body))


def test_the_evidence_names_the_command_the_encoder_and_the_whole_stderr(job, ffmpeg):
    identity = identify(ffmpeg)
    attempts = Attempt.objects.filter(job=job, rendition__isnull=False).select_related(
        "stderr", "encoder_identity"
    )
    assert attempts.count() == 3
    for attempt in attempts:
        assert attempt.state == AttemptState.SUCCEEDED
        assert attempt.argv[0] == str(ffmpeg)
        assert "-progress" in attempt.argv
        assert attempt.encoder_identity.sha256 == identity.sha256
        assert attempt.encoder_identity.revision == identity.revision
        assert (attempt.exit_code, attempt.signal, attempt.worker) == (0, None, "tester")
        assert attempt.wall_seconds > 0
        assert attempt.cpu_seconds > 0
        assert attempt.peak_rss_bytes > 1_000_000
        assert isinstance(read_stderr(attempt.stderr), bytes)


def test_the_source_is_hashed_probed_and_fetched_once_for_all_renditions(job, acme, short_clip, settings):
    source = job.sources.get()
    assert source.sha256 == hashlib.sha256(short_clip.read_bytes()).hexdigest()
    assert source.size_bytes == short_clip.stat().st_size
    assert source.probe["streams"][0]["codec_name"] == "h264"
    assert not list((settings.WORK_DIR / "attempts").rglob("*.mp4")), "a workspace was left"


def test_every_change_of_state_is_an_audit_event_and_the_public_ones_are_in_the_outbox(job):
    moves = [
        (event.from_state, event.to_state)
        for event in AuditEvent.objects.filter(job_id=job.id, subject="job").order_by("id")
    ]
    assert moves == [
        ("", "queued"),
        ("queued", "ingesting"),
        ("ingesting", "planning"),
        ("planning", "running"),
        ("running", "assembling"),
        ("assembling", "succeeded"),
    ]
    types = list(Event.objects.filter(job_id=job.id).order_by("sequence").values_list("type", flat=True))
    assert types == ["job.queued", "job.started", *["rendition.succeeded"] * 3, "job.succeeded"]


def test_the_database_refuses_to_rewrite_an_audit_event(job):
    from django.db import InternalError, ProgrammingError, transaction

    with pytest.raises((InternalError, ProgrammingError), match="append-only"), transaction.atomic():
        AuditEvent.objects.filter(job_id=job.id).update(actor="nobody")


def test_the_manifest_waits_for_the_last_rendition(acme, short_clip):
    job = drive(make_job(acme, upload(acme, short_clip)), until=StepKind.RENDITION)
    manifest = Step.objects.get(job=job, kind=StepKind.MANIFEST)
    for _ in range(3):
        manifest.refresh_from_db()
        assert manifest.state == StepState.BLOCKED
        run_step(next_step(job, StepKind.RENDITION))
    manifest.refresh_from_db()
    assert manifest.state == StepState.READY


def test_a_remux_copies_the_streams_into_one_mp4(acme, clip):
    job = drive(make_job(acme, upload(acme, clip), REMUX))
    assert (job.state, job.manifest) == (JobState.SUCCEEDED, None)
    [output] = Output.objects.filter(job=job)
    assert output.duration_seconds == pytest.approx(5.3, abs=0.1)


def test_an_optional_rung_that_fails_makes_the_job_partial_with_a_manifest_of_the_rest(acme, short_clip):
    job = drive(make_job(acme, upload(acme, short_clip)), until=StepKind.RENDITION)
    optional = job.renditions.get(key="120p")
    optional.spec["encode"]["video"]["width"] = 321  # 4:2:0 has no odd widths
    optional.save()
    drive(job)
    job.refresh_from_db()
    optional.refresh_from_db()
    assert (optional.state, optional.fault_bucket) == (RenditionState.FAILED, "configuration")
    assert job.state == JobState.PARTIAL
    paths = Output.objects.filter(job=job, kind="playlist").values_list("path", flat=True)
    assert set(paths) == {
        "manifest/1/180p.m3u8",
        "manifest/1/180p.iframes.m3u8",
        "manifest/1/audio.m3u8",
    }


def test_a_required_rung_that_fails_decides_the_job_and_publishes_nothing(acme, short_clip):
    job = drive(make_job(acme, upload(acme, short_clip)), until=StepKind.RENDITION)
    required = job.renditions.get(key="180p")
    required.spec["encode"]["video"]["width"] = 321  # 4:2:0 has no odd widths
    required.save()
    drive(job)
    job.refresh_from_db()
    assert (job.state, job.fault_bucket) == (JobState.FAILED, "configuration")
    assert job.manifest is None
    assert not Output.objects.filter(job=job, kind="manifest").exists()


def test_an_encoder_that_is_not_there_is_retried_and_becomes_a_dead_letter(
    acme, short_clip, settings, tmp_path
):
    job = drive(make_job(acme, upload(acme, short_clip), REMUX), until=StepKind.RENDITION)
    broken = tmp_path / "ffmpeg"
    broken.write_text(
        "#!/bin/sh\n[ \"$1\" = -version ] && echo 'ffmpeg version n1.0 x' && exit 0\n"
        "echo \"[error] Unknown encoder 'libx264'\" >&2\nexit 8\n"
    )
    broken.chmod(0o755)
    settings.FFMPEG_BINARY = broken
    drive(job)
    job.refresh_from_db()
    attempts = Attempt.objects.filter(job=job, rendition__isnull=False)
    assert [(a.state, a.fault_code, a.exit_code) for a in attempts] == [("failed", "encoder_missing", 8)] * 2
    assert (job.state, job.fault_code) == (JobState.DEAD_LETTER, "encoder_missing")


def test_whoever_ends_the_only_rendition_ends_the_job_in_the_same_transaction(acme, short_clip):
    def another_transaction(running) -> None:
        raise AssertionError("the join was left to do")

    job = drive(make_job(acme, upload(acme, short_clip), REMUX), until=StepKind.RENDITION)
    assert perform_only_rendition(job, another_transaction) == "done"
    job.refresh_from_db()
    join = Step.objects.get(job=job, kind=StepKind.MANIFEST)
    assert (job.state, join.state, join.epoch) == (JobState.SUCCEEDED, "done", 1)
    states = (
        AuditEvent.objects.filter(job_id=job.id, subject="job")
        .order_by("id")
        .values_list("to_state", flat=True)
    )
    assert list(states)[-2:] == ["assembling", "succeeded"]


def test_the_worker_of_the_only_rendition_goes_on_with_a_join_that_has_a_manifest_to_write(acme, short_clip):
    ladder = replace(SMALL_LADDER, rungs=SMALL_LADDER.rungs[:1], audio=None)
    job = drive(make_job(acme, upload(acme, short_clip), ladder), until=StepKind.RENDITION)
    assert perform_only_rendition(job) == "done"
    job.refresh_from_db()
    assert job.state == JobState.SUCCEEDED
    assert job.manifest is not None


def perform_only_rendition(job: Job, join=WORK[StepKind.MANIFEST]) -> str:
    held = claim(next_step(job))
    return attempts.perform(held, WORK[held.kind], {StepKind.MANIFEST: join})
