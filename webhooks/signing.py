"""Standard Webhooks signatures: https://github.com/standard-webhooks/standard-webhooks, `spec/standard-webhooks.md`."""

import base64
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from standardwebhooks import Webhook

_PREFIX = "whsec_"


def new_secret() -> str:
    """32 random bytes, in the form that every library of the standard takes."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def headers(message_id: str, body: bytes, keys: Sequence[str], at: datetime) -> dict[str, str]:
    """The three headers of a message: one signature for each key, and `at` as its timestamp (whole seconds)."""
    # The library replaces the time zone, it does not convert.
    moment = at.astimezone(UTC)
    text = body.decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(Webhook(key).sign(message_id, moment, text) for key in keys),
    }
