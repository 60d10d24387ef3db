"""What the door lets in: signed by the provider, now, once; everything else is refused, and never by a 500."""

import hashlib
import hmac
import io
import json
import os
import subprocess
import sys
import time

import pytest
from django.db import OperationalError
from django.test import Client

from audit.models import AuditEvent
from tests.webhooks.inbound.senders import (
    GITHUB_SECRET,
    STRIPE_SECRET,
    from_github,
    from_stripe,
    github_signature,
    knock,
    stripe_event,
    stripe_signature,
)
from webhooks.inbound import transitions
from webhooks.inbound.models import InboundEvent

pytestmark = pytest.mark.django_db

BODY = json.dumps(stripe_event("invoice.paid", {"id": "in_1"}, id_="evt_1", created=1_700_000_000)).encode()


def stripe(body: bytes, header: str | None, **more):
    return knock("/hooks/stripe", body, {} if header is None else {"Stripe-Signature": header}, **more)


def github(body: bytes, signature: str | None, **headers: str):
    known = {"X-GitHub-Event": "ping", "X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958"}
    signed = {} if signature is None else {"X-Hub-Signature-256": signature}
    return knock("/hooks/github", body, known | signed | headers)


def nothing_stored() -> bool:
    return not InboundEvent.objects.exists()


# --- let in -----------------------------------------------------------------------------------------------
def test_an_event_signed_by_stripes_own_library_is_stored_whole_and_once():
    answers = [stripe(BODY, stripe_signature(BODY)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert [answer.content for answer in answers] == [b"Stored.\n", b"Known already.\n", b"Known already.\n"]
    event = InboundEvent.objects.get()
    assert bytes(event.body) == BODY
    assert (event.provider, event.event_id, event.type) == ("stripe", "evt_1", "invoice.paid")
    assert (event.state, event.size_bytes, event.tries) == ("received", len(BODY), 0)
    assert event.occurred_at is not None
    assert event.occurred_at.timestamp() == 1_700_000_000
    [change] = AuditEvent.objects.filter(subject="inbound", subject_id=event.id)
    assert (change.from_state, change.to_state, change.actor) == ("", "received", "provider:stripe")


def test_githubs_documented_vector_is_accepted_and_named(settings):
    """https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation"""
    settings.INBOUND_SECRETS = {"github": ["It's a Secret to Everybody"]}
    vector = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    # Its body is no JSON: the signature is what it is about. Forged by one digit it is not even read.
    assert github(b"Hello, World!", vector).status_code == 400
    assert github(b"Hello, World!", vector[:-1] + "8").status_code == 401
    assert nothing_stored()


def test_a_github_event_is_stored_with_its_action_and_the_headers_that_name_it():
    assert from_github("release", {"action": "published"}, delivery="d-1").status_code == 200
    event = InboundEvent.objects.get()
    assert (event.provider, event.event_id, event.type) == ("github", "d-1", "release.published")
    assert event.headers == {
        "User-Agent": "GitHub-Hookshot/044aadd",
        "Content-Type": "application/json",
        "X-GitHub-Event": "release",
        "X-GitHub-Delivery": "d-1",
    }


def test_while_a_secret_is_replaced_the_old_and_the_new_one_are_good(settings):
    settings.INBOUND_SECRETS = {"stripe": ["whsec_old", "whsec_new"], "github": ["old", "new"]}
    for secret in ("whsec_old", "whsec_new"):
        event = stripe_event("invoice.paid", {})
        assert from_stripe(event, secret=secret).status_code == 200
    assert [from_github("ping", {}, secret=secret).status_code for secret in ("old", "new")] == [200, 200]
    assert from_github("ping", {}, secret="older").status_code == 401


def test_one_of_several_signatures_is_enough_as_when_stripe_rolls_a_secret():
    sent_at = int(time.time())
    right = stripe_signature(BODY, at=sent_at)
    wrong = stripe_signature(BODY, secret="whsec_other", at=sent_at).partition(",")[2]
    old_scheme = "v0=" + "0" * 64
    assert stripe(BODY, f"t={sent_at},{wrong},{right.partition(',')[2]},{old_scheme}").status_code == 200


def test_an_id_is_a_providers_own_so_two_providers_may_use_the_same_one():
    assert from_stripe(stripe_event("x", {}, id_="same")).content == b"Stored.\n"
    assert from_github("ping", {}, delivery="same").content == b"Stored.\n"


# --- refused ----------------------------------------------------------------------------------------------
def _tampered() -> str:
    return stripe_signature(BODY.replace(b"invoice.paid", b"invoice.void"))


STRIPE_FORGERIES = {
    "none": lambda: None,
    "empty": lambda: "",
    "another secret": lambda: stripe_signature(BODY, secret="whsec_guessed"),
    "another body": _tampered,
    "stale": lambda: stripe_signature(BODY, at=time.time() - 301),
    "future": lambda: stripe_signature(BODY, at=time.time() + 120),
    "an hour ahead": lambda: stripe_signature(BODY, at=time.time() + 3600),
    "far future": lambda: stripe_signature(BODY, at=2**33),
    "fresh time on an old signature": lambda: (
        f"t={int(time.time())}," + stripe_signature(BODY, at=time.time() - 4000).partition(",")[2]
    ),
    "no time": lambda: stripe_signature(BODY).partition(",")[2],
    "no signature": lambda: f"t={int(time.time())}",
    "only v0": lambda: stripe_signature(BODY).replace("v1=", "v0="),
    "time is a word": lambda: "t=now,v1=" + "0" * 64,
    "time is endless": lambda: "t=" + "9" * 4000 + ",v1=" + "0" * 64,
    "time is negative": lambda: "t=-1,v1=" + "0" * 64,
    "time in other digits": lambda: "t=\xb9\xb2\xb3,v1=" + "0" * 64,
    "items without =": lambda: "t,v1,,,",
    "non-ASCII signature": lambda: f"t={int(time.time())},v1=" + "\xe9" * 64,
    "raw bytes": lambda: f"t={int(time.time())},v1=\xff\xfe",
    "huge": lambda: stripe_signature(BODY) + ",v1=" + "0" * 100_000,
    "a time twice, the first one stale": lambda: f"t=1,{stripe_signature(BODY)}",
}


@pytest.mark.parametrize("name", STRIPE_FORGERIES)
def test_what_stripe_did_not_sign_now_is_401_and_leaves_nothing(name):
    answer = stripe(BODY, STRIPE_FORGERIES[name]())
    assert (answer.status_code, answer.content) == (401, b"The signature is not accepted.\n")
    assert nothing_stored()


GITHUB_FORGERIES = {
    "none": lambda body: None,
    "empty": lambda body: "",
    "another secret": lambda body: github_signature(body, "guessed"),
    "another body": lambda body: github_signature(body + b" "),
    "SHA-1": lambda body: "sha1=" + hmac.new(GITHUB_SECRET.encode(), body, hashlib.sha1).hexdigest(),
    "bare digest": lambda body: github_signature(body).removeprefix("sha256="),
    "upper case": lambda body: github_signature(body).upper(),
    "cut short": lambda body: github_signature(body)[:-1],
    "trailing newline": lambda body: github_signature(body) + "\n",
    "twice": lambda body: f"{github_signature(body)},{github_signature(body)}",
    "non-ASCII": lambda body: "sha256=" + "\xe9" * 64,
    "huge": lambda body: "sha256=" + "0" * 100_000,
}


@pytest.mark.parametrize("name", GITHUB_FORGERIES)
def test_what_github_did_not_sign_is_401_and_leaves_nothing(name):
    body = b'{"zen": "Keep it logically awesome."}'
    answer = github(body, GITHUB_FORGERIES[name](body))
    assert (answer.status_code, answer.content) == (401, b"The signature is not accepted.\n")
    assert nothing_stored()


def test_the_sha1_header_alone_is_not_looked_at():
    body = b"{}"
    sha1 = "sha1=" + hmac.new(GITHUB_SECRET.encode(), body, hashlib.sha1).hexdigest()
    assert github(body, None, **{"X-Hub-Signature": sha1}).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        b"", b"Hello", b"[]", b"null", b'"evt"', b"{", b"payload=%7B%7D", b"[" * 100_000, b"{}", b'{"id": "evt_1"}',
        b'{"id": 7, "type": "x", "created": 1}', b'{"id": "evt 1", "type": "x", "created": 1}',
        b'{"id": "evt_1", "type": "x"}', b'{"id": "evt_1", "type": "x", "created": "now"}',
        b'{"id": "evt_1", "type": "x", "created": true}', b'{"id": "evt_1", "type": "x", "created": 1e300}',
        b'{"id": "evt_1", "type": "x", "created": 99999999999999999999}',
        b'{"id": "evt_1", "type": {"a": 1}, "created": 1}', b'{"id": "a\\u0000b", "type": "x", "created": 1}',
        b'{"id": "' + b"e" * 201 + b'", "type": "x", "created": 1}',
        b'{"id": "evt_1", "type": "' + b"x" * 101 + b'", "created": 1}',
    ],
)  # fmt: skip
def test_signed_but_no_event_of_stripes_is_400(body):
    assert stripe(body, stripe_signature(body)).status_code == 400
    assert nothing_stored()


def test_bytes_that_are_no_text_cannot_have_been_signed_by_stripe():
    signature = f"t={int(time.time())},v1=" + "0" * 64
    assert stripe(b"\xff\xfe{}", signature).status_code == 401


@pytest.mark.parametrize("missing", ["X-GitHub-Event", "X-GitHub-Delivery"])
def test_signed_but_without_githubs_headers_is_400(missing):
    assert github(b"{}", github_signature(b"{}"), **{missing: ""}).status_code == 400
    assert github(b"{}", github_signature(b"{}"), **{missing: "a b\x7f"}).status_code == 400
    assert nothing_stored()


def test_a_nul_inside_a_signed_document_is_kept_as_it_is():
    event = stripe_event("x", {"name": "a\0b"}, id_="evt_nul")
    assert from_stripe(event).status_code == 200
    assert json.loads(bytes(InboundEvent.objects.get().body)) == event


def test_a_body_over_the_limit_is_refused_unread(settings):
    settings.INBOUND_LIMIT_BYTES = 1000
    body = b" " * 1001
    assert stripe(body, stripe_signature(body)).status_code == 413
    assert stripe(BODY, stripe_signature(BODY), CONTENT_LENGTH="9" * 12).status_code == 413
    assert nothing_stored()


@pytest.mark.parametrize("length", ["", "-1", "many", "1_0", "\u0663", "9" * 5000])
def test_a_length_that_is_none_is_411(length):
    assert stripe(BODY, stripe_signature(BODY), CONTENT_LENGTH=length).status_code == 411


def test_a_body_that_ends_early_is_400():
    cut = {"CONTENT_LENGTH": str(len(BODY)), "wsgi.input": io.BytesIO(BODY[:-1])}
    answer = stripe(BODY, stripe_signature(BODY), **cut)
    assert answer.status_code == 400
    assert nothing_stored()


def test_only_post_is_understood_and_no_csrf_token_is_asked_for():
    assert Client().get("/hooks/stripe").status_code == 405
    body = json.dumps(stripe_event("x", {})).encode()
    client = Client(enforce_csrf_checks=True)
    headers = {"Stripe-Signature": stripe_signature(body)}
    answer = client.generic("POST", "/hooks/stripe", body, content_type="application/json", headers=headers)
    assert answer.status_code == 200


@pytest.mark.parametrize("provider", ["paypal", "stripe", "Stripe", "__class__"])
def test_a_provider_without_a_secret_is_not_there(settings, provider):
    settings.INBOUND_SECRETS = {"github": ["x"], "paypal": ["x"], "stripe": []}
    assert knock(f"/hooks/{provider}", BODY, {"Stripe-Signature": stripe_signature(BODY)}).status_code == 404


def test_secrets_come_from_the_environment_and_an_empty_one_is_none():
    environment = {
        **os.environ,
        "INBOUND_SECRETS_STRIPE": "whsec_a, whsec_b,",
        "INBOUND_SECRETS_GITHUB": " , ",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    command = "import json; from django.conf import settings; print(json.dumps(settings.INBOUND_SECRETS))"
    done = subprocess.run(
        [sys.executable, "-c", command], env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == {"github": [], "stripe": ["whsec_a", "whsec_b"]}


def test_a_database_that_is_away_is_503_so_that_the_provider_comes_again(monkeypatch):
    def away(*_: object) -> bool:
        raise OperationalError("connection refused")

    monkeypatch.setattr(transitions, "store", away)
    monkeypatch.setattr("webhooks.inbound.door.connection.close", lambda: None)  # the test's own transaction
    assert from_stripe(stripe_event("x", {})).status_code == 503


def test_a_refusal_is_logged_with_its_reason_and_without_the_secret(caplog):
    stripe(BODY, stripe_signature(BODY, at=1))
    assert "older than 300 s" in caplog.text
    assert STRIPE_SECRET not in caplog.text


def test_accepting_one_costs_one_query(django_assert_num_queries):
    from_stripe(stripe_event("x", {}))
    with django_assert_num_queries(1):
        from_stripe(stripe_event("x", {}))
