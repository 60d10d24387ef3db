"""The frame around every attempt: what it does when the world around it fails."""

import time

import pytest
from django.db import OperationalError

from adapters.storage.base import Throttled
from jobs import attempts, execution, leases
from jobs.attempts import Faulted
from jobs.faults import fault
from jobs.models import Attempt, Step
from jobs.planner.specs import Ladder, Rung
from jobs.states import AttemptState, StepKind, StepState
from tests.factories import claim, drive, make_job, next_step, upload

pytestmark = pytest.mark.django_db(transaction=True)

SLOW = Ladder(packaging="hls", rungs=(Rung(name="720p", height=720, crf=10, speed="veryslow"),), audio=None)


@pytest.fixture
def held(acme):
    return claim(next_step(make_job(acme, f"s3://sources/{acme.slug}/clip.mp4")))


def _raising(error: Exception):
    def work(running) -> None:
        raise error

    return work


def test_a_worker_that_cannot_reach_the_database_for_a_lease_stops_its_own_encode(
    acme, clip, settings, monkeypatch
):
    settings.LEASE_SECONDS, settings.HEARTBEAT_SECONDS = 2, 0.2
    job = drive(make_job(acme, upload(acme, clip), SLOW), until=StepKind.RENDITION)
    held = claim(next_step(job))

    def unreachable(*_: object, **__: object) -> bool:
        raise OperationalError("no route to host")

    monkeypatch.setattr(leases, "renew", unreachable)
    started = time.monotonic()
    assert attempts.perform(held, execution.work) == "lost"
    assert time.monotonic() - started < 12
    assert Attempt.objects.get(id=held.attempt_id).stop_reason == "lease_lost"
    # Nothing was said in its name: the conductor will find the lease expired.
    assert Step.objects.get(id=held.step_id).state == StepState.RUNNING


def test_a_storage_that_asks_to_slow_down_is_asked_again_after_its_own_time(held):
    attempts.perform(held, _raising(Throttled("Slow down.", retry_after_seconds=120)))
    from django.db.models.functions import Now

    step = Step.objects.annotate(now=Now()).get(id=held.step_id)
    assert (step.state, step.hints) == (StepState.READY, 0)
    assert 119 < (step.dispatch_after - step.now).total_seconds() < 140
    attempt = Attempt.objects.get(id=held.attempt_id)
    assert (attempt.fault_code, attempt.fault_bucket) == ("storage_throttled", "rate_limited")
    assert attempt.fault_message == "The storage asks to slow down. Slow down."


def test_a_mistake_of_ours_is_logged_whole_and_told_in_one_sentence(held, caplog):
    attempts.perform(held, _raising(ZeroDivisionError("the secret detail")))
    attempt = Attempt.objects.get(id=held.attempt_id)
    assert (attempt.state, attempt.fault_code) == (AttemptState.FAILED, "internal_error")
    assert "secret" not in attempt.fault_message + attempt.fault_detail
    assert "the secret detail" in caplog.text


def test_a_database_error_leaves_the_lease_to_expire(held):
    attempts.perform(held, _raising(OperationalError("gone")))
    assert Attempt.objects.get(id=held.attempt_id).state == AttemptState.RUNNING


def test_every_retry_keeps_the_attempt_before_it(held):
    attempts.perform(held, _raising(Faulted(fault("network_error", "reset by peer"))))
    again = claim(Step.objects.get(id=held.step_id))
    attempts.perform(again, _raising(Faulted(fault("network_error", "reset again"))))
    rows = Attempt.objects.filter(step=held.step_id).order_by("epoch")
    assert [(row.epoch, row.state, row.fault_detail) for row in rows] == [
        (1, "failed", "reset by peer"),
        (2, "failed", "reset again"),
    ]


def test_an_attempt_starts_in_an_empty_workspace_and_leaves_none(held, settings):
    seen = []

    def work(running) -> None:
        seen.append((list(running.workspace.iterdir()), running.workspace))
        (running.workspace / "ffmpeg2pass-0.log").write_text("debris")
        raise Faulted(fault("network_error"))

    attempts.perform(held, work)
    again = claim(Step.objects.get(id=held.step_id))
    attempts.perform(again, work)
    assert [files for files, _ in seen] == [[], []]
    assert seen[0][1] != seen[1][1]
    assert not any(workspace.exists() for _, workspace in seen)


def test_a_disk_without_room_is_a_matter_of_resources(held, settings, tmp_path):
    import errno

    attempts.perform(held, _raising(OSError(errno.ENOSPC, "No space left on device", "/work/x")))
    attempt = Attempt.objects.get(id=held.attempt_id)
    assert (attempt.fault_code, attempt.fault_bucket) == ("disk_full", "resources")


def test_a_workspace_that_cannot_be_made_ends_the_attempt_at_once(held, settings, tmp_path):
    (tmp_path / "attempts").write_text("a file where a folder should be")
    settings.WORK_DIR = tmp_path
    assert attempts.perform(held, _raising(AssertionError("not reached"))) == "retried"
    assert Attempt.objects.get(id=held.attempt_id).fault_code == "workspace_unusable"
