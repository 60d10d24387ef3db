"""Stripe: `Stripe-Signature`, verified by Stripe's own library.

https://docs.stripe.com/webhooks#verify-official-libraries
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from stripe import SignatureVerificationError, WebhookSignature

from webhooks.inbound.naming import identity
from webhooks.inbound.registry import Identity, Malformed, NotAuthentic, provider

TOLERANCE_SECONDS = 300
# The library checks that a timestamp is not too old, and nothing else: one of next year would pass today, and be
# good for a replay until then.
FUTURE_SECONDS = 60
HEADER_CHARACTERS = 4096
_TIMESTAMP = re.compile(r"[0-9]{1,12}")


@provider
class Stripe:
    name: ClassVar[str] = "stripe"
    headers_kept: ClassVar[tuple[str, ...]] = ("User-Agent", "Content-Type")

    def verify(self, headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: float) -> None:
        header = headers.get("Stripe-Signature", "")
        if not header or len(header) > HEADER_CHARACTERS or not header.isascii():
            raise NotAuthentic("Stripe-Signature is missing, longer than 4096 characters, or not ASCII.")
        sent_at = _timestamp(header)
        if sent_at > now + FUTURE_SECONDS:
            raise NotAuthentic("Stripe-Signature carries a time of the future: check this machine's clock.")
        if sent_at < now - TOLERANCE_SECONDS:
            raise NotAuthentic("Stripe-Signature is older than 300 s: a replay, or this machine's clock.")
        if not any(_signed(header, body, secret) for secret in secrets):
            raise NotAuthentic("No v1 signature in Stripe-Signature fits the body and one of our secrets.")

    def identify(self, headers: Mapping[str, str], document: Any) -> Identity:
        created = document.get("created")
        if isinstance(created, bool) or not isinstance(created, int) or not 0 <= created < 2**33:
            raise Malformed("/created: the event's time in Unix seconds is missing.")
        moment = datetime.fromtimestamp(created, UTC)
        return identity(document.get("id"), document.get("type"), occurred_at=moment)


def _timestamp(header: str) -> int:
    """The first `t`, which is the one that the library reads."""
    for item in header.split(","):
        name, _, value = item.partition("=")
        if name == "t":
            if not _TIMESTAMP.fullmatch(value):
                break
            return int(value)
    raise NotAuthentic("Stripe-Signature has no time (t=) in Unix seconds.")


def _signed(header: str, body: bytes, secret: str) -> bool:
    try:
        # No tolerance here: the time was checked above, against one clock for all secrets.
        WebhookSignature.verify_header(body, header, secret)
    except SignatureVerificationError:
        return False
    except UnicodeDecodeError:
        return False  # the library signs text; Stripe never sends anything but UTF-8
    return True
