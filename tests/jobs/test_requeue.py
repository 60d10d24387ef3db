"""What ended badly runs again on request: only what is missing, with the old attempts kept."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from jobs.models import Attempt, Job, Output, Rendition, Step, Worker
from jobs.requeue import NotRequeueable, Wish, requeue
from jobs.states import JobState, RenditionState, StepKind, StepState
from tests.factories import drive, make_account, make_job, stored, upload

pytestmark = pytest.mark.django_db(transaction=True)


def _break(job: Job, key: str) -> dict[str, Any]:
    """Make a rendition of a planned job impossible; the spec that it had."""
    rendition = Rendition.objects.get(job=job, key=key)
    spec = rendition.spec
    broken = {**spec, "encode": {**spec["encode"], "video": {**spec["encode"]["video"], "width": 321}}}
    Rendition.objects.filter(id=rendition.id).update(spec=broken)
    return spec


@pytest.fixture
def partial(acme, short_clip) -> Job:
    """A job whose optional rung failed for a reason that has been mended since."""
    job = drive(make_job(acme, upload(acme, short_clip)), until=StepKind.RENDITION)
    spec = _break(job, "120p")
    drive(job)
    assert job.state == JobState.PARTIAL
    Rendition.objects.filter(job=job, key="120p").update(spec=spec)
    return job


def test_only_the_missing_rendition_runs_and_a_new_manifest_is_published(partial, acme):
    before = {output.id for output in Output.objects.filter(job=partial)}
    old = partial.manifest
    assert requeue(partial.id, Wish(), actor="test") == JobState.RUNNING
    job = drive(partial)
    assert (job.state, job.fault_code) == (JobState.SUCCEEDED, "")
    assert job.manifest.path == "manifest/2/master.m3u8"
    assert old.id in before
    assert Attempt.objects.filter(job=job, rendition__key="180p").count() == 1
    attempts = Attempt.objects.filter(job=job, rendition__key="120p").order_by("epoch")
    assert [(one.epoch, one.state) for one in attempts] == [(1, "failed"), (2, "succeeded")]
    assert f"{job.id}/120p/2/120p.mp4" in stored(acme)


def test_a_job_whose_source_was_missing_starts_with_its_source_again(acme, short_clip):
    url = f"s3://sources/{acme.slug}/late.mp4"
    job = drive(make_job(acme, url))
    assert (job.state, job.fault_bucket) == (JobState.FAILED, "not_found")
    upload(acme, short_clip, "late.mp4")
    assert requeue(job.id, Wish(), actor="test") == JobState.QUEUED
    job = drive(job)
    assert (job.state, job.fault_code) == (JobState.SUCCEEDED, "")
    assert [a.state for a in Attempt.objects.filter(job=job, step__kind="ingest").order_by("epoch")] == [
        "failed",
        "succeeded",
    ]


def test_new_parameters_are_planned_again_for_the_renditions_that_run(partial):
    requeue(
        partial.id, Wish(renditions=("120p",), parameters={"bitrate_kbps": 90, "speed": "fast"}), actor="test"
    )
    encode = Rendition.objects.get(job=partial, key="120p").spec["encode"]["video"]
    assert (encode["crf"], encode["bitrate_kbps"], encode["speed"]) == (None, 90, "fast")
    assert Rendition.objects.get(job=partial, key="180p").spec["encode"]["video"]["crf"] == 30
    assert drive(partial).state == JobState.SUCCEEDED


def test_a_pool_can_be_asked_for(partial):
    requeue(partial.id, Wish(pool="highmem"), actor="test")
    assert Step.objects.get(job=partial, key="120p").queue == "transcode-highmem"


def test_an_encoder_revision_must_be_run_by_a_live_worker(partial):
    with pytest.raises(NotRequeueable, match="No live worker"):
        requeue(partial.id, Wish(encoder_revision="ffmpeg-1.0-00000000"), actor="test")
    identity = Attempt.objects.filter(job=partial, encoder_identity__isnull=False).first().encoder_identity
    Worker.objects.create(name="w", queues=["transcode-gpu"], slots=1, encoder_identity=identity)
    requeue(partial.id, Wish(encoder_revision=identity.revision), actor="test")
    step = Step.objects.get(job=partial, key="120p")
    assert (step.queue, step.encoder_revision) == ("transcode-gpu", identity.revision)
    assert drive(partial).state == JobState.SUCCEEDED


def test_a_worker_with_another_encoder_refuses_the_step(partial):
    requeue(partial.id, Wish(), actor="test")
    Step.objects.filter(job=partial, key="120p").update(encoder_revision="ffmpeg-1.0-00000000")
    drive(partial)
    rendition = Rendition.objects.get(job=partial, key="120p")
    assert (rendition.state, rendition.fault_code) == (
        RenditionState.DEAD_LETTER,
        "encoder_revision_mismatch",
    )


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (Wish(renditions=("180p",)), "rendition_not_missing"),
        (Wish(pool="moon"), "pool_unknown"),
        (Wish(parameters={"crf": 99.0}), "out_of_range"),
    ],
)
def test_a_wish_that_cannot_be_met_changes_nothing(partial, wish, code):
    with pytest.raises(NotRequeueable) as refused:
        requeue(partial.id, wish, actor="test")
    assert refused.value.code == code
    assert Job.objects.get(id=partial.id).state == JobState.PARTIAL
    assert not Step.objects.filter(job=partial, state=StepState.READY).exists()


def test_what_ended_well_or_was_cancelled_does_not_run_again(acme, short_clip):
    job = drive(make_job(acme, upload(acme, short_clip)))
    with pytest.raises(NotRequeueable):
        requeue(job.id, Wish(), actor="test")


def test_the_command_counts_first_and_then_runs_what_the_filter_finds(acme):
    jobs = [drive(make_job(acme, f"s3://sources/{acme.slug}/none.mp4")) for _ in range(2)]
    other = drive(make_job(make_account("rival"), "s3://sources/rival/none.mp4"))
    out = StringIO()
    filters = ["--fault=object_not_found", f"--account={acme.slug}", "--since=1h"]
    call_command("requeue", *filters, "--dry-run", stdout=out)
    assert out.getvalue().splitlines()[-1] == "2 jobs would run again"
    assert Job.objects.get(id=jobs[0].id).state == JobState.FAILED
    call_command("requeue", *filters, stdout=out)
    assert {Job.objects.get(id=job.id).state for job in jobs} == {JobState.QUEUED}
    assert Job.objects.get(id=other.id).state == JobState.FAILED


def test_the_command_wants_a_filter():
    with pytest.raises(CommandError, match="Name a filter"):
        call_command("requeue")
