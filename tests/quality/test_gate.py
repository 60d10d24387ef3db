"""The gate: a rendition counts only when it was found good enough; one better encode, and then it has failed."""

import pytest

from jobs import pruning, publication
from jobs.models import Attempt, Job, Output, QualityMeasurement, Rendition, Step
from jobs.planner.specs import QualityWish, Rung
from jobs.requeue import Wish, requeue
from jobs.states import JobState, RenditionState, StepKind, StepState
from tests.factories import drive, make_job, next_step, run_step, s3_client, stored, upload
from tests.quality.cast import ladder, states, tried
from webhooks.models import Event

pytestmark = pytest.mark.django_db(transaction=True)


def crf_of(job: Job) -> float:
    return Rendition.objects.get(job=job, key="180p").spec["encode"]["video"]["crf"]


def events(job: Job) -> list[str]:
    return list(Event.objects.filter(job_id=job.id).order_by("sequence").values_list("type", flat=True))


def test_what_is_good_enough_counts_from_its_measurement_on(acme, short_clip):
    job = drive(make_job(acme, upload(acme, short_clip), ladder(42, minimum=30)), until=StepKind.QUALITY)
    assert (job.renditions.get().state, states(job)["rendition 180p"][0]) == (RenditionState.RUNNING, "done")
    assert "rendition.succeeded" not in events(job), "nobody hears of it yet"
    assert Output.objects.get(job=job).state == "committed"
    assert run_step(next_step(job)) == "done"
    assert job.renditions.get().state == RenditionState.SUCCEEDED
    assert events(job)[-1] == "rendition.succeeded"
    one = QualityMeasurement.objects.get()
    assert (one.threshold, one.passed) == (30, True)
    assert drive(job).state == JobState.SUCCEEDED


def test_below_the_minimum_it_is_encoded_once_more_at_a_better_setting_and_passes(acme, short_clip):
    job = drive(make_job(acme, upload(acme, short_clip), ladder(45, minimum=35)), until=StepKind.QUALITY)
    before = Output.objects.get(job=job)
    run_step(next_step(job))
    assert states(job)["rendition 180p"] == ("ready", 1)
    assert states(job)["quality 180p"] == ("blocked", 1)
    assert states(job)["manifest"] == ("blocked", 0)
    assert job.renditions.get().state == RenditionState.QUEUED
    before.refresh_from_db()
    assert before.state == "discarded"

    job = drive(job)
    assert job.state == JobState.SUCCEEDED
    assert tried(job) == [
        ("rendition 180p", "succeeded", ""),
        ("quality 180p", "failed", "quality_below_threshold"),
        ("rendition 180p", "succeeded", ""),
        ("quality 180p", "succeeded", ""),
    ]
    assert [one.passed for one in QualityMeasurement.objects.order_by("measured_at")] == [False, True]
    first = Attempt.objects.get(step__kind="quality", epoch=1)
    assert first.evidence["raised"] == "crf 45 > 42"
    argv = Attempt.objects.get(rendition__job=job, epoch=2).argv
    assert argv[argv.index("-crf") + 1] == "42"
    assert job.plan["renditions"][0]["encode"]["video"]["crf"] == 45, "the plan is what was planned"
    assert crf_of(job) == 42
    assert events(job).count("rendition.succeeded") == 1
    pruning.prune_discarded()
    assert [path for path in stored(acme) if "/180p/" in path] == [f"{job.id}/180p/2/180p.mp4"]


def test_below_the_minimum_twice_is_an_invalid_output_and_a_dead_letter(acme, short_clip):
    job = drive(make_job(acme, upload(acme, short_clip), ladder(45, minimum=90.5, detections=("black",))))
    assert (job.state, job.fault_code, job.fault_bucket) == (
        JobState.DEAD_LETTER,
        "quality_below_threshold",
        "invalid_output",
    )
    assert [row[1:] for row in tried(job)] == [
        ("succeeded", ""), ("failed", "quality_below_threshold"),
        ("succeeded", ""), ("failed", "quality_below_threshold"),
        ("succeeded", ""),
    ]  # fmt: skip
    rendition = job.renditions.get()
    assert rendition.state == RenditionState.DEAD_LETTER
    scores = QualityMeasurement.objects.order_by("measured_at").last()
    assert rendition.fault_message == (
        f"'180p' has VMAF {scores.mean:.2f} on average, below the minimum of 90.5; "
        f"the worst moment is at {scores.lowest_at_seconds:g} s, with {scores.lowest:.2f}."
    )
    assert states(job) == {
        "ingest": ("done", 1), "plan": ("done", 1), "rendition 180p": ("done", 2), "quality 180p": ("failed", 2),
        "detection": ("done", 1), "manifest": ("done", 1),
    }  # fmt: skip
    assert {one.state for one in Output.objects.filter(job=job)} == {"discarded"}
    assert "rendition.succeeded" not in events(job)
    assert events(job).count("rendition.failed") == 1


def test_an_optional_rung_that_is_not_good_enough_leaves_a_partial_job_and_no_trace_in_its_manifest(
    acme, short_clip, s3
):
    rungs = (
        Rung("180p", height=180, crf=30, speed="ultrafast"),
        Rung("120p", height=120, crf=45, speed="ultrafast", required=False, min_quality=99),
    )
    job = drive(
        make_job(
            acme, upload(acme, short_clip), ladder(rungs=rungs, publish="progressive", segments="separate")
        )
    )
    assert job.state == JobState.PARTIAL
    for one in Output.objects.filter(job=job, kind="manifest", state="committed"):
        key = one.url.removeprefix("s3://outputs/")
        assert b"120p" not in s3_client().get_object(Bucket="outputs", Key=key)["Body"].read(), one.path
    assert not Output.objects.filter(job=job, path__startswith="120p/", state="committed").exists()


def test_a_manifest_grows_with_what_has_passed_its_gate(acme, short_clip):
    rungs = tuple(Rung(f"{h}p", height=h, crf=30, speed="ultrafast", min_quality=20) for h in (180, 120))
    wish = ladder(rungs=rungs, publish="progressive", segments="separate")
    job = drive(make_job(acme, upload(acme, short_clip), wish), until=StepKind.QUALITY)
    assert job.manifest is None
    while step := next_step(job, StepKind.RENDITION):
        run_step(step)
    assert run_step(next_step(job, StepKind.QUALITY)) == "done"
    job.refresh_from_db()
    assert job.manifest.path == "manifest/180p-1.1/master.m3u8"
    run_step(next_step(job, StepKind.QUALITY))
    job.refresh_from_db()
    assert job.manifest.path == "manifest/120p-1.1/master.m3u8"
    assert drive(job).state == JobState.SUCCEEDED


def test_of_two_that_pass_their_gates_at_once_the_manifest_lists_both(acme, short_clip, monkeypatch):
    rungs = tuple(Rung(f"{h}p", height=h, crf=30, speed="ultrafast", min_quality=20) for h in (180, 120))
    job = drive(
        make_job(acme, upload(acme, short_clip), ladder(rungs=rungs, publish="progressive")),
        until=StepKind.QUALITY,
    )
    while step := next_step(job, StepKind.RENDITION):
        run_step(step)
    first, second = Step.objects.filter(job=job, kind=StepKind.QUALITY).order_by("id")
    put = publication._put_texts

    def put_late(*arguments) -> None:
        """When the first one's manifest is written and not yet shown, the second one is committed."""
        monkeypatch.setattr(publication, "_put_texts", put)
        assert run_step(second) == "done"
        put(*arguments)

    monkeypatch.setattr(publication, "_put_texts", put_late)
    assert run_step(first) == "done"
    job.refresh_from_db()
    assert job.manifest.path == "manifest/180p-1.2/master.m3u8", "written once more"
    key = job.manifest.url.removeprefix("s3://outputs/")
    master = s3_client().get_object(Bucket="outputs", Key=key)["Body"].read().decode()
    assert [line for line in master.splitlines() if line.endswith(".m3u8")] == ["180p.m3u8", "120p.m3u8"]
    outdated = Output.objects.filter(job=job, path__startswith="manifest/180p-1.1/")
    assert {one.state for one in outdated} == {"discarded"}


def test_a_gate_that_nobody_can_look_through_stays_shut(acme, short_clip, settings, ffmpeg_other):
    job = drive(make_job(acme, upload(acme, short_clip), ladder(30, minimum=10)), until=StepKind.QUALITY)
    settings.FFMPEG_BINARY = ffmpeg_other
    job = drive(job)
    assert (job.state, job.fault_code) == (JobState.DEAD_LETTER, "metric_missing")
    assert job.renditions.get().state == RenditionState.DEAD_LETTER
    assert {one.state for one in Output.objects.filter(job=job)} == {"discarded"}


def test_a_rung_that_cannot_be_made_better_fails_at_once(acme, short_clip):
    rungs = (Rung("180p", height=180, bitrate_kbps=60, maxrate_kbps=60, speed="ultrafast"),)
    job = drive(
        make_job(acme, upload(acme, short_clip), ladder(rungs=rungs, quality=QualityWish(minimum=99)))
    )
    assert job.state == JobState.DEAD_LETTER
    assert [row[0] for row in tried(job)] == ["rendition 180p", "quality 180p"]


def test_members_of_a_group_are_sent_back_alone(acme, short_clip):
    rungs = (
        Rung("180p", height=180, crf=45, speed="ultrafast", min_quality=35),
        Rung("120p", height=120, crf=30, speed="ultrafast"),
    )
    job = drive(make_job(acme, upload(acme, short_clip), ladder(rungs=rungs, strategy="group")))
    assert job.state == JobState.SUCCEEDED
    argv = Attempt.objects.get(job=job, rendition__key="180p", epoch=2).argv
    assert "-filter_complex" not in argv
    assert states(job)["rendition 120p"] == ("done", 1)


def test_a_requeued_rendition_is_measured_again_and_gets_a_better_setting_once_more(acme, short_clip):
    job = drive(make_job(acme, upload(acme, short_clip), ladder(45, minimum=50)))
    assert (job.state, crf_of(job)) == (JobState.DEAD_LETTER, 42)
    requeue(job.id, Wish(), actor="operator")
    assert Step.objects.get(job=job, kind=StepKind.QUALITY).state == StepState.BLOCKED
    job = drive(job)
    assert (job.state, crf_of(job)) == (JobState.SUCCEEDED, 39)
    assert [row[1] for row in tried(job)] == ["succeeded", "failed"] * 3 + ["succeeded", "succeeded"]


def test_a_rendition_requeued_with_other_parameters_is_measured_too(acme, short_clip):
    job = drive(make_job(acme, upload(acme, short_clip), ladder(45, minimum=90)))
    requeue(job.id, Wish(parameters={"crf": 20.0}), actor="operator")
    job = drive(job)
    assert job.state == JobState.SUCCEEDED
    assert QualityMeasurement.objects.order_by("measured_at").last().passed is True
