"""Once more, in three forms: one delivery from its page, the ticked ones, and all that a filtered list shows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from psycopg.errors import QueryCanceled

from jobs.console import cells
from jobs.console.keyset import BEFORE, NewestFirst
from jobs.console.rows import ReadOnlyAdmin, actor_of
from jobs.console.sections import Cell, Facts, Table, columns, numbers
from jobs.console.skin import action
from webhooks import redelivery
from webhooks.models import Delivery
from webhooks.redelivery import BATCH, Found
from webhooks.states import FINAL


class Redeliver(ReadOnlyAdmin[Delivery]):
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
        """A list that is narrowed by something offers to redeliver all of it, on whichever page of it one is."""
        narrowed_by = request.GET.copy()
        for name in (BEFORE, "p", "e"):
            narrowed_by.pop(name, None)
        offered = narrowed_by and self.has_redeliver_permission(request)
        listed = reverse("admin:webhooks_delivery_redeliver_listed")
        url = f"{listed}?{narrowed_by.urlencode()}" if offered else None
        return super().changelist_view(request, {**(extra_context or {}), "redeliver_url": url})

    def redeliver_listed_view(self, request: HttpRequest) -> HttpResponse:
        """GET counts and asks; POST sends a batch of what was over when it was asked, and asks about the rest."""
        if not self.has_redeliver_permission(request):
            raise PermissionDenied
        list_url = reverse("admin:webhooks_delivery_changelist")
        # A POST that does not say when it was asked was never asked.
        agreed_at = _moment(request.POST.get("asked_at", "")) if request.method == "POST" else None
        asked_at = agreed_at or timezone.now()
        try:
            listed = cast(NewestFirst, self.get_changelist_instance(request))
            over = listed.queryset.filter(
                state__in=sorted(FINAL), finished_at__lte=asked_at, endpoint__enabled=True
            )
            found = redelivery.find(over)
        except IncorrectLookupParameters:
            return HttpResponseRedirect(f"{list_url}?e=1")
        except OperationalError as error:
            if not isinstance(error.__cause__, QueryCanceled):
                raise
            self.message_user(request, "Counting took too long. Narrow the list further.", messages.ERROR)
            return HttpResponseRedirect(list_url)
        if not listed.is_narrowed:
            self.message_user(request, "Narrow the list first: by a filter or a search.", messages.WARNING)
            return HttpResponseRedirect(list_url)
        list_url = f"{list_url}?{request.GET.urlencode()}"
        if agreed_at is None:
            return self._ask(request, found, asked_at, list_url)
        self._redeliver(request, found.ids)
        if found.more:
            self.message_user(request, "That was one batch. What is left is counted here.", messages.INFO)
            return HttpResponseRedirect(request.get_full_path())
        return HttpResponseRedirect(list_url)

    def _ask(self, request: HttpRequest, found: Found, asked_at: datetime, list_url: str) -> HttpResponse:
        kinds: list[list[Cell]] = [[type_, str(count)] for type_, count in found.types.most_common()]
        narrowed_by = [(name, cells.code(value)) for name, value in request.GET.items()]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media,
            "title": "Redeliver",
            "found": found,
            "count": f"more than {BATCH}" if found.more else str(len(found.ids)),
            "are": "is" if len(found.ids) == 1 else "are",
            "batch": BATCH,
            "asked_at": asked_at.isoformat(),
            "list_url": list_url,
            "sections": [
                Facts("The list is narrowed by", narrowed_by),
                *([Table("By event", [*columns("Event"), *numbers("Deliveries")], kinds)] if kinds else []),
            ],
        }
        return TemplateResponse(request, "webhooks/console/redeliver.html", context)

    def _redeliver(self, request: HttpRequest, ids: Sequence[UUID]) -> None:
        sent = len(redelivery.redeliver(ids, actor=actor_of(request)))
        if sent:
            self.message_user(request, f"On the way once more: {sent}.", messages.SUCCESS)
        if sent < len(ids):
            sentence = (
                f"Left as they are: {len(ids) - sent}. They are pending, or their endpoint is disabled."
            )
            self.message_user(request, sentence, messages.WARNING)


def _moment(text: str) -> datetime | None:
    """A moment with its zone; None for anything else."""
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None
