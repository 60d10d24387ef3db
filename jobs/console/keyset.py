"""Lists of any length, newest first: a page costs the same in a table of a hundred rows and of a hundred million.

No count, no OFFSET: the next page is what comes before the last id of this one. Where ids are UUIDv7 they hold
the time of their making, so a span of time is a range of ids and needs no index of its own.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone

BEFORE = "before"
_ID_BEGINNING = re.compile(r"[0-9a-f]{8}-[0-9a-f-]*|[0-9a-f]{32}", re.IGNORECASE)


class NewestFirst(ChangeList):
    """A changelist that never counts: it reads one row more than it shows, to know whether others follow."""

    has_more = False

    def get_results(self, request: HttpRequest) -> None:
        rows = list(self.queryset[: self.list_per_page + 1])
        self.has_more = len(rows) > self.list_per_page
        self.result_list = rows[: self.list_per_page]
        self.paginator = self.model_admin.get_paginator(request, self.result_list, self.list_per_page)
        # The number of rows on the page, which is no number of results: nothing may offer to show the rest.
        self.result_count = self.full_result_count = len(self.result_list)
        self.show_full_result_count = self.can_show_all = self.multi_page = False
        self.show_admin_actions = True

    @property
    def older_url(self) -> str | None:
        """The query string of the next page, or None on the last one."""
        if not self.has_more:
            return None
        return self.get_query_string({BEFORE: str(self.result_list[len(self.result_list) - 1].pk)})

    @property
    def newest_url(self) -> str | None:
        """The query string of the first page, or None there."""
        return self.get_query_string(remove=[BEFORE]) if BEFORE in self.filter_params else None

    @property
    def is_narrowed(self) -> bool:
        """Whether a search or a filter is at work, so that an empty list means 'not found'."""
        return bool(self.query or self.has_active_filters)


class OlderThan(SimpleListFilter):
    """The key of the page before: shown only where one was asked for."""

    title = "position"
    parameter_name = BEFORE

    def lookups(self, request: HttpRequest, model_admin: "ModelAdmin[Any]") -> list[tuple[str, str]]:
        value = request.GET.get(BEFORE)
        return [(value, f"Older than {value[:13]}")] if value else []

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        value = self.value()
        if not value:
            return queryset
        try:
            # Checked here: a filter's own errors are not caught for it, and would be a page 500.
            key = queryset.model._meta.pk.to_python(value)
        except ValidationError as error:
            raise IncorrectLookupParameters(str(error)) from error
        return queryset.filter(pk__lt=key)


class Created(SimpleListFilter):
    """By the time of creation, which the ids hold: the last hours and days, or one day."""

    title = "time of creation"
    parameter_name = "created"
    template = "console/created_filter.html"

    _SPANS = {
        "1h": ("Past hour", timedelta(hours=1)),
        "24h": ("Past 24 hours", timedelta(days=1)),
        "7d": ("Past 7 days", timedelta(days=7)),
        "30d": ("Past 30 days", timedelta(days=30)),
    }

    def __init__(
        self,
        request: HttpRequest,
        params: dict[str, Any],
        model: type[Model],
        model_admin: "ModelAdmin[Any]",
    ) -> None:
        super().__init__(request, params, model, model_admin)
        # The form that asks for a day keeps the other filters.
        others = {self.parameter_name, BEFORE, "p", "e"}
        self.kept = [(name, value) for name, value in request.GET.items() if name not in others]

    def lookups(self, request: HttpRequest, model_admin: "ModelAdmin[Any]") -> list[tuple[str, str]]:
        return [(key, label) for key, (label, _) in self._SPANS.items()]

    @property
    def day(self) -> str:
        """The one day that was asked for, as yyyy-mm-dd, or nothing."""
        value = self.value() or ""
        return "" if value in self._SPANS else value

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        value = self.value()
        if not value:
            return queryset
        if value in self._SPANS:
            return queryset.filter(pk__gte=first_id(timezone.now() - self._SPANS[value][1]))
        try:
            morning = datetime.combine(date.fromisoformat(value), time(), UTC)
            bounds = first_id(morning), first_id(morning + timedelta(days=1))
        except (ValueError, OverflowError) as error:
            raise IncorrectLookupParameters(str(error)) from error
        return queryset.filter(pk__gte=bounds[0], pk__lt=bounds[1])


def first_id(moment: datetime) -> UUID:
    """The lowest UUIDv7 of this moment's millisecond. Raises ValueError before 1970."""
    milliseconds = int(moment.timestamp() * 1000)
    if milliseconds < 0:
        raise ValueError("UUIDv7 begins in 1970")
    return UUID(int=milliseconds << 80)


def id_range(text: str) -> tuple[UUID, UUID] | None:
    """The ids that begin like `text` (eight digits and a dash at least, or a whole id); None for other words."""
    if not _ID_BEGINNING.fullmatch(text):
        return None
    digits = text.replace("-", "")
    if len(digits) > 32:
        return None
    return UUID(hex=digits.ljust(32, "0")), UUID(hex=digits.ljust(32, "f"))
