"""A cancelled job stops working and its files go."""

import os
import signal
import threading
import time

import pytest
from django.db import connection

from jobs import attempts, execution, pruning, submission
from jobs.models import Attempt, Output, Step
from jobs.planner.specs import Ladder, Rung
from jobs.states import AttemptState, JobState, OutputState, RenditionState, StepKind, StepState
from jobs.submission import AlreadyFinal
from tests.factories import claim, drive, make_job, next_step, run_step, stored, upload

pytestmark = pytest.mark.django_db(transaction=True)

# Minutes of work, so that only a stop can end it in time.
SLOW = Ladder(packaging="hls", rungs=(Rung(name="720p", height=720, crf=10, speed="veryslow"),), audio=None)


def test_cancelling_stops_the_running_encode_within_seconds(acme, clip, settings):
    settings.HEARTBEAT_SECONDS = 0.2
    job = drive(make_job(acme, upload(acme, clip), SLOW), until=StepKind.RENDITION)
    held = claim(next_step(job))

    def cancel_once_it_encodes() -> None:
        deadline = time.monotonic() + 20
        while not Attempt.objects.get(id=held.attempt_id).argv and time.monotonic() < deadline:
            time.sleep(0.02)
        submission.cancel(job.id, actor="test")
        connection.close()

    canceller = threading.Thread(target=cancel_once_it_encodes)
    canceller.start()
    started = time.monotonic()
    assert attempts.perform(held, execution.work) == "lost"
    canceller.join()
    assert time.monotonic() - started < 15

    job.refresh_from_db()
    attempt = Attempt.objects.get(id=held.attempt_id)
    assert (job.state, job.fault_code) == (JobState.CANCELLED, "cancelled")
    assert attempt.state == AttemptState.CANCELLED
    assert attempt.stop_reason == "lease_lost"
    assert attempt.stderr is not None, "a stopped attempt keeps its evidence too"
    assert job.renditions.get().state == RenditionState.CANCELLED
    assert not Step.objects.filter(
        job=job, state__in=[StepState.READY, StepState.RUNNING, StepState.BLOCKED]
    ).exists()
    assert stored(acme) == {}


def test_files_that_were_committed_before_the_cancel_go_too(acme, clip):
    job = drive(make_job(acme, upload(acme, clip)), until=StepKind.RENDITION)
    run_step(next_step(job))
    assert len(stored(acme)) == 1
    submission.cancel(job.id, actor="test")
    assert Output.objects.get(job=job).state == OutputState.DISCARDED
    assert pruning.prune_discarded() == 1
    assert stored(acme) == {}
    assert Output.objects.get(job=job).state == OutputState.DELETED


def test_a_job_that_has_ended_cannot_be_cancelled_and_keeps_its_files(acme, clip):
    job = drive(make_job(acme, upload(acme, clip)))
    before = stored(acme)
    with pytest.raises(AlreadyFinal):
        submission.cancel(job.id, actor="test")
    assert stored(acme) == before


def test_a_worker_told_to_stop_hands_its_step_back_without_blame(acme, clip):
    job = drive(make_job(acme, upload(acme, clip), SLOW), until=StepKind.RENDITION)
    held = claim(next_step(job))

    def stop(*_: object) -> None:
        raise SystemExit(0)

    def stop_once_it_encodes() -> None:
        deadline = time.monotonic() + 20
        while not Attempt.objects.get(id=held.attempt_id).argv and time.monotonic() < deadline:
            time.sleep(0.02)
        connection.close()
        os.kill(os.getpid(), signal.SIGUSR2)

    before = signal.signal(signal.SIGUSR2, stop)
    stopper = threading.Thread(target=stop_once_it_encodes)
    stopper.start()
    try:
        with pytest.raises(SystemExit):
            attempts.perform(held, execution.work)
    finally:
        stopper.join()
        signal.signal(signal.SIGUSR2, before)
    step = Step.objects.get(id=held.step_id)
    attempt = Attempt.objects.get(id=held.attempt_id)
    assert (step.state, step.attempts) == (StepState.READY, 0)
    assert (attempt.state, attempt.fault_code) == (AttemptState.CANCELLED, "worker_stopping")
    assert job.renditions.get().state == RenditionState.QUEUED
