"""What each event says: a real job's, with what changes from run to run replaced by its name."""

import json
import re
from uuid import uuid4

import pytest

from jobs import faults, leases, submission
from jobs.models import Job, Rendition
from jobs.planner.specs import AudioRung, Ladder, Rung
from jobs.states import JobState, RenditionState, StepKind
from jobs.transitions import change
from tests.factories import claim, drive, make_account, make_job, next_step, upload
from tests.webhooks.golden import is_golden
from webhooks import endpoints, outbox, shapes
from webhooks.models import Event
from webhooks.payloads import MOST_BYTES, Message, compact, fit

pytestmark = pytest.mark.django_db(transaction=True)

LADDER = Ladder(
    packaging="hls",
    rungs=(
        Rung(name="120p", height=120, crf=30, speed="ultrafast"),
        Rung(name="90p", height=90, crf=30, speed="ultrafast", required=False),
    ),
    audio=AudioRung(bitrate_kbps=64, channels=1),
)


@pytest.fixture
def acme(s3, valkey, settings):
    settings.WEBHOOK_ALLOW_HTTP = True
    account = make_account("acme")
    endpoints.make(account.id, "https://example.com/hook", types=[], actor="test")
    return account


def plain(document, job: Job, account) -> object:
    """Without what no two runs have in common: ids, times, hashes, sizes, places."""
    text = json.dumps(document)
    for value, name in ((str(job.id), "JOB"), (account.slug, "ACCOUNT")):
        text = text.replace(value, name)
    text = re.sub(r'"\d{4}-\d\d-\d\dT[^"]+Z"', '"TIME"', text)
    text = re.sub(r'"[0-9a-f]{64}"', '"SHA256"', text)
    text = re.sub(r'"size_bytes": \d+', '"size_bytes": 1', text)
    text = re.sub(r'"duration_seconds": [\d.]+', '"duration_seconds": 1.0', text)
    text = re.sub(r'"encoder_revision": "[^"]+"', '"encoder_revision": "REVISION"', text)
    text = re.sub(r"http://127\.0\.0\.1:\d+", "http://PUBLIC", text)
    return json.loads(text)


def told(job: Job) -> dict[str, object]:
    """The last payload of each type."""
    return {row.type: row.payload for row in Event.objects.filter(job_id=job.id).order_by("sequence")}


def test_a_job_that_succeeds(acme, short_clip):
    job = drive(make_job(acme, upload(acme, short_clip), LADDER))
    assert job.state == JobState.SUCCEEDED
    events = told(job)
    assert list(events) == ["job.queued", "job.started", "rendition.succeeded", "job.succeeded"]
    for type_, payload in events.items():
        is_golden(type_, plain(payload, job, acme))
        assert len(compact(payload)) < MOST_BYTES


def test_a_job_that_succeeds_in_part(acme, short_clip):
    job = drive(make_job(acme, upload(acme, short_clip), LADDER), until=StepKind.RENDITION)
    rendition = Rendition.objects.get(job=job, key="90p")
    rendition.spec["encode"]["video"]["width"] = 161
    rendition.save()
    assert drive(job).state == JobState.PARTIAL
    events = told(job)
    is_golden("rendition.failed", plain(events["rendition.failed"], job, acme))
    is_golden("job.partial", plain(events["job.partial"], job, acme))


@pytest.mark.parametrize(
    ("state", "code", "type_"),
    [
        (JobState.FAILED, "object_not_found", "job.failed"),
        (JobState.DEAD_LETTER, "worker_lost", "job.dead_lettered"),
    ],
)
def test_a_job_that_ends_badly(acme, state, code, type_):
    job = make_job(acme, f"s3://sources/{acme.slug}/none.mp4")
    with change(job.id, actor="test") as moves:
        moves.stop_everything(fault=None, discard_committed=False)
        moves.job(state, fault=faults.fault(code))
    is_golden(type_, plain(told(job)[type_], job, acme))


def test_a_job_that_is_cancelled(acme):
    job = make_job(acme, f"s3://sources/{acme.slug}/none.mp4")
    submission.cancel(job.id, actor="test")
    is_golden("job.cancelled", plain(told(job)["job.cancelled"], job, acme))


def test_a_job_that_goes_on(acme):
    job = make_job(acme, f"s3://sources/{acme.slug}/none.mp4")
    with change(job.id, actor="test") as moves:
        moves.progress(0.123456)
    is_golden("job.progress", plain(told(job)["job.progress"], job, acme))


def test_where_nobody_listens_the_outbox_keeps_it_short_and_makes_no_deliveries(s3, valkey, short_clip):
    account = make_account("quiet")
    job = drive(make_job(account, upload(account, short_clip), LADDER))
    events = told(job)
    assert events["job.succeeded"] == {"job": {"id": str(job.id), "state": "succeeded"}}
    assert events["rendition.succeeded"]["rendition"]["state"] == RenditionState.SUCCEEDED
    with change(job.id, actor="test") as moves:
        moves.progress(0.5)
    assert "job.progress" not in told(job)


def test_an_account_without_endpoints_pays_no_statement_for_them(s3, valkey, django_assert_num_queries):
    account = make_account("quiet")
    job = make_job(account, "s3://sources/a.mp4")
    counted = []
    for listens in (False, True):
        if listens:
            endpoints.make(account.id, "https://example.com/", actor="test")
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as captured:
            held = claim(next_step(make_job(account, "s3://sources/a.mp4")))
        counted.append(len(captured))
        leases.renew(held, progress=0.5, speed=None, eta_seconds=None)
    assert counted[1] == counted[0] + 1, "the job's own row, for an endpoint to read"
    assert job.state == JobState.QUEUED


def test_the_standard_shape_is_the_payload_in_its_envelope(acme):
    job = make_job(acme, f"s3://sources/{acme.slug}/none.mp4")
    row = Event.objects.get(job_id=job.id)
    message = Message(str(row.id), row.type, row.sequence, row.created_at, row.payload)
    body = json.loads(shapes.body("standard", message))
    assert list(body) == ["id", "type", "version", "created_at", "sequence", "data"]
    assert (body["version"], body["data"]) == (1, row.payload)


def test_a_shape_of_its_own_is_registered_once_and_by_name():
    @shapes.shape("brief")  # type: ignore[untyped-decorator]
    def brief(message: Message) -> dict[str, str]:
        return {"what": message.type}

    try:
        with pytest.raises(ValueError, match="already"):
            shapes.shape("brief")(brief)
        message = Message("1", "job.failed", 1, Event(created_at=None).created_at, {})
        assert shapes.body("brief", message) == b'{"what":"job.failed"}'
        assert "brief" in shapes.names()
    finally:
        del shapes._SHAPES["brief"]


def test_a_long_list_of_outputs_is_cut_and_still_counted():
    output = {"url": "s3://outputs/" + "x" * 3000, "sha256": "0" * 64}
    data = {"job": {"id": str(uuid4()), "outputs": [output] * 50, "outputs_total": 70}}
    cut = fit(data)
    assert 0 < len(cut["job"]["outputs"]) < 50
    assert cut["job"]["outputs_total"] == 70
    assert len(compact(cut)) < MOST_BYTES
    assert fit({"job": {"outputs": [output]}}) == {"job": {"outputs": [output]}}


def test_events_of_one_transaction_keep_their_order(acme):
    job = uuid4()
    outbox.record(acme.id, job, [(f"job.{n}", {}) for n in range(20)], listening=True)
    rows = Event.objects.filter(job_id=job).order_by("sequence")
    assert [row.type for row in rows] == [f"job.{n}" for n in range(20)]
