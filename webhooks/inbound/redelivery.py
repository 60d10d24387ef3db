"""GitHub never repeats a delivery that failed by itself, but does when it is asked: this asks.

https://docs.github.com/en/webhooks/using-webhooks/handling-failed-webhook-deliveries
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from webhooks.inbound.github_api import GitHubApi, GitHubAway, GitHubError, GitHubRefused, client
from webhooks.inbound.models import InboundEvent

log = structlog.get_logger(__name__)

# What GitHub still redelivers.
KEPT = timedelta(days=3)
# GitHub keeps each attempt as a delivery of its own under the same GUID: so many in all, then it is left alone.
ATTEMPTS = 5
PAGES = 20
_NAME = "[A-Za-z0-9._-]{1,100}"
HOOK = re.compile(rf"(repos/{_NAME}/{_NAME}|orgs/{_NAME})/hooks/[0-9]{{1,20}}")


@dataclass(frozen=True, slots=True)
class Report:
    """One round for one hook: how many messages failed for good, how many were asked for, and what went wrong."""

    hook: str
    failed: int = 0
    asked: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Lost:
    """A message of which no attempt succeeded; `delivery_id` is the newest one."""

    guid: str
    delivery_id: int


def lost(deliveries: Iterable[Mapping[str, Any]]) -> list[Lost]:
    """The messages that never arrived, the oldest first, those without attempts left excluded. Pure."""
    attempts: dict[str, list[tuple[int, bool]]] = {}
    for delivery in deliveries:
        guid, number = delivery.get("guid"), delivery.get("id")
        if isinstance(guid, str) and isinstance(number, int):
            attempts.setdefault(guid, []).append((number, delivery.get("status") == "OK"))
    found = [
        Lost(guid, max(number for number, _ in tries))
        for guid, tries in attempts.items()
        if len(tries) < ATTEMPTS and not any(arrived for _, arrived in tries)
    ]
    return sorted(found, key=lambda one: one.delivery_id)


def redeliver_all(*, dry_run: bool = False) -> list[Report]:
    """One round for each of GITHUB_HOOKS. Nothing without a GITHUB_TOKEN."""
    if not settings.GITHUB_TOKEN:
        return []
    api = client()
    return [_round(api, hook, dry_run=dry_run) for hook in settings.GITHUB_HOOKS]


def _round(api: GitHubApi, hook: str, *, dry_run: bool) -> Report:
    if not HOOK.fullmatch(hook):
        return _failed(hook, "It is no repos/OWNER/NAME/hooks/ID or orgs/ORG/hooks/ID: see GITHUB_HOOKS.")
    try:
        found = _not_here(lost(_recent(api, hook)))
    except GitHubError as error:
        return _failed(hook, str(error))
    asked = 0
    for one in () if dry_run else found:
        try:
            api.redeliver(hook, one.delivery_id)
            asked += 1
        except GitHubRefused as error:
            log.warning("GitHub does not redeliver", hook=hook, guid=one.guid, error=str(error))
        except GitHubAway as error:
            return _failed(hook, str(error), failed=len(found), asked=asked)
    if found:
        log.info("GitHub asked to redeliver", hook=hook, failed=len(found), asked=asked)
    return Report(hook, len(found), asked)


def _recent(api: GitHubApi, hook: str) -> list[dict[str, Any]]:
    """What may still be redelivered: the last three days, or the newest 2,000."""
    since = timezone.now() - KEPT
    deliveries: list[dict[str, Any]] = []
    cursor: str | None = None
    for _ in range(PAGES):
        page = api.deliveries(hook, cursor)
        young = [item for item in page.items if (at := _delivered_at(item)) is not None and at > since]
        deliveries += young
        cursor = page.cursor
        if cursor is None or len(young) < len(page.items):
            break
    return deliveries


def _delivered_at(delivery: Mapping[str, Any]) -> datetime | None:
    text = delivery.get("delivered_at")
    try:
        moment = parse_datetime(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment is not None and timezone.is_aware(moment) else None


def _not_here(found: list[Lost]) -> list[Lost]:
    """Without those that we have: GitHub waits ten seconds for an answer, which may have come after that."""
    guids = [one.guid for one in found]
    here = set(
        InboundEvent.objects.filter(provider="github", event_id__in=guids).values_list("event_id", flat=True)
    )
    return [one for one in found if one.guid not in here]


def _failed(hook: str, problem: str, *, failed: int = 0, asked: int = 0) -> Report:
    log.error("GitHub's deliveries could not be looked after", hook=hook, problem=problem)
    return Report(hook, failed, asked, problem)
