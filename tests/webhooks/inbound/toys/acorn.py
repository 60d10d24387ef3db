"""Acorn, a provider that does not exist: all that the next one needs is a file like this."""

import hmac
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from webhooks.inbound.naming import identity
from webhooks.inbound.registry import Handled, Identity, NotAuthentic, Outcome, Received, handles, provider


@provider
class Acorn:
    name: ClassVar[str] = "acorn"
    headers_kept: ClassVar[tuple[str, ...]] = ("X-Acorn-Tree",)

    def verify(self, headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: float) -> None:
        given = headers.get("X-Acorn-Token", "").encode()
        if not any(hmac.compare_digest(secret.encode(), given) for secret in secrets):
            raise NotAuthentic("X-Acorn-Token is none of our secrets.")

    def identify(self, headers: Mapping[str, str], document: Any) -> Identity:
        return identity(document.get("nut"), document.get("what"))


@handles("acorn", "fell")
def fell(event: Received, _: Any) -> Outcome:
    return Handled(f"The nut {event.event_id} fell.")
