"""GitHub: `X-Hub-Signature-256`, an HMAC-SHA256 of the body.

https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries

There is no timestamp in it, and neither the delivery's id nor the event's name is signed: whoever once saw a
signed body can send it again under another id, or as another event. Handlers therefore go by what the body says.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from webhooks.inbound.naming import identity
from webhooks.inbound.registry import Identity, NotAuthentic, provider

_SIGNATURE = re.compile(r"sha256=([0-9a-f]{64})")


@provider
class GitHub:
    name: ClassVar[str] = "github"
    headers_kept: ClassVar[tuple[str, ...]] = (
        "User-Agent",
        "Content-Type",
        "X-GitHub-Event",
        "X-GitHub-Delivery",
        "X-GitHub-Hook-ID",
        "X-GitHub-Hook-Installation-Target-ID",
        "X-GitHub-Hook-Installation-Target-Type",
    )

    def verify(self, headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: float) -> None:
        # The whole shape first: what is compared below is ASCII, which compare_digest insists on. The SHA-1 of
        # `X-Hub-Signature` is not looked at.
        found = _SIGNATURE.fullmatch(headers.get("X-Hub-Signature-256", ""))
        if found is None:
            raise NotAuthentic("X-Hub-Signature-256 is missing, or not sha256= and 64 hexadecimal digits.")
        given = found[1].encode()
        # All secrets are tried, whichever fits: the time taken tells nothing about their order.
        fits = [
            hmac.compare_digest(hmac.new(secret.encode(), body, hashlib.sha256).hexdigest().encode(), given)
            for secret in secrets
        ]
        if not any(fits):
            raise NotAuthentic("X-Hub-Signature-256 fits none of our secrets.")

    def identify(self, headers: Mapping[str, str], document: Any) -> Identity:
        event = headers.get("X-GitHub-Event")
        action = document.get("action")
        # As GitHub's documentation writes them: release.published, ping.
        type_ = f"{event}.{action}" if event and isinstance(action, str) and action else event
        return identity(headers.get("X-GitHub-Delivery"), type_)
