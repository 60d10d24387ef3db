"""Handle again, in three forms: one webhook from its page, the ticked ones, and all that a filtered list shows."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from jobs.console import cells
from jobs.console.listed import ListedAdmin
from jobs.console.rows import actor_of
from jobs.console.sections import Cell, Table, columns, numbers
from jobs.console.skin import action
from webhooks.inbound import transitions
from webhooks.inbound.models import InboundEvent
from webhooks.inbound.states import FINAL

# One request replays at most so many: each is a small transaction.
BATCH = 500
_LISTED = "inbound_inboundevent_replay_listed"


@dataclass(frozen=True, slots=True)
class Found:
    """What can be handled again: the newest `BATCH`, newest first, whether there are older ones, and what they are."""

    ids: tuple[UUID, ...]
    kinds: Counter[tuple[str, str, str]]  # by provider, type and state
    more: bool


def find(webhooks: "QuerySet[InboundEvent]", newest: UUID | None) -> Found:
    """`newest`: what arrived after somebody was shown the count is not what was agreed to."""
    rows = webhooks.filter(state__in=[str(state) for state in FINAL])
    if newest is not None:
        rows = rows.filter(pk__lte=newest)
    found = list(rows.order_by("-pk").values_list("pk", "provider", "type", "state")[: BATCH + 1])
    kinds = Counter((provider, type_, state) for _, provider, type_, state in found[:BATCH])
    return Found(tuple(row[0] for row in found[:BATCH]), kinds, more=len(found) > BATCH)


class HandleAgain(ListedAdmin[InboundEvent]):
    def has_replay_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("inbound.change_inboundevent")

    def get_urls(self) -> list[URLPattern]:
        one = self.admin_site.admin_view(self.replay_view)
        listed = self.admin_site.admin_view(self.replay_listed_view)
        return [
            path("<uuid:pk>/replay/", one, name="inbound_inboundevent_replay"),
            path("replay/", listed, name=_LISTED),
            *super().get_urls(),
        ]

    def replay_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        if request.method != "POST" or not self.has_replay_permission(request):
            raise PermissionDenied
        self._replay(request, [pk])
        return HttpResponseRedirect(reverse("admin:inbound_inboundevent_change", args=[pk]))

    @action(description="Handle the selected webhooks again", permissions=["replay"])
    def replay_ticked(self, request: HttpRequest, queryset: "QuerySet[InboundEvent]") -> None:
        """At most a page of them: a forged 'select all' does not reach further."""
        self._replay(request, list(queryset.values_list("pk", flat=True)[: self.list_per_page]))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A list that is narrowed by something offers to handle all of it again."""
        may = self.has_replay_permission(request)
        url = self.narrowed_url(request, f"admin:{_LISTED}") if may else None
        return super().changelist_view(request, {**(extra_context or {}), "run_again_url": url})

    def replay_listed_view(self, request: HttpRequest) -> HttpResponse:
        """GET counts and asks; POST replays a batch of what came before it was asked."""
        if not self.has_replay_permission(request):
            raise PermissionDenied
        newest = _uuid(request.POST.get("newest", "")) if request.method == "POST" else None
        found = self.find_listed(request, lambda rows: find(rows, newest))
        if isinstance(found, HttpResponse):
            return found
        if newest is None:
            return self.ask(
                request,
                "console/replay.html",
                "Handle again",
                [_kinds(found)],
                count=len(found.ids),
                more=found.more,
                newest=found.ids[0] if found.ids else "",
            )
        # The oldest first, as they happened.
        self._replay(request, found.ids[::-1])
        return HttpResponseRedirect(self.list_url(request))

    def _replay(self, request: HttpRequest, ids: Sequence[UUID]) -> None:
        again = busy = 0
        for pk in ids:
            try:
                transitions.replay(pk, actor=actor_of(request))
                again += 1
            except (transitions.NotFinal, InboundEvent.DoesNotExist):
                busy += 1
        if again:
            self.message_user(request, f"{_counted(again)} handled again.", messages.SUCCESS)
        if busy:
            self.message_user(
                request, f"{_counted(busy)} being handled, or gone: nothing to do.", messages.WARNING
            )


def _kinds(found: Found) -> Table:
    rows: list[list[Cell]] = [
        [provider, cells.code(type_), cells.badge(state), str(count)]
        for (provider, type_, state), count in found.kinds.most_common()
    ]
    heads = [*columns("Provider", "Type", "State"), *numbers("Webhooks")]
    return Table("What would be handled again", heads, rows)


def _counted(count: int) -> str:
    return "1 webhook is" if count == 1 else f"{count} webhooks are"


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
