"""What one transaction moves, noted as it goes: audit trail, news, queues to wake. Written once, at its end."""

from collections.abc import Mapping
from uuid import UUID

from django.db import connection

from audit.recorder import StateChange, record_changes
from jobs import announcements
from jobs.announcements import News
from jobs.faults import Fault
from webhooks import outbox

# The conductor listens here; the payload is the queue that has something ready.
CHANNEL = "reelchord_steps"


def notify(queue: str) -> None:
    """Wake the conductor when this transaction commits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, queue])


def notify_if_waiting(queue: str) -> None:
    """The same, but only where a due step of that queue has had no hint yet: the conductor sleeps through the rest."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_notify(%s, %s) WHERE EXISTS (SELECT FROM jobs_step WHERE queue = %s AND state = 'ready'"
            " AND dispatch_after <= statement_timestamp() AND hints = 0)",
            [CHANNEL, queue, queue],
        )


class Ledger:
    """Of one transaction on one job. `listening`: some endpoint wants to hear of it."""

    def __init__(self, job_id: UUID, account_id: UUID, actor: str, *, listening: bool) -> None:
        self.job_id = job_id
        self.account_id = account_id
        self.actor = actor
        self.listening = listening
        self._changes: list[StateChange] = []
        self._news: list[News] = []
        self._ready: set[str] = set()

    def note(
        self,
        subject: str,
        subject_id: UUID,
        from_: str,
        to: str,
        *,
        label: str = "",
        fault: Fault | None = None,
        detail: Mapping[str, str | float] | None = None,
    ) -> None:
        """One move, for the audit trail; `from_` is empty for what has just been made."""
        known: dict[str, str | int | float] = dict(detail or {})
        if fault:
            known |= {"fault": fault.code, "bucket": str(fault.bucket)}
        self._changes.append(StateChange(subject, subject_id, str(from_), str(to), label, known))

    def tell(self, news: News) -> None:
        """One event, for those outside."""
        self._news.append(news)

    def wake(self, queue: str) -> None:
        """Something is ready in this queue, and due."""
        self._ready.add(queue)

    def write(self) -> None:
        """All of it, in the transaction that it is about."""
        record_changes(self.account_id, self.job_id, self.actor, self._changes)
        if self._news:
            # Who subscribes from now on hears of what comes: this was settled when the row was locked.
            tell = announcements.full if self.listening else announcements.brief
            told = tell(self.job_id, self._news)
            outbox.record(self.account_id, self.job_id, told, listening=self.listening)
        for queue in sorted(self._ready):
            notify(queue)
