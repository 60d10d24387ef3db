"""What a message may be called: an id and a type, short and plain, whoever sent them."""

import re
from datetime import datetime
from typing import Any

from webhooks.inbound.registry import Identity, Malformed

_ID = re.compile(r"[A-Za-z0-9._:-]{1,200}")
_TYPE = re.compile(r"[A-Za-z0-9._:-]{1,100}")


def identity(event_id: Any, type_: Any, *, occurred_at: datetime | None = None) -> Identity:
    """Raises `Malformed` for anything that is not a short plain name: it becomes a key, a label and a log line."""
    if not isinstance(event_id, str) or not _ID.fullmatch(event_id):
        raise Malformed("The message's id is missing, or not 1 to 200 of A-Z, a-z, 0-9 and . _ : -.")
    if not isinstance(type_, str) or not _TYPE.fullmatch(type_):
        raise Malformed("The message's type is missing, or not 1 to 100 of A-Z, a-z, 0-9 and . _ : -.")
    return Identity(event_id, type_, occurred_at)
