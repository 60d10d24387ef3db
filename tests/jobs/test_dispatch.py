"""Hints: what is ready and due reaches the broker, a few at a time, and again when it was lost."""

import json
from datetime import timedelta

import pytest
import redis
from celery import Celery
from django.conf import settings
from django.db.models.functions import Now

from jobs import conductor
from jobs.admission import LEAST_WINDOW
from jobs.dispatch import dispatch
from jobs.models import Job, Output, Step, Worker
from jobs.routing import CONTROL, FILES, TRANSCODE_CPU
from jobs.states import StepKind, StepState
from tests.factories import drive, make_account, make_job, next_step, run_step, upload

# Nobody listens there.
DEAD = Celery("dead", broker="redis://127.0.0.1:1", set_as_current=False)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def broker(valkey):
    """The broker, empty before and after."""
    with redis.Redis.from_url(valkey) as client:
        client.flushdb()
        yield client
        client.flushdb()


def queued(broker, queue: str) -> list[tuple[str, list[str]]]:
    """(task, arguments) of every message that waits in a queue, oldest first."""
    messages = [json.loads(raw) for raw in broker.lrange(queue, 0, -1)[::-1]]
    return [(message["headers"]["task"], eval(message["headers"]["argsrepr"])) for message in messages]  # noqa: S307


def _jobs(count: int) -> list[Job]:
    account = make_account()
    return [make_job(account, "s3://sources/none/clip.mp4") for _ in range(count)]


def test_a_ready_step_is_hinted_once_by_its_id_alone(broker):
    [job] = _jobs(1)
    assert dispatch([FILES]) == 1
    assert dispatch([FILES]) == 0
    assert queued(broker, FILES) == [("jobs.ingest_source", (str(next_step(job).id),))]


def test_no_more_hints_leave_than_the_window_holds_however_much_is_ready(broker):
    _jobs(LEAST_WINDOW + 5)
    dispatch([FILES])
    dispatch([FILES])
    assert broker.llen(FILES) == LEAST_WINDOW


def test_more_slots_widen_the_window(broker):
    Worker.objects.create(name="big", queues=[FILES], slots=5)
    _jobs(25)
    assert dispatch([FILES]) == 20


def test_a_worker_that_shows_no_sign_of_life_does_not_count(broker):
    Worker.objects.create(name="gone", queues=[FILES], slots=5, seen_at=Now() - timedelta(minutes=5))
    _jobs(25)
    assert dispatch([FILES]) == LEAST_WINDOW


def test_a_step_that_backs_off_is_not_hinted_before_its_time(broker):
    [job] = _jobs(1)
    Step.objects.filter(id=next_step(job).id).update(dispatch_after=Now() + timedelta(seconds=30))
    assert dispatch([FILES]) == 0


def test_a_hint_that_led_to_nothing_is_sent_again_later_and_later(broker):
    [job] = _jobs(1)
    dispatch([FILES])
    step = next_step(job)
    waits = []
    for _ in range(3):
        Step.objects.filter(id=step.id).update(dispatch_after=Now())
        assert dispatch([FILES]) == 1
        fresh = Step.objects.annotate(now=Now()).get(id=step.id)
        waits.append(round((fresh.dispatch_after - fresh.now).total_seconds() / settings.HINT_SECONDS))
    assert waits == [2, 4, 8]


def test_a_hint_that_the_broker_did_not_take_is_due_again_in_seconds(broker, settings):
    [job] = _jobs(1)
    settings.CELERY_APP = f"{__name__}.DEAD"
    assert dispatch([FILES]) == 0
    step = Step.objects.annotate(now=Now()).get(id=next_step(job).id)
    assert (step.state, step.hints) == (StepState.READY, 0)
    assert 0 < (step.dispatch_after - step.now).total_seconds() <= 2


def test_a_broker_that_lost_its_data_is_noticed_and_everything_is_handed_out_again(broker):
    [job] = _jobs(1)
    conductor.redispatch_after_broker_loss()
    dispatch([FILES])
    assert broker.llen(FILES) == 1
    assert conductor.redispatch_after_broker_loss() is False
    broker.flushall()
    assert conductor.redispatch_after_broker_loss() is True
    assert dispatch([FILES]) == 1
    assert queued(broker, FILES) == [("jobs.ingest_source", (str(next_step(job).id),))]


def test_the_plan_sends_its_renditions_as_a_chord_whose_body_is_the_manifest(broker, acme, short_clip):
    job = drive(make_job(acme, upload(acme, short_clip)), until=StepKind.RENDITION)
    renditions = Step.objects.filter(job=job, kind=StepKind.RENDITION)
    sent = queued(broker, TRANSCODE_CPU)
    assert sorted(sent) == sorted(("jobs.run_rendition", (str(step.id),)) for step in renditions)
    bodies = {json.loads(raw)["headers"]["group"] for raw in broker.lrange(TRANSCODE_CPU, 0, -1)}
    assert len(bodies) == 1
    # What was hinted by the chord is not hinted again by the conductor.
    assert dispatch([TRANSCODE_CPU]) == 0


def test_a_full_queue_gets_no_chord_and_the_conductor_hints_the_join_at_once(broker, acme, short_clip):
    Step.objects.bulk_create(
        Step(
            job=make_job(acme, "s3://sources/none/x.mp4"),
            kind=StepKind.RENDITION,
            key=f"k{n}",
            state=StepState.READY,
            queue=TRANSCODE_CPU,
            hints=1,
            ready_at=Now(),
            dispatch_after=Now() + timedelta(minutes=5),
        )
        for n in range(LEAST_WINDOW)
    )
    job = drive(make_job(acme, upload(acme, short_clip)), until=StepKind.RENDITION)
    assert broker.llen(TRANSCODE_CPU) == 0
    for _ in range(3):
        run_step(next_step(job, StepKind.RENDITION))
    dispatch([CONTROL])
    assert ("jobs.emit_manifest", (str(next_step(job, StepKind.MANIFEST).id),)) in queued(broker, CONTROL)


def test_after_a_chord_the_conductor_gives_the_body_a_moment_before_its_own_hint(broker, acme, short_clip):
    job = drive(make_job(acme, upload(acme, short_clip)), until=StepKind.MANIFEST)
    assert dispatch([CONTROL]) == 0
    manifest = next_step(job, StepKind.MANIFEST)
    assert manifest.hints == 1
    Step.objects.filter(id=manifest.id).update(dispatch_after=Now())
    assert dispatch([CONTROL]) == 1


def test_discarded_outputs_are_handed_to_a_files_worker(broker, acme, short_clip):
    job = drive(make_job(acme, upload(acme, short_clip)), until=StepKind.RENDITION)
    run_step(next_step(job))
    conductor.collect_discarded()
    assert broker.llen(FILES) == 0
    Output.objects.filter(job=job).update(state="discarded")
    conductor.collect_discarded()
    assert [task for task, _ in queued(broker, FILES)] == ["jobs.prune_discarded_outputs"]


def test_a_retried_step_goes_before_those_that_never_began(broker):
    jobs = _jobs(LEAST_WINDOW + 3)
    retried = next_step(jobs[-1])
    Step.objects.filter(id=retried.id).update(attempts=1, dispatch_after=Now())
    dispatch([FILES])
    assert queued(broker, FILES)[0] == ("jobs.ingest_source", (str(retried.id),))
    assert broker.llen(FILES) == LEAST_WINDOW
