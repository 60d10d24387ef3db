"""What the conductor does for messages: hints for what is due, and `job.progress` for who asks for it."""

import json
from datetime import timedelta

import pytest
import redis
from django.db.models.functions import Now

from jobs import conductor, progress
from jobs.models import Step
from jobs.planner.specs import AudioRung, Ladder, Rung
from jobs.states import StepKind
from tests.factories import claim, drive, make_account, make_job, next_step, upload
from tests.webhooks.casts import tell
from webhooks import due, endpoints
from webhooks.models import Delivery, Event

pytestmark = pytest.mark.django_db(transaction=True)

LADDER = Ladder(packaging="mp4", rungs=(Rung(name="90p", height=90),), audio=AudioRung(bitrate_kbps=64))


@pytest.fixture
def broker(valkey):
    with redis.Redis.from_url(valkey) as client:
        client.flushdb()
        yield client
        client.flushdb()


def hints(broker, queue: str) -> list[str]:
    return [json.loads(raw)["headers"]["task"] for raw in broker.lrange(queue, 0, -1)]


def test_a_due_delivery_is_hinted_to_its_queue_and_one_that_backs_off_is_not(
    broker, account, settings, monkeypatch
):
    monkeypatch.setattr(conductor, "_pace", due.Pace())
    settings.MAIL_FROM = "reelchord@example.com"
    endpoints.make(account, "https://example.com/", actor="test")
    endpoints.make(account, "mailto:ops@example.com", actor="test")
    conductor.hint_deliveries()
    assert hints(broker, "webhooks") == hints(broker, "mail") == []
    tell(account)
    Delivery.objects.filter(queue="mail").update(next_try_at=Now() + timedelta(minutes=1))
    conductor.hint_deliveries()
    assert hints(broker, "webhooks") == ["webhooks.deliver_webhooks"]
    assert hints(broker, "mail") == []


@pytest.fixture
def encoding(s3, valkey, short_clip):
    """A job whose video is being encoded."""
    account = make_account("acme")
    job = drive(make_job(account, upload(account, short_clip), LADDER), until=StepKind.RENDITION)
    held = claim(next_step(job, StepKind.RENDITION))
    Step.objects.filter(id=held.step_id).update(progress=0.5)
    return account, job


def test_progress_is_told_to_who_asks_for_it_and_not_again_before_its_time(encoding, settings):
    account, job = encoding
    assert progress.tell() == 0, "nobody asked"
    endpoints.make(account.id, "https://example.com/all", actor="test")
    assert progress.tell() == 0, "everything is everything but this"
    endpoints.make(account.id, "https://example.com/progress", types=["job.progress"], actor="test")
    assert progress.tell() == 1
    assert progress.tell() == 0
    event = Event.objects.get(type="job.progress")
    assert (event.payload["job"]["id"], event.payload["job"]["progress"]) == (str(job.id), 0.5)
    assert Delivery.objects.filter(event=event).count() == 1
    settings.WEBHOOK_PROGRESS_SECONDS = 0
    assert progress.tell() == 1


def test_a_job_that_only_waits_has_no_progress_to_tell_of(encoding):
    account, _ = encoding
    endpoints.make(account.id, "https://example.com/", types=["job.progress"], actor="test")
    Step.objects.update(state="ready")
    assert progress.tell() == 0
