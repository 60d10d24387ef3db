"""Once more, in three forms: one delivery from its page, the ticked ones, and all that a filtered list shows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from jobs.console.listed import ListedAdmin, agreed_at
from jobs.console.rows import actor_of
from jobs.console.sections import Cell, Table, columns, numbers
from jobs.console.skin import action
from webhooks import redelivery
from webhooks.models import Delivery
from webhooks.redelivery import BATCH, Found
from webhooks.states import FINAL


class Redeliver(ListedAdmin[Delivery]):
    """What is over goes out again under its old id, to endpoints that are enabled."""

    def has_redeliver_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("webhooks.change_delivery")

    def get_urls(self) -> list[URLPattern]:
        one = self.admin_site.admin_view(self.redeliver_view)
        listed = self.admin_site.admin_view(self.redeliver_listed_view)
        return [
            path("<uuid:pk>/redeliver/", one, name="webhooks_delivery_redeliver"),
            path("redeliver/", listed, name="webhooks_delivery_redeliver_listed"),
            *super().get_urls(),
        ]

    def redeliver_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        if request.method != "POST" or not self.has_redeliver_permission(request):
            raise PermissionDenied
        self._redeliver(request, [pk])
        return HttpResponseRedirect(reverse("admin:webhooks_delivery_change", args=[pk]))

    @action(description="Redeliver the selected", permissions=["redeliver"])
    def redeliver_deliveries(self, request: HttpRequest, queryset: "QuerySet[Delivery]") -> None:
        self._redeliver(request, list(queryset.values_list("pk", flat=True)[: self.list_per_page]))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A list that is narrowed by something offers to redeliver all of it."""
        may = self.has_redeliver_permission(request)
        url = self.narrowed_url(request, "admin:webhooks_delivery_redeliver_listed") if may else None
        return super().changelist_view(request, {**(extra_context or {}), "redeliver_url": url})

    def redeliver_listed_view(self, request: HttpRequest) -> HttpResponse:
        """GET counts and asks; POST sends a batch of what was over when it was asked, and asks about the rest."""
        if not self.has_redeliver_permission(request):
            raise PermissionDenied
        agreed = agreed_at(request)
        asked_at = agreed or timezone.now()
        found = self.find_listed(request, lambda rows: _over(rows, asked_at))
        if isinstance(found, HttpResponse):
            return found
        if agreed is None:
            return self._ask(request, found, asked_at)
        self._redeliver(request, found.ids)
        if found.more:
            self.message_user(request, "That was one batch. What is left is counted here.", messages.INFO)
            return HttpResponseRedirect(request.get_full_path())
        return HttpResponseRedirect(self.list_url(request))

    def _ask(self, request: HttpRequest, found: Found, asked_at: datetime) -> HttpResponse:
        kinds: list[list[Cell]] = [[type_, str(count)] for type_, count in found.types.most_common()]
        table = Table("By event", [*columns("Event"), *numbers("Deliveries")], kinds)
        return self.ask(
            request,
            "webhooks/console/redeliver.html",
            "Redeliver",
            [table] if kinds else [],
            found=found,
            count=f"more than {BATCH}" if found.more else str(len(found.ids)),
            are="is" if len(found.ids) == 1 else "are",
            batch=BATCH,
            asked_at=asked_at.isoformat(),
        )

    def _redeliver(self, request: HttpRequest, ids: Sequence[UUID]) -> None:
        sent = len(redelivery.redeliver(ids, actor=actor_of(request)))
        if sent:
            self.message_user(request, f"On the way once more: {sent}.", messages.SUCCESS)
        if sent < len(ids):
            sentence = (
                f"Left as they are: {len(ids) - sent}. They are pending, or their endpoint is disabled."
            )
            self.message_user(request, sentence, messages.WARNING)


def _over(rows: "QuerySet[Delivery]", ended_by: datetime) -> Found:
    over = rows.filter(state__in=sorted(FINAL), finished_at__lte=ended_by, endpoint__enabled=True)
    return redelivery.find(over)
