"""What a try came to, as a value: made where it was sent, written down by `transitions`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from webhooks.claims import Claimed
from webhooks.schedule import Verdict


@dataclass(frozen=True, slots=True)
class Tried:
    """What a try came to. `posted` is False where nothing was sent: that is no try to be shown."""

    claimed: Claimed
    verdict: Verdict
    started_at: datetime
    posted: bool = True
    latency_seconds: float | None = None
    status: int | None = None
    error: str = ""
    message: str = ""
    headers: Mapping[str, str] | None = None
    body_excerpt: str = ""
