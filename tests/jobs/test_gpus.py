"""Rungs of a GPU, where there is none: what fails, fails for real; what works, works by a stand-in for the driver."""

import fcntl
import subprocess
import sys
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from adapters.ffmpeg.encoders import GPU_ENCODERS
from adapters.ffmpeg.sandbox import box
from audit.models import AuditEvent
from jobs import conductor, fallbacks, gpu_proofs, gpus, requeue, submission
from jobs.models import Attempt, Job, Output, Step, Worker
from jobs.planner.specs import Ladder, Rung
from jobs.requeue import NotRequeueable, Wish
from jobs.routing import TRANSCODE_CPU, TRANSCODE_GPU
from jobs.states import JobState, RenditionState, StepKind, StepState
from tests.factories import COLOURS_NOTE, drive, make_job, next_step, run_step, upload
from tests.jobs.gpu_stand_in import Driver

pytestmark = pytest.mark.django_db(transaction=True)

ON_GPU = Rung("240p", height=240, encoder="h264_nvenc", crf=30)
EITHER = Rung(
    "240p", height=240, encoder="h264_nvenc", crf=30, fallback="libx264", fallback_crf=31, fallback_speed="ultrafast"
)  # fmt: skip


@pytest.fixture
def driver(ffmpeg, tmp_path, settings, monkeypatch) -> Driver:
    """A worker whose FFmpeg has a GPU, in the real box, which lets the stand-in start the real program."""
    made = Driver(tmp_path, ffmpeg)
    monkeypatch.setattr(box, "_LIBRARIES", (*box._LIBRARIES, str(tmp_path), str(ffmpeg.parent)))
    settings.FFMPEG_BINARY = made.ffmpeg
    return made


@pytest.fixture
def planned(acme, clip):
    """A job of one rung, ready for it."""

    def make(rung: Rung = EITHER) -> Job:
        return drive(
            make_job(acme, upload(acme, clip), Ladder("hls", (rung,), None)), until=StepKind.RENDITION
        )

    return make


@contextmanager
def somebody_in_the_session():
    """Another process holds the only session; killed at the end, as a worker may be."""
    script = (
        "import sys, time, pathlib\n"
        "from adapters.ffmpeg.gpu_sessions import session\n"
        "with session(pathlib.Path(sys.argv[1]), 1, wait_seconds=10):\n"
        "    print('held', flush=True)\n"
        "    time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(gpu_proofs.folder())], stdout=subprocess.PIPE, text=True
    ) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == "held\n"
            yield
        finally:
            other.kill()


def tried(job: Job) -> list[tuple[str, str, str]]:
    rows = Attempt.objects.filter(job=job, rendition__isnull=False).order_by("epoch")
    return list(rows.values_list("queue", "state", "fault_code"))


def worker(*proven: str, name: str = "other", queues: tuple[str, ...] = (TRANSCODE_GPU,)) -> Worker:
    return Worker.objects.create(name=name, queues=list(queues), slots=1, proven_encoders=list(proven))


def test_a_proven_encoder_makes_its_rung_on_the_gpu(driver, planned):
    found = gpu_proofs.proven(anew=True)
    assert found.encoders == ["h264_nvenc"]
    assert set(found.problems) == set(GPU_ENCODERS) - {"h264_nvenc"}
    job = drive(planned())
    assert job.state == JobState.SUCCEEDED
    assert tried(job) == [(TRANSCODE_GPU, "succeeded", "")]
    attempt = Attempt.objects.get(job=job, rendition__isnull=False)
    assert attempt.argv[attempt.argv.index("-c:v") + 1] == "h264_nvenc"
    assert attempt.evidence == {}
    assert job.plan["notes"] == [
        COLOURS_NOTE,
        "'240p' is made by h264_nvenc on a GPU, or by libx264 where none can.",
    ]
    assert Output.objects.get(job=job, kind="rendition").codecs.startswith("avc1")


def test_a_gpu_decodes_only_where_the_operator_wants_it_and_it_was_proven(driver, planned, settings):
    settings.GPU_DECODE = True
    found = gpu_proofs.proven()
    assert found.decodes("h264", like="hevc_nvenc"), "by the same GPU"
    assert not found.decodes("hevc", like="hevc_nvenc")
    assert not found.decodes("h264", like="h264_qsv")
    job = drive(planned())
    assert job.state == JobState.SUCCEEDED
    argv = Attempt.objects.get(job=job, rendition__isnull=False).argv
    assert argv[argv.index("-hwaccel") : argv.index("-i")] == ["-hwaccel", "cuda"]
    settings.GPU_DECODE = False
    assert not gpu_proofs.proven().decodes("h264", like="h264_nvenc")


def test_a_driver_that_dies_in_between_sends_the_rung_to_its_fallback_and_is_proven_again(driver, planned):
    gpu_proofs.proven(anew=True)
    job = planned()
    driver.die()
    assert run_step(next_step(job)) == "retried"
    step = next_step(job)
    assert (step.queue, step.attempts) == (TRANSCODE_CPU, 1)
    assert gpu_proofs.proven().encoders == [], "the proof from before is not believed any more"
    drive(job)
    job.refresh_from_db()
    assert job.state == JobState.SUCCEEDED
    assert tried(job) == [(TRANSCODE_GPU, "failed", "gpu_missing"), (TRANSCODE_CPU, "succeeded", "")]
    last = Attempt.objects.get(job=job, queue=TRANSCODE_CPU, rendition__isnull=False)
    assert last.evidence == {
        "fallback": "libx264 in transcode-cpu, instead of h264_nvenc: "
        "attempt 1 on a GPU ended with gpu_missing: Cannot load libcuda.so.1"
    }
    assert last.argv[last.argv.index("-crf") + 1] == "31"
    driver.come_back()
    gpu_proofs.doubt()
    assert gpu_proofs.proven().encoders == ["h264_nvenc"]


def test_an_encoder_that_is_not_proven_starts_no_process_and_its_fallback_runs(planned):
    job = drive(planned())
    assert job.state == JobState.SUCCEEDED
    assert tried(job) == [(TRANSCODE_GPU, "failed", "encoder_not_proven"), (TRANSCODE_CPU, "succeeded", "")]
    first = Attempt.objects.get(job=job, queue=TRANSCODE_GPU)
    assert first.argv == []
    assert first.fault_detail == "h264_nvenc: Cannot load libcuda.so.1"


def test_a_gpu_rung_without_a_fallback_never_leaves_the_gpu(planned):
    worker(name="cpu", queues=(TRANSCODE_CPU,))
    job = drive(planned(ON_GPU))
    assert tried(job) == [(TRANSCODE_GPU, "failed", "encoder_not_proven")] * 2
    rendition = job.renditions.get()
    assert (rendition.state, rendition.fault_code) == (RenditionState.DEAD_LETTER, "encoder_not_proven")
    with pytest.raises(NotRequeueable, match="'240p' needs a GPU, and its rung has no fallback"):
        requeue.requeue(job.id, Wish(pool="cpu"), actor="test")


def test_an_operator_may_send_a_rung_with_a_fallback_to_the_cpus_with_another_quality(planned):
    job = planned()
    # With an encoder asked for, no rung goes elsewhere by itself.
    Step.objects.filter(job=job, kind=StepKind.RENDITION).update(encoder_revision="ffmpeg-0-none")
    drive(job)
    job.refresh_from_db()
    assert tried(job) == [(TRANSCODE_GPU, "failed", "encoder_not_proven")] * 2
    requeue.requeue(job.id, Wish(pool="cpu", parameters={"fallback_crf": 40}), actor="test")
    drive(job)
    job.refresh_from_db()
    assert job.state == JobState.SUCCEEDED
    last = Attempt.objects.filter(job=job, rendition__isnull=False).latest("epoch")
    assert last.argv[last.argv.index("-crf") + 1] == "40"


def test_a_rung_waits_for_a_session_and_is_handed_back_without_blame(driver, planned, settings):
    gpu_proofs.proven(anew=True)
    settings.GPU_SESSIONS, settings.GPU_WAIT_SECONDS = 1, 0.2
    job = planned()
    with somebody_in_the_session():
        assert run_step(next_step(job)) == "handed back"
        step = next_step(job)
        assert (step.queue, step.attempts, step.state) == (TRANSCODE_GPU, 0, StepState.READY)
    # Whoever held it was killed: its session is free.
    drive(job)
    job.refresh_from_db()
    assert job.state == JobState.SUCCEEDED
    assert tried(job) == [(TRANSCODE_GPU, "cancelled", "gpu_session_limit"), (TRANSCODE_GPU, "succeeded", "")]


def test_a_gpu_that_others_have_filled_is_not_doubted_and_the_rung_tries_again(driver, planned, monkeypatch):
    gpu_proofs.proven(anew=True)
    driver.fill()
    patient, other = planned(ON_GPU), planned(EITHER)
    assert run_step(next_step(patient)) == "handed back"
    assert gpu_proofs.proven().encoders == ["h264_nvenc"]
    driver.empty()
    assert drive(patient).state == JobState.SUCCEEDED
    assert tried(patient) == [
        (TRANSCODE_GPU, "cancelled", "gpu_session_limit"),
        (TRANSCODE_GPU, "succeeded", ""),
    ]
    driver.fill()
    assert drive(other).state == JobState.SUCCEEDED
    assert tried(other) == [(TRANSCODE_GPU, "failed", "gpu_session_limit"), (TRANSCODE_CPU, "succeeded", "")]
    monkeypatch.setattr(gpus, "_TIMES_HANDED_BACK", 2)
    given_up = drive(planned(ON_GPU))
    assert tried(given_up) == [
        *[(TRANSCODE_GPU, "cancelled", "gpu_session_limit")] * 2,
        *[(TRANSCODE_GPU, "failed", "gpu_session_limit")] * 2,
    ]


def test_a_rung_that_waits_for_a_session_can_be_cancelled(driver, planned, settings, monkeypatch):
    gpu_proofs.proven(anew=True)
    settings.GPU_SESSIONS, settings.GPU_WAIT_SECONDS, settings.HEARTBEAT_SECONDS = 1, 60, 0.1
    job = planned()
    waits, real = [], fcntl.flock

    def flock(descriptor, operation):
        if operation & fcntl.LOCK_NB and not waits:
            waits.append(True)
            submission.cancel(job.id, actor="test")
        real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    with somebody_in_the_session():
        assert run_step(next_step(job)) == "lost"
    assert tried(job) == [(TRANSCODE_GPU, "cancelled", "cancelled")]


def test_without_a_live_gpu_worker_the_fallback_runs_after_a_bounded_time(planned, settings):
    settings.GPU_WAIT_SECONDS = 60
    old, young, alone = planned(), planned(), planned(ON_GPU)
    waited = Step.objects.filter(job__in=[old, alone], kind=StepKind.RENDITION)
    waited.update(ready_at=Now() - timedelta(seconds=61))
    live = worker()
    assert fallbacks.leave_the_gpu() == 0, "a live worker serves the queue"
    Worker.objects.filter(name=live.name).update(seen_at=Now() - timedelta(seconds=60))
    conductor.reconcile()
    queues = Step.objects.filter(kind=StepKind.RENDITION).values_list("job_id", "queue")
    assert dict(queues) == {old.id: TRANSCODE_CPU, young.id: TRANSCODE_GPU, alone.id: TRANSCODE_GPU}
    assert fallbacks.leave_the_gpu() == 0
    event = AuditEvent.objects.get(job_id=old.id, from_state="ready", to_state="ready")
    assert (event.actor, event.detail) == (
        "conductor",
        {
            "queue": TRANSCODE_CPU,
            "why": "no live worker has served transcode-gpu",
            "fault": "gpu_missing",
            "bucket": "operational",
        },
    )
    drive(old)
    old.refresh_from_db()
    assert old.state == JobState.SUCCEEDED
    last = Attempt.objects.get(job=old, rendition__isnull=False)
    assert last.evidence["fallback"].startswith("libx264 in transcode-cpu, instead of h264_nvenc: no attempt")


def test_a_hint_goes_on_to_the_worker_that_has_proven_the_encoder(planned):
    job = planned()
    step = Step.objects.get(job=job, kind=StepKind.RENDITION)
    Step.objects.filter(id=step.id).update(hints=1, dispatch_after=Now() + timedelta(seconds=600))
    worker("hevc_nvenc")
    assert not gpus.is_for_another(step.id, "me"), "nobody has proven it: whoever comes takes it, and says so"
    worker("h264_nvenc", name="able")
    assert not gpus.is_for_another(step.id, "able"), "it is that worker itself"
    assert gpus.is_for_another(step.id, "me")
    step.refresh_from_db()
    assert (step.hints, step.state, step.epoch) == (0, StepState.READY, 0)
    due = Step.objects.filter(id=step.id, dispatch_after__lt=Now() + timedelta(seconds=3))
    assert due.exists()


def test_a_rung_without_a_fallback_gives_an_able_worker_the_time_to_come_back(planned, settings):
    job = planned(ON_GPU)
    step = next_step(job)
    assert gpus.is_for_another(step.id, "me"), "nobody is able now, but it has not waited long"
    Step.objects.filter(id=step.id).update(ready_at=Now() - timedelta(seconds=settings.GPU_WAIT_SECONDS + 1))
    assert not gpus.is_for_another(step.id, "me")


def test_what_needs_no_gpu_is_taken_by_every_worker_of_the_queue(planned, driver):
    job = planned(Rung("240p", height=240, speed="ultrafast", pool="gpu"))
    worker("h264_nvenc")
    assert not gpus.is_for_another(next_step(job).id, "me")
    drive(job)
    job.refresh_from_db()
    assert tried(job) == [(TRANSCODE_GPU, "succeeded", "")]
