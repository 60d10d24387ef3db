"""Lists of any length, newest first: a page costs the same in a table of a hundred rows and of a hundred million.

No count, no OFFSET: the next page is what comes before the last id of this one. Where ids are UUIDv7 they hold
the time of their making, so a span of time is a range of ids and needs no index of its own.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast
from uuid import UUID

from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import ValidationError
from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import cached_property

BEFORE = "before"
_ID_BEGINNING = re.compile(r"[0-9a-f]{8}-[0-9a-f-]*|[0-9a-f]{32}", re.IGNORECASE)


class FirstPage(Paginator):  # type: ignore[type-arg]  # not subscriptable at run time
    """The first rows of a queryset; `has_more` says whether others follow. One query, of one row more."""

    @cached_property
    def _rows(self) -> list[Any]:
        return list(self.object_list[: self.per_page + 1])

    @cached_property
    def count(self) -> int:
        return min(len(self._rows), self.per_page)

    @property
    def has_more(self) -> bool:
        return len(self._rows) > self.per_page

    def page(self, number: int | str) -> "Page[Any]":
        return Page(self._rows[: self.per_page], 1, self)


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


def older_url(changelist: Any) -> str | None:
    """The query string of the next page, or None on the last one."""
    if not cast(FirstPage, changelist.paginator).has_more:
        return None
    query: str = changelist.get_query_string({BEFORE: str(changelist.result_list[-1].pk)}, ["p"])
    return query


def newest_url(changelist: Any) -> str | None:
    """The query string of the first page, or None there."""
    if BEFORE not in changelist.params and BEFORE not in changelist.filter_params:
        return None
    query: str = changelist.get_query_string(remove=[BEFORE])
    return query
