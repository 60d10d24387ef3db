"""From a request in a foreign shape to a job: through the same checks as `/api/v1/jobs`, and the same service."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.conf import settings
from rest_framework.request import Request

from jobs import submission
from jobs.api.authentication import account_of, actor_of
from jobs.api.compat.answers import FINAL_EVENTS
from jobs.api.requests import JobRequest
from jobs.models import Job


def submit(
    request: Request, document: Mapping[str, Any], *, interface: str, timeout_seconds: int | None = None
) -> Job:
    """`document` is what the same wish looks like at `/api/v1/jobs`. Raises ValidationError, NotAllowed."""
    account = account_of(request)
    checked = JobRequest(data=dict(document), context={"account": account})
    checked.is_valid(raise_exception=True)
    wish = replace(
        checked.validated_data,
        interface=interface,
        webhook_shape=interface,
        webhook_events=FINAL_EVENTS if checked.validated_data.webhook_url else (),
    )
    if timeout_seconds is not None:
        # Those services have limits of their own: what is above ours means "as long as it may".
        wish = replace(wish, timeout_seconds=min(timeout_seconds, 60 * settings.MAX_TIMEOUT_MINUTES))
    return submission.submit(account, wish, actor=actor_of(request))
