"""The API's doors to endpoints and deliveries."""

from datetime import timedelta

import pytest
from django.utils import timezone
from standardwebhooks import Webhook

from tests.api.conftest import Client, _client
from tests.factories import make_key
from tests.webhooks.casts import make_due, tell, the_delivery
from tests.webhooks.receiver import says
from webhooks.models import Delivery, Endpoint

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme(db) -> Client:
    return _client("acme")


@pytest.fixture
def rival(db) -> Client:
    return _client("rival")


def call(client: Client, method: str, path: str, body=None, status: int = 200):
    response = client._request(method, path, body)
    assert response.status_code == status, response.content
    return response.json() if response.content else None


@pytest.fixture
def made(acme, receiver):
    return call(acme, "post", "endpoints", {"url": receiver.url(), "types": ["job.failed"]}, 201)


def test_a_secret_is_shown_when_it_is_made_and_never_again(acme, made):
    secret = made["secret"]
    assert secret.startswith("whsec_")
    Webhook(secret)
    for path in ("endpoints", f"endpoints/{made['id']}"):
        assert secret not in acme.get(path).content.decode()
    assert call(acme, "get", f"endpoints/{made['id']}") == {
        name: value for name, value in made.items() if name != "secret"
    }


def test_an_endpoint_is_changed_rotated_disabled_enabled_and_deleted(acme, made):
    path = f"endpoints/{made['id']}"
    changed = call(acme, "patch", path, {"types": [], "description": "ours"})
    assert (changed["types"], changed["description"]) == ([], "ours")
    rotated = call(acme, "post", f"{path}/rotate", {"overlap_hours": 1})
    assert rotated["secret"].startswith("whsec_")
    assert rotated["secret"] != made["secret"]
    assert call(acme, "patch", path, {"enabled": False})["disabled_reason"] == "asked"
    assert call(acme, "post", f"{path}/ping", status=409)["code"] == "endpoint_disabled"
    assert call(acme, "patch", path, {"enabled": True})["enabled"] is True
    call(acme, "delete", path, status=204)
    call(acme, "get", path, status=404)
    assert call(acme, "get", "endpoints")["results"] == []


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({}, "/url", "required"),
        ({"url": "http://169.254.169.254/latest"}, "/url", "url_refused"),
        ({"url": "https://10.0.0.1/"}, "/url", "url_refused"),
        ({"url": "https://user:secret@example.com/"}, "/url", "url_refused"),
        ({"url": "https://example.com:22/"}, "/url", "url_refused"),
        ({"url": "https://example.com/#part"}, "/url", "url_refused"),
        ({"url": "ftp://example.com/"}, "/url", "url_refused"),
        ({"url": "mailto:ops@example.com"}, "/url", "url_refused"),
        ({"url": 7}, "/url", "type"),
        ({"url": "https://example.com/", "types": ["job.exploded"]}, "/types/0", "unknown"),
        ({"url": "https://example.com/", "types": ["endpoint.ping"]}, "/types/0", "unknown"),
        ({"url": "https://example.com/", "shape": "round"}, "/shape", "unknown"),
        ({"url": "https://example.com/", "secret": "mine"}, "/secret", "unknown"),
    ],
)
def test_what_cannot_be_an_endpoint_is_refused_with_its_place(acme, body, pointer, code):
    response = call(acme, "post", "endpoints", body, 400)
    assert [(error["pointer"], error["code"]) for error in response["errors"]] == [(pointer, code)]
    assert not Endpoint.objects.exists()


def test_plain_http_is_refused_unless_the_operator_allows_it(acme, settings):
    settings.WEBHOOK_ALLOW_HTTP = False
    call(acme, "post", "endpoints", {"url": "http://example.com/"}, 400)
    settings.WEBHOOK_ALLOW_HTTP = True
    call(acme, "post", "endpoints", {"url": "http://example.com/"}, 201)


def test_a_test_message_arrives_and_its_delivery_tells_of_it(acme, made, receiver, pump):
    receiver.otherwise = says(200, b"<b>thanks</b>")
    delivery = call(acme, "post", f"endpoints/{made['id']}/ping", status=202)["delivery"]
    pump()
    shown = call(acme, "get", f"deliveries/{delivery}")
    assert (shown["type"], shown["state"], shown["last_status"], shown["job"]) == (
        "endpoint.ping",
        "delivered",
        200,
        None,
    )
    assert shown["event"] == receiver.seen[0].id
    assert shown["data"]["endpoint"]["id"] == made["id"]
    assert [(one["status"], one["body_excerpt"]) for one in shown["attempts"]] == [(200, "<b>thanks</b>")]


def test_deliveries_are_listed_and_filtered(acme, made, receiver, pump):
    job = tell(acme.account.id, "job.failed")
    receiver.otherwise = says(500)
    pump()
    tell(acme.account.id, "job.failed")

    def found(query: str) -> int:
        return len(call(acme, "get", f"deliveries?{query}")["results"])

    assert (
        found("")
        == found("state=pending")
        == found(f"endpoint={made['id']}")
        == found("type=job.failed")
        == 2
    )
    assert found(f"job={job}") == 1
    assert (
        found("state=dead_letter")
        == found("type=job.queued")
        == found("created_before=2020-01-01T00:00:00Z")
        == 0
    )


def test_dead_letters_are_redelivered_one_by_one_and_all_since_a_time(acme, made, receiver, pump, settings):
    settings.WEBHOOK_MAX_RETRY = 0
    receiver.otherwise = says(500)
    tell(acme.account.id, "job.failed", count=3)
    pump()
    assert set(Delivery.objects.values_list("state", flat=True)) == {"dead_letter"}
    receiver.otherwise = says(204)
    one = Delivery.objects.earliest("id")
    assert call(acme, "post", f"deliveries/{one.id}/redeliver", status=202)["state"] == "pending"
    assert call(acme, "post", f"deliveries/{one.id}/redeliver", status=409)["code"] == "delivery_is_pending"
    path = f"endpoints/{made['id']}/redeliver"
    later = (timezone.now() + timedelta(hours=1)).isoformat()
    assert call(acme, "post", path, {"since": later}, 202) == {"redelivered": 0, "more": False}
    earlier = (timezone.now() - timedelta(hours=1)).isoformat()
    assert call(acme, "post", path, {"since": earlier}, 202) == {"redelivered": 2, "more": False}
    make_due()
    pump()
    assert set(Delivery.objects.values_list("state", flat=True)) == {"delivered"}


def test_another_accounts_endpoints_and_deliveries_do_not_exist(acme, rival, made, pump):
    tell(acme.account.id, "job.failed")
    delivery = the_delivery().id
    assert call(rival, "get", "endpoints")["results"] == call(rival, "get", "deliveries")["results"] == []
    endpoint = f"endpoints/{made['id']}"
    for method, path in [
        ("get", endpoint),
        ("patch", endpoint),
        ("delete", endpoint),
        ("post", f"{endpoint}/rotate"),
        ("post", f"{endpoint}/ping"),
        ("post", f"{endpoint}/redeliver"),
        ("get", f"deliveries/{delivery}"),
        ("post", f"deliveries/{delivery}/redeliver"),
    ]:
        call(rival, method, path, {}, 404)
    assert Endpoint.objects.get().enabled


def test_keys_need_the_scopes_of_webhooks(acme, made):
    acme.secret = make_key(acme.account, "jobs:read", "jobs:write")
    call(acme, "get", "endpoints", status=403)
    acme.secret = make_key(acme.account, "webhooks:read")
    call(acme, "get", "endpoints")
    call(acme, "get", "deliveries")
    call(acme, "delete", f"endpoints/{made['id']}", status=403)
    call(acme, "post", "endpoints", {"url": "https://example.com/"}, 403)


def test_an_account_has_at_most_fifty_endpoints(acme, monkeypatch):
    from webhooks import endpoints

    monkeypatch.setattr(endpoints, "MOST", 2)
    for _ in range(2):
        call(acme, "post", "endpoints", {"url": "https://example.com/"}, 201)
    assert (
        call(acme, "post", "endpoints", {"url": "https://example.com/"}, 409)["code"] == "too_many_endpoints"
    )


def test_a_job_with_a_url_of_its_own_tells_it_from_the_first_event_on(acme, receiver, pump):
    body = acme.request(webhook_url=receiver.url("/mine"), webhook_events=["job.queued", "job.cancelled"])
    job = call(acme, "post", "jobs", body, 202)["id"]
    call(acme, "post", f"jobs/{job}/cancel")
    pump()
    secret = call(acme, "post", "endpoints/jobs/rotate", {"overlap_hours": 24})["secret"]
    assert [one.path for one in receiver.seen] == ["/mine", "/mine"]
    call(acme, "post", f"deliveries/{Delivery.objects.latest('id').id}/redeliver", status=202)
    pump()
    last = receiver.seen[-1]
    data = Webhook(secret).verify(last.body, last.headers)["data"]
    assert (data["job"]["id"], data["job"]["state"]) == (job, "cancelled")
    assert call(acme, "get", "endpoints")["results"] == []


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"webhook_url": "http://127.0.0.1/"}, "/webhook_url"),
        ({"webhook_url": "https://example.com/", "webhook_events": ["nothing"]}, "/webhook_events/0"),
    ],
)
def test_a_url_that_cannot_be_told_is_refused_with_the_job(acme, changes, pointer):
    response = call(acme, "post", "jobs", acme.request(**changes), 400)
    assert [error["pointer"] for error in response["errors"]] == [pointer]
