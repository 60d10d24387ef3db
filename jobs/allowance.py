"""Whether an account may submit: it is not suspended, and has jobs of its plan left."""

from datetime import datetime
from uuid import UUID

from django.utils import timezone

from jobs.models import Account, Job


class NotAllowed(Exception):
    """The account may not submit. `code` is stable; the text is for the customer."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def check(account: Account) -> None:
    """Raises NotAllowed. Without a quota it asks the database nothing.

    With one it counts the account's jobs since the first of the month (UTC), up to the quota, by an index. Requests
    that arrive together may each see the last free place: a quota is exceeded by their number at most.
    """
    check_active(account)
    if account.quota_jobs is None:
        return
    this_month = Job.objects.filter(account=account, id__gte=_first_id(_month_began(timezone.now())))
    if this_month[: account.quota_jobs].count() >= account.quota_jobs:
        raise NotAllowed(
            "quota_exceeded",
            f"The plan's {account.quota_jobs} jobs of this calendar month (UTC) are used up.",
        )


def check_active(account: Account) -> None:
    """Raises NotAllowed where the account is suspended."""
    if account.suspended_at is not None:
        reason = account.suspension_reason or "by the operator"
        raise NotAllowed("account_suspended", f"The account is suspended: {reason}.")


def _month_began(now: datetime) -> datetime:
    return now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _first_id(moment: datetime) -> UUID:
    """The lowest UUIDv7 of a millisecond: ids hold the time of their making."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
