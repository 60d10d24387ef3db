"""Renditions are measured after they were made, by real FFmpeg; without a gate nothing depends on it."""

import threading
import time

import pytest
from django.db import connection

from jobs import attempts, canvas, conductor, quality, submission
from jobs.models import Attempt, Output, QualityMeasurement, Rendition, Step, Worker
from jobs.planner.specs import AudioRung, QualityWish, Rung
from jobs.states import JobState, OutputState, RenditionState, StepKind, StepState
from tests.factories import claim, drive, make_job, next_step, run_step, upload
from tests.quality.cast import ladder, states, tried

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_rendition_is_measured_by_a_step_of_its_own_with_evidence(acme, clip):
    job = drive(make_job(acme, upload(acme, clip), ladder()))
    assert job.state == JobState.SUCCEEDED
    assert tried(job) == [("rendition 180p", "succeeded", ""), ("quality 180p", "succeeded", "")]
    one = QualityMeasurement.objects.get(rendition__job=job)
    assert (one.metric, one.model, one.compare_at) == ("vmaf", "vmaf_v0.6.1", "rendition")
    assert (one.width, one.height) == (320, 180)
    assert (one.threshold, one.passed, one.frames) == (None, None, 50)
    assert 20 < one.lowest < one.percentile_5 < one.harmonic_mean < one.mean < 70
    assert len(one.curve) == 50
    assert one.curve[0][0] == 0.0
    assert one.curve[-1][0] == pytest.approx(49 / 25, abs=0.001)
    assert [one.lowest_at_seconds, pytest.approx(one.lowest, abs=0.01)] in one.curve
    attempt = one.attempt
    assert "libvmaf=model=version=vmaf_v0.6.1" in " ".join(attempt.argv)
    assert attempt.encoder_identity is not None
    assert attempt.stderr is not None
    assert attempt.evidence == {"vmaf": round(one.mean, 2), "frames": 50}


def test_each_picture_is_measured_after_its_own_rendition_and_the_join_waits_for_all(acme, clip):
    rungs = tuple(Rung(f"{h}p", height=h, crf=30, speed="ultrafast") for h in (180, 120))
    wish = ladder(rungs=rungs, audio=AudioRung(bitrate_kbps=64), quality=QualityWish("ssim"))
    job = drive(make_job(acme, upload(acme, clip), wish), until=StepKind.RENDITION)
    waiting = Step.objects.get(job=job, kind=StepKind.QUALITY, key="120p")
    assert waiting.after == ["rendition 120p"]
    assert Step.objects.get(job=job, kind=StepKind.MANIFEST).hints == 0
    assert not Step.objects.filter(job=job, state=StepState.READY, hints__gt=0).exists(), "no chord"
    run_step(next_step(job))
    ready = Step.objects.filter(job=job, state=StepState.READY, kind=StepKind.QUALITY)
    assert [str(step) for step in ready] == ["quality 180p"]
    assert Step.objects.get(job=job, kind=StepKind.MANIFEST).state == StepState.BLOCKED
    drive(job, until=StepKind.MANIFEST)
    assert QualityMeasurement.objects.filter(rendition__job=job).count() == 2
    assert drive(job).state == JobState.SUCCEEDED
    assert all(0.8 < one.mean < 1 for one in QualityMeasurement.objects.filter(rendition__job=job))


def test_a_rendition_as_viewers_see_it_is_compared_at_the_sources_size(acme, clip):
    wish = ladder(crf=20, quality=QualityWish(compare_at="source"))
    job = drive(make_job(acme, upload(acme, clip), wish))
    one = QualityMeasurement.objects.get(rendition__job=job)
    assert (one.width, one.height) == (1280, 720)
    own = drive(make_job(acme, upload(acme, clip), ladder(crf=20)))
    assert one.mean < QualityMeasurement.objects.get(rendition__job=own).mean - 20, "180p on a large screen"


def test_members_of_a_group_are_measured_one_by_one(acme, clip):
    rungs = tuple(Rung(f"{h}p", height=h, crf=30, speed="ultrafast") for h in (180, 120))
    job = drive(
        make_job(acme, upload(acme, clip), ladder(rungs=rungs, strategy="group", quality=QualityWish("ssim")))
    )
    assert job.state == JobState.SUCCEEDED
    assert [row[0] for row in tried(job)] == [
        "rendition 180p",
        "rendition 120p",
        "quality 180p",
        "quality 120p",
    ]


def test_an_ffmpeg_without_libvmaf_costs_the_job_a_note_and_is_tried_elsewhere_first(
    acme, clip, settings, ffmpeg_other
):
    job = drive(make_job(acme, upload(acme, clip), ladder()), until=StepKind.QUALITY)
    Worker.objects.create(name="big", queues=["transcode-highmem"], slots=1)
    settings.FFMPEG_BINARY = ffmpeg_other
    assert run_step(next_step(job)) == "retried"
    assert Step.objects.get(job=job, kind=StepKind.QUALITY).queue == "transcode-highmem"
    job = drive(job)
    assert (job.state, tried(job)[1:]) == (
        JobState.SUCCEEDED,
        [("quality 180p", "failed", "metric_missing")] * 2,
    )
    assert job.plan["notes"][-1] == (
        "The quality of '180p' was not measured: Something went wrong on our side."
    )
    assert not QualityMeasurement.objects.exists()


def test_ssim_needs_no_libvmaf(acme, clip, settings, ffmpeg_other):
    settings.FFMPEG_BINARY = ffmpeg_other
    job = drive(make_job(acme, upload(acme, clip), ladder(quality=QualityWish("ssim"))))
    assert job.state == JobState.SUCCEEDED
    assert QualityMeasurement.objects.get(rendition__job=job).mean > 0.7


def test_a_file_that_was_changed_in_the_storage_is_not_measured(acme, clip):
    from tests.factories import s3_client

    job = drive(make_job(acme, upload(acme, clip), ladder()), until=StepKind.QUALITY)
    key = Output.objects.get(job=job).url.removeprefix("s3://outputs/")
    size = Output.objects.get(job=job).size_bytes
    s3_client().put_object(Bucket="outputs", Key=key, Body=b"x" * size)
    job = drive(job)
    assert tried(job)[1] == ("quality 180p", "failed", "invalid_output")
    assert job.state == JobState.SUCCEEDED, "without a gate it costs nothing but a note"


def test_a_rendition_that_fails_takes_its_measurement_with_it(acme, clip):
    job = drive(make_job(acme, upload(acme, clip), ladder(detections=("black",))), until=StepKind.RENDITION)
    rendition = Rendition.objects.get(job=job)
    rendition.spec["encode"]["video"]["width"] = 321  # 4:2:0 has no odd widths
    rendition.save()
    job = drive(job)
    assert job.state == JobState.FAILED
    assert states(job)["quality 180p"] == ("cancelled", 0)
    assert states(job)["detection"] == ("done", 1), "it has found nothing to look at"


def _when_it_measures(held, act) -> threading.Thread:
    def wait() -> None:
        deadline = time.monotonic() + 20
        while not Attempt.objects.get(id=held.attempt_id).argv and time.monotonic() < deadline:
            time.sleep(0.01)
        act()
        connection.close()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def test_a_job_cancelled_while_it_is_measured_stops_at_once_and_keeps_nothing(acme, clip, settings):
    settings.HEARTBEAT_SECONDS = 0.1
    rungs = (Rung("720p", height=720, crf=30, speed="ultrafast"),)
    wish = ladder(rungs=rungs, quality=QualityWish(minimum=10))
    job = drive(make_job(acme, upload(acme, clip), wish), until=StepKind.QUALITY)
    held = claim(next_step(job))
    thread = _when_it_measures(held, lambda: submission.cancel(job.id, actor="test"))
    assert attempts.perform(held, quality.work) == "lost"
    thread.join()
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert job.renditions.get().state == RenditionState.CANCELLED
    assert Attempt.objects.get(id=held.attempt_id).state == "cancelled"
    assert not QualityMeasurement.objects.exists()
    assert {one.state for one in Output.objects.filter(job=job)} == {OutputState.DISCARDED}


def test_of_a_worker_that_died_while_measuring_the_rendition_is_kept_and_measured_again(acme, clip):
    job = drive(make_job(acme, upload(acme, clip), ladder(minimum=30)), until=StepKind.QUALITY)
    held = claim(next_step(job))
    Step.objects.filter(id=held.step_id).update(lease_until="2020-01-01T00:00Z")
    conductor.expire_leases()
    assert job.renditions.get().state == RenditionState.RUNNING
    assert attempts.perform(held, quality.work) == "lost", "the zombie's score is nobody's"
    assert not QualityMeasurement.objects.exists()
    job = drive(job)
    assert (job.state, states(job)["rendition 180p"]) == (JobState.SUCCEEDED, ("done", 1))
    assert QualityMeasurement.objects.get().attempt.epoch == 2


def test_every_kind_of_step_has_a_task_that_the_worker_knows():
    from jobs import tasks

    known = {task.name for task in vars(tasks).values() if hasattr(task, "apply_async")}
    assert {canvas.TASK_OF[kind] for kind in (StepKind.QUALITY, StepKind.DETECTION)} <= known
