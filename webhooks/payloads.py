"""Messages, and how large they may be. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

VERSION = 1
# Of a whole message. Receivers commonly cap bodies far above; this is what the documentation promises.
MOST_BYTES = 20_000
# What the message has beside its `data`.
_ENVELOPE_BYTES = 500


@dataclass(frozen=True, slots=True)
class Message:
    """An event as it is sent. `sequence` orders the messages about one job."""

    id: str
    type: str
    sequence: int
    created_at: datetime
    data: Mapping[str, Any]

    @property
    def created(self) -> str:
        return self.created_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def compact(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def fit(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """`data` with its list of outputs cut until the message is small enough; `outputs_total` still counts them all.

    Whatever is too large without a list is left as it is: every other part has a bound of its own.
    """
    job = data.get("job")
    if not isinstance(job, dict) or not job.get("outputs"):
        return data
    outputs = list(job["outputs"])
    room = MOST_BYTES - _ENVELOPE_BYTES - len(compact({**data, "job": {**job, "outputs": []}}))
    kept = 0
    for output in outputs:
        room -= len(compact(output)) + 1
        if room < 0:
            break
        kept += 1
    return {**data, "job": {**job, "outputs": outputs[:kept]}}
