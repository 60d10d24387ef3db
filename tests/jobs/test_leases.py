"""One claim for each epoch, and nothing committed outside it."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now

from audit.models import AuditEvent
from jobs import conductor, leases
from jobs.leases import LeaseLost
from jobs.models import Attempt, Job, Step
from jobs.states import AttemptState, JobState, StepKind, StepState
from tests.factories import claim, make_account, make_job, next_step

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def job() -> Job:
    return make_job(make_account(), "s3://sources/none/clip.mp4")


def _lapse(step_id) -> None:
    Step.objects.filter(id=step_id).update(lease_until=Now() - timedelta(seconds=1))


def test_a_claim_opens_an_attempt_and_moves_the_job_on(job):
    held = claim(next_step(job))
    step = Step.objects.get(id=held.step_id)
    attempt = Attempt.objects.get(id=held.attempt_id)
    job.refresh_from_db()
    assert (step.state, step.epoch, step.attempts, step.owner) == (StepState.RUNNING, 1, 1, "tester")
    assert (attempt.state, attempt.epoch, attempt.worker) == (AttemptState.RUNNING, 1, "tester")
    assert attempt.queued_at <= attempt.started_at
    assert job.state == JobState.INGESTING
    assert job.started_at is not None


def test_of_many_workers_with_the_same_hint_exactly_one_gets_the_step(job):
    step = next_step(job)
    claims, start = [], threading.Barrier(8)

    def race() -> None:
        start.wait()
        claims.append(leases.claim(step.id, "racer"))
        connection.close()

    threads = [threading.Thread(target=race) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([held for held in claims if held]) == 1
    assert Attempt.objects.filter(step=step).count() == 1


def test_a_duplicate_hint_leaves_no_trace(job):
    step = next_step(job)
    claim(step)
    version = Job.objects.get(id=job.id).version
    events = AuditEvent.objects.filter(job_id=job.id).count()
    assert leases.claim(step.id, "late") is None
    assert Job.objects.get(id=job.id).version == version
    assert AuditEvent.objects.filter(job_id=job.id).count() == events


def test_a_step_that_backs_off_is_not_started_by_a_stray_hint(job):
    step = next_step(job)
    Step.objects.filter(id=step.id).update(hints=0, dispatch_after=Now() + timedelta(minutes=1))
    assert leases.claim(step.id, "stray") is None


def test_a_blocked_step_is_not_started_by_an_early_hint(job):
    plan = Step.objects.get(job=job, kind=StepKind.PLAN)
    assert leases.claim(plan.id, "early") is None


def test_a_renewal_extends_the_lease_and_writes_the_progress(job):
    held = claim(next_step(job))
    _lapse(held.step_id)
    assert leases.renew(held, progress=0.5, speed=2.0, eta_seconds=3.0)
    step = Step.objects.annotate(now=Now()).get(id=held.step_id)
    assert step.lease_until > step.now
    assert (step.progress, step.speed, step.eta_seconds) == (0.5, 2.0, 3.0)


def test_an_expired_lease_loses_the_attempt_and_returns_the_step(job):
    held = claim(next_step(job))
    _lapse(held.step_id)
    assert conductor.expire_leases() == 1
    step = Step.objects.get(id=held.step_id)
    attempt = Attempt.objects.get(id=held.attempt_id)
    assert (step.state, step.lease_until) == (StepState.READY, None)
    assert (attempt.state, attempt.fault_code) == (AttemptState.LOST, "worker_lost")


def test_a_lease_renewed_while_the_conductor_looks_is_left_alone(job):
    held = claim(next_step(job))
    _lapse(held.step_id)
    [step] = leases.expired(10)
    leases.renew(held, progress=0.1, speed=None, eta_seconds=None)
    with pytest.raises(LeaseLost), leases.returning(leases.lapsed_claim(step), delay_seconds=0):
        pass
    assert Step.objects.get(id=held.step_id).state == StepState.RUNNING


def test_a_zombie_cannot_commit_after_another_worker_took_over(job):
    zombie = claim(next_step(job))
    _lapse(zombie.step_id)
    conductor.expire_leases()
    successor = claim(Step.objects.get(id=zombie.step_id))
    assert successor.epoch == zombie.epoch + 1
    with pytest.raises(LeaseLost), leases.fenced(zombie, StepState.DONE):
        pass
    assert not leases.renew(zombie, progress=1.0, speed=None, eta_seconds=None)
    assert Step.objects.get(id=zombie.step_id).epoch == successor.epoch
    with leases.fenced(successor, StepState.DONE):
        pass
    assert Step.objects.get(id=zombie.step_id).state == StepState.DONE


def test_what_is_written_before_the_fence_refuses_is_rolled_back(job):
    zombie = claim(next_step(job))
    Step.objects.filter(id=zombie.step_id).update(epoch=9)
    events = AuditEvent.objects.filter(job_id=job.id).count()
    with pytest.raises(LeaseLost), leases.fenced(zombie, StepState.DONE) as moves:
        moves.job(JobState.PLANNING)
    assert Job.objects.get(id=job.id).state == JobState.INGESTING
    assert AuditEvent.objects.filter(job_id=job.id).count() == events


def test_a_worker_that_keeps_dying_makes_a_dead_letter_not_a_loop(job):
    step = next_step(job)
    for _ in range(3):
        assert Job.objects.get(id=job.id).state != JobState.DEAD_LETTER
        held = claim(step)
        _lapse(held.step_id)
        conductor.expire_leases()
    job.refresh_from_db()
    assert (job.state, job.fault_code) == (JobState.DEAD_LETTER, "worker_killed_repeatedly")
    assert (
        Attempt.objects.filter(step=step, state=AttemptState.LOST).count()
        == Step.objects.get(id=step.id).attempts
    )
    assert not Step.objects.filter(job=job, state__in=[StepState.READY, StepState.BLOCKED]).exists()
