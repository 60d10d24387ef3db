"""Which queues have a delivery to send: what the conductor hints."""

import time
from collections.abc import Mapping

from django.db import connection

from webhooks import targets

TASK_OF: Mapping[str, str] = {
    targets.WEBHOOKS: "webhooks.deliver_webhooks",
    targets.MAIL: "webhooks.send_mail",
}
# One look into an index for each queue. LIMIT keeps the planner from joining the whole backlog instead, as it does
# with EXISTS.
_DUE = """
SELECT asked.queue FROM unnest(%s::text[]) AS asked (queue)
CROSS JOIN LATERAL (
    SELECT FROM webhooks_delivery
    WHERE webhooks_delivery.queue = asked.queue AND state = 'pending' AND next_try_at <= statement_timestamp()
    LIMIT 1
) AS due
"""


# Hints that come closer than this would only wake a pump that is awake: it lingers for longer.
_BETWEEN_SECONDS = 0.05


def queues() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [list(TASK_OF)])
        return [row[0] for row in cursor.fetchall()]


class Pace:
    """Keeps a storm of events from becoming a storm of messages."""

    def __init__(self) -> None:
        self._hinted_at: dict[str, float] = {}

    def due(self) -> list[str]:
        """The queues that should be hinted now."""
        now = time.monotonic()
        found = [one for one in queues() if now - self._hinted_at.get(one, 0.0) >= _BETWEEN_SECONDS]
        self._hinted_at |= dict.fromkeys(found, now)
        return found
