"""From the event to the receiver, and back into the rows: a real server that answers as servers do."""

import json
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from tests.webhooks.casts import make_due, tell, the_delivery, tries
from tests.webhooks.receiver import breaks_off, drips, hangs, hangs_up, says
from webhooks.models import Delivery, DeliveryAttempt, Endpoint, Event
from webhooks.states import DeliveryState

pytestmark = pytest.mark.django_db


def test_an_event_arrives_signed_and_the_library_of_the_standard_verifies_it(
    endpoint, receiver, account, pump
):
    job = tell(account)
    assert pump() == 1
    (request,) = receiver.seen
    event = Event.objects.get()
    assert Webhook(endpoint.secret).verify(request.body, request.headers) == {
        "id": str(event.id),
        "type": "job.succeeded",
        "version": 1,
        "created_at": event.created_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "sequence": event.sequence,
        "data": {"job": {"id": str(job), "state": "succeeded", "n": 0}},
    }
    assert request.id == str(event.id)
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"] == "Reelchord"
    delivery = the_delivery()
    assert (delivery.state, delivery.last_status, delivery.tries) == (DeliveryState.DELIVERED, 204, 1)
    assert delivery.finished_at is not None
    assert tries() == [(204, "")]


def test_what_somebody_else_signed_or_changed_is_not_verified(endpoint, receiver, account, pump):
    tell(account)
    pump()
    (request,) = receiver.seen
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 43 + "=").verify(request.body, request.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(endpoint.secret).verify(request.body.replace(b"succeeded", b"cancelled"), request.headers)


@pytest.mark.parametrize(
    ("behave", "status", "error"),
    [
        (says(500, b"sorry"), 500, "status"),
        (says(404), 404, "status"),
        (says(301, Location="/elsewhere"), 301, "redirect"),
        (hangs, None, "timed_out"),
        (drips, None, "timed_out"),
        (breaks_off, None, "interrupted"),
        (hangs_up, None, "failed"),
    ],
    ids=["500", "404", "redirects", "hangs", "drips", "breaks off", "hangs up"],
)
def test_a_try_that_fails_is_kept_and_followed_by_one_with_the_same_id(
    behave, status, error, endpoint, receiver, account, pump, settings
):
    receiver.script = [behave, says(204)]
    tell(account)
    settings.HTTP_TIMEOUT = 0.5
    pump()
    delivery = the_delivery()
    assert (delivery.state, delivery.tries) == (DeliveryState.PENDING, 1)
    assert 10 <= (delivery.next_try_at - delivery.created_at).total_seconds() < 13.5
    assert tries() == [(status, error)]
    make_due()
    pump()
    assert tries() == [(status, error), (204, "")]
    assert the_delivery().state == DeliveryState.DELIVERED
    first, second = receiver.seen
    assert first.path == second.path == "/hook"
    assert (first.id, first.body) == (second.id, second.body)
    Webhook(endpoint.secret).verify(second.body, second.headers)


def test_each_try_has_a_fresh_timestamp(endpoint, receiver, account, pump):
    receiver.script = [says(500)]
    tell(account)
    pump()
    first = int(receiver.seen[0].headers["webhook-timestamp"])
    while int(time.time()) == first:
        time.sleep(0.01)
    make_due()
    pump()
    assert int(receiver.seen[1].headers["webhook-timestamp"]) > first


def test_retry_after_is_honoured_and_holds_for_the_whole_endpoint(endpoint, receiver, account, pump):
    receiver.script = [says(429, Retry_After="900")]
    tell(account)
    pump()
    delivery = the_delivery()
    assert 899 < (delivery.next_try_at - delivery.created_at).total_seconds() < 905
    tell(account)
    pump()
    assert len(receiver.seen) == 1, "a request in the time that was asked for"
    make_due()
    pump()
    assert len(receiver.seen) == 3


def test_410_disables_the_endpoint_and_what_waits_becomes_dead_letters_without_a_request(
    endpoint, receiver, account, pump
):
    receiver.script = [says(410)]
    tell(account, count=1)
    pump()
    row = Endpoint.objects.get()
    assert (row.enabled, row.disabled_reason) == (False, "gone")
    assert the_delivery().state == DeliveryState.DEAD_LETTER
    tell(account)
    assert Delivery.objects.count() == 1, "a disabled endpoint hears of nothing new"
    assert len(receiver.seen) == 1


def test_out_of_retries_is_a_dead_letter_with_every_try_kept(endpoint, receiver, account, pump, settings):
    settings.WEBHOOK_MAX_RETRY = 2
    receiver.otherwise = says(
        503, b"<script>alert(1)</script>\x00\xff", Set_Cookie="session=1", Server="nginx"
    )
    tell(account)
    for _ in range(5):
        pump()
        make_due()
    delivery = the_delivery()
    assert (delivery.state, delivery.tries) == (DeliveryState.DEAD_LETTER, 3)
    assert tries() == [(503, "status")] * 3
    assert len(receiver.seen) == 3
    kept = DeliveryAttempt.objects.latest("id")
    assert kept.body_excerpt == "<script>alert(1)</script>\ufffd\ufffd"
    assert kept.headers == {"Content-Length": "27", "Server": "nginx"}
    assert kept.latency_seconds > 0


def test_a_try_that_the_database_refuses_holds_up_no_other(endpoint, account, pump, monkeypatch):
    from webhooks import deliveries

    whole = deliveries.post

    def broken(claimed, poster):
        tried = whole(claimed, poster)
        number = claimed.message.data["job"]["n"]
        return replace(tried, body_excerpt="\0") if number == 1 else tried

    monkeypatch.setattr(deliveries, "post", broken)
    tell(account, count=4)
    pump()
    states = Delivery.objects.order_by("event_id").values_list("state", flat=True)
    assert list(states) == ["delivered", "pending", "delivered", "delivered"]


def test_an_answer_of_any_length_is_read_no_further_than_its_excerpt(endpoint, receiver, account, pump):
    receiver.otherwise = says(200, b"x" * 5_000_000)
    tell(account, count=3)
    pump()
    assert {row.state for row in Delivery.objects.all()} == {DeliveryState.DELIVERED}
    assert {len(row.body_excerpt) for row in DeliveryAttempt.objects.all()} == {4096}


def test_an_address_that_is_not_public_is_never_connected_to(endpoint, receiver, account, pump, settings):
    settings.EGRESS_ALLOWED_NETWORKS = []
    tell(account)
    pump()
    assert tries() == [(None, "refused")]
    assert (
        DeliveryAttempt.objects.get().message == "The URL is not allowed: 127.0.0.0/8 is Loopback (RFC1122)."
    )
    assert receiver.seen == []


def test_every_endpoint_gets_what_it_asked_for_and_an_old_event_goes_to_no_new_one(receivers, account, pump):
    from webhooks import endpoints

    everything, failures, progress = receivers(), receivers(), receivers()
    tell(account, "job.queued")
    endpoints.make(account, everything.url(), actor="test")
    endpoints.make(account, failures.url(), types=["job.failed"], actor="test")
    endpoints.make(account, progress.url(), types=["job.progress"], actor="test")
    for type_ in ("job.started", "job.progress", "job.failed"):
        tell(account, type_)
    pump()
    heard = [
        [json.loads(one.body)["type"] for one in server.seen] for server in (everything, failures, progress)
    ]
    assert sorted(heard[0]) == ["job.failed", "job.started"]
    assert heard[1:] == [["job.failed"], ["job.progress"]]


def test_the_url_of_a_job_hears_of_that_job_alone(receivers, account, pump):
    from webhooks import endpoints

    jobs, mine = receivers(), tell(account)
    endpoints.make_for_job(account, mine, jobs.url(), ["job.succeeded"])
    tell(account, job=mine)
    tell(account)
    pump()
    assert [json.loads(one.body)["data"]["job"]["id"] for one in jobs.seen] == [str(mine)]
    secret = endpoints.rotate_for_jobs(account, overlap=timedelta(0), actor="test")
    tell(account, job=mine)
    pump()
    Webhook(secret).verify(jobs.seen[1].body, jobs.seen[1].headers)


def test_while_a_secret_is_replaced_both_sign_and_afterwards_only_the_new_one(
    endpoint, receiver, account, pump
):
    from webhooks import endpoints

    new = endpoints.rotate(endpoint.endpoint, overlap=timedelta(hours=1), actor="test")
    tell(account)
    pump()
    request = receiver.seen[-1]
    assert len(request.headers["webhook-signature"].split(" ")) == 2
    for secret in (endpoint.secret, new):
        Webhook(secret).verify(request.body, request.headers)
    newest = endpoints.rotate(endpoint.endpoint, overlap=timedelta(0), actor="test")
    tell(account)
    pump()
    request = receiver.seen[-1]
    Webhook(newest).verify(request.body, request.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(new).verify(request.body, request.headers)
