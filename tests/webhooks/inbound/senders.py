"""Stripe and GitHub as they knock: real signatures over real bytes, against our own door."""

import hashlib
import hmac
import json
import time
from typing import Any
from uuid import uuid4

from django.test import Client
from stripe import WebhookSignature

STRIPE_SECRET = "whsec_of_the_tests"
GITHUB_SECRET = "a secret of the tests"


def knock(path: str, body: bytes, headers: dict[str, str], **more: Any) -> Any:
    """POST exactly these bytes; an exception in the view is an answer 500, as outside."""
    client = Client(raise_request_exception=False)
    more.setdefault("CONTENT_LENGTH", str(len(body)))
    return client.generic("POST", path, body, content_type="application/json", headers=headers, **more)


def stripe_event(
    type_: str, data: dict[str, Any], *, created: int | None = None, id_: str | None = None
) -> Any:
    """An event as Stripe's API reference describes the object, with what we read of it."""
    return {
        "id": id_ or f"evt_{uuid4().hex}",
        "object": "event",
        "api_version": "2025-03-31.basil",
        "created": int(time.time()) if created is None else created,
        "data": {"object": data},
        "livemode": False,
        "type": type_,
    }


def stripe_signature(body: bytes, *, secret: str = STRIPE_SECRET, at: float | None = None) -> str:
    """Made by Stripe's own library."""
    moment = int(time.time() if at is None else at)
    return WebhookSignature.generate_signature_header(body.decode(), secret, moment)


def from_stripe(event: Any, **how: Any) -> Any:
    body = json.dumps(event).encode()
    return knock("/hooks/stripe", body, {"Stripe-Signature": stripe_signature(body, **how)})


def github_signature(body: bytes, secret: str = GITHUB_SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def from_github(
    event: str, document: Any, *, delivery: str | None = None, secret: str = GITHUB_SECRET
) -> Any:
    body = json.dumps(document).encode()
    headers = {
        "User-Agent": "GitHub-Hookshot/044aadd",
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": delivery or str(uuid4()),
        "X-Hub-Signature-256": github_signature(body, secret),
    }
    return knock("/hooks/github", body, headers)
