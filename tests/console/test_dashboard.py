"""The first page: queues, workers and the last faults."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from jobs import attempts, faults, routing
from jobs.models import Step, Worker
from jobs.states import AttemptState, StepState
from tests.factories import claim, make_job, next_step

pytestmark = pytest.mark.django_db


@pytest.fixture
def work(acme):
    """Four jobs: one waits, one is hinted, one is worked on, one has failed once and backs off."""
    make_job(acme, "s3://sources/a.mp4")
    hinted = make_job(acme, "s3://sources/hinted.mp4")
    Step.objects.filter(job=hinted, state=StepState.READY).update(hints=1)
    Worker.objects.create(name="tester", queues=["files"], slots=2)
    claim(next_step(make_job(acme, "s3://sources/b.mp4")))
    held = claim(next_step(make_job(acme, "s3://sources/c.mp4")))
    attempts.end_badly(held, faults.fault("storage_unavailable", "503 <b>"), state=AttemptState.FAILED)
    Step.objects.filter(id=held.step_id).update(dispatch_after=Now() + timedelta(minutes=5))
    return acme


def row_of(text: str, queue: str) -> list[str]:
    return text.partition(f" {queue} ")[2].split()[:6]


def test_each_queue_shows_what_runs_waits_and_backs_off(work, operator, text_of):
    Step.objects.filter(queue=routing.FILES, state=StepState.READY, hints=0).update(
        ready_at=Now() - timedelta(minutes=3)
    )
    slots, running, hinted, ready, backing_off, *wait = row_of(text_of(operator.get("")), "files")
    assert (slots, running, hinted, ready, backing_off) == ("2", "1", "1", "1", "1")
    assert wait == ["3"], "minutes"


def test_a_silent_worker_is_late_and_its_slots_do_not_count(work, operator, text_of):
    Worker.objects.update(seen_at=Now() - timedelta(minutes=5))
    seen = text_of(operator.get(""))
    assert "tester late" in seen
    assert row_of(seen, "files")[0] == "0"


def test_no_worker_at_all_is_said_in_words(operator):
    assert "No worker has shown itself: nothing will run." in operator.get("")


def test_the_last_faults_lead_to_their_attempts(work, operator):
    html = operator.get("")
    assert "storage_unavailable" in html
    assert "503 &lt;b&gt;" in html
    assert "/admin/jobs/attempt/" in html


def test_the_page_costs_the_same_number_of_queries_on_a_busy_day(work, operator, queries):
    few = queries(lambda: operator.get(""))
    for number in range(20):
        job = make_job(work, f"s3://sources/{number}.mp4")
        if number % 2:
            claim(next_step(job))
    Worker.objects.bulk_create(Worker(name=f"w{n}", queues=["control"], slots=1) for n in range(10))
    assert queries(lambda: operator.get("")) == few
