"""All that a narrowed list shows, acted upon as one: counted and agreed to first, then batch by batch."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar, cast

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import SEARCH_VAR
from django.db import OperationalError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from psycopg.errors import QueryCanceled

from jobs.console import cells
from jobs.console.keyset import BEFORE, NewestFirst
from jobs.console.rows import ReadOnlyAdmin
from jobs.console.sections import Facts, Section

_Row = TypeVar("_Row", bound=Model)
_Found = TypeVar("_Found")
# Where one is in a list says nothing of what one looks for.
_POSITIONS = (BEFORE, "p", "e")


class ListedAdmin(ReadOnlyAdmin[_Row]):
    """What the doors of such an action share: the offer, the look at the rows, the question."""

    def narrowed_url(self, request: HttpRequest, name: str) -> str | None:
        """The URL of this name for what the list shows, on whichever page of it one is; None if nothing narrows it."""
        narrowed_by = request.GET.copy()
        for position in _POSITIONS:
            narrowed_by.pop(position, None)
        return f"{reverse(name)}?{narrowed_by.urlencode()}" if narrowed_by else None

    def list_url(self, request: HttpRequest) -> str:
        """The list as it is narrowed."""
        return f"{self._whole_list}?{request.GET.urlencode()}"

    def find_listed(
        self, request: HttpRequest, find: "Callable[[QuerySet[_Row]], _Found]"
    ) -> _Found | HttpResponse:
        """What `find` makes of the rows that the list shows; or where to go instead, with the reason told.

        A list that nothing narrows is the whole table: nobody means that.
        """
        try:
            listed = cast(NewestFirst, self.get_changelist_instance(request))
            if not listed.is_narrowed:
                return self._refused(
                    request, "Narrow the list first: by a filter or a search.", messages.WARNING
                )
            return find(listed.queryset)
        except IncorrectLookupParameters:
            return HttpResponseRedirect(f"{self._whole_list}?e=1")
        except OperationalError as error:
            if not isinstance(error.__cause__, QueryCanceled):
                raise
            return self._refused(request, "Counting took too long. Narrow the list further.", messages.ERROR)

    def ask(
        self, request: HttpRequest, template: str, title: str, sections: Sequence[Section], **more: Any
    ) -> HttpResponse:
        """The page that tells what would happen, and by what the list is narrowed."""
        narrowed_by = [
            ("search" if name == SEARCH_VAR else name, cells.code(value))
            for name, value in request.GET.items()
        ]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media,
            "title": title,
            "list_url": self.list_url(request),
            "sections": [Facts("The list is narrowed by", narrowed_by), *sections],
            **more,
        }
        return TemplateResponse(request, template, context)

    @property
    def _whole_list(self) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    def _refused(self, request: HttpRequest, why: str, level: int) -> HttpResponse:
        self.message_user(request, why, level)
        return HttpResponseRedirect(self._whole_list)


def agreed_at(request: HttpRequest) -> datetime | None:
    """When somebody was shown the count that this POST agrees to; None for a request that has yet to ask.

    A POST that does not say when it was asked was never asked.
    """
    return _moment(request.POST.get("asked_at", "")) if request.method == "POST" else None


def _moment(text: str) -> datetime | None:
    """A moment with its zone; None for anything else."""
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    return moment if moment is not None and timezone.is_aware(moment) else None
