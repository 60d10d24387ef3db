"""What Prometheus is told."""

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from jobs.metrics import Tables
from jobs.models import Worker
from jobs.states import JobState, StepKind
from tests.factories import claim, drive, make_account, make_job, next_step

pytestmark = pytest.mark.django_db(transaction=True)


def scrape() -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(Tables())
    lines = generate_latest(registry).decode().splitlines()
    return {
        name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")
    }


def test_queues_workers_and_dead_letters_are_gauges_read_from_the_tables(acme):
    Worker.objects.create(name="w@host", queues=["files"], slots=3)
    running = make_job(acme, "s3://sources/none/a.mp4")
    claim(next_step(running))
    make_job(acme, "s3://sources/none/b.mp4")
    dead = make_job(make_account(), "s3://sources/none/c.mp4")
    type(dead).objects.filter(id=dead.id).update(state=JobState.DEAD_LETTER)
    seen = scrape()
    assert seen['reelchord_steps{queue="files",state="running"}'] == 1
    assert seen['reelchord_worker_slots{worker="w@host"}'] == 3
    assert seen["reelchord_dead_letters"] == 1
    assert seen['reelchord_oldest_ready_seconds{queue="files"}'] > 0
    assert seen['reelchord_oldest_ready_seconds{queue="control"}'] == 0


def test_nothing_waits_when_all_is_done(acme):
    job = drive(make_job(acme, f"s3://sources/{acme.slug}/none.mp4"), until=StepKind.RENDITION)
    assert job.state == JobState.FAILED
    assert scrape()['reelchord_oldest_ready_seconds{queue="files"}'] == 0
