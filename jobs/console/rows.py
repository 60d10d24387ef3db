"""The kinds of admin that there are here: rows that nobody edits, long lists, and pages of sections.

The rows are the record of what happened. What may change, changes through a service, which an action calls.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import OperationalError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from psycopg.errors import QueryCanceled

from jobs.console import keyset
from jobs.console.sections import Section
from jobs.console.skin import ModelAdmin, ShowFacets

_Row = TypeVar("_Row", bound=Model)


def actor_of(request: HttpRequest) -> str:
    """Who did it, for the audit trail."""
    return f"operator:{request.user.get_username()}"


class ReadOnlyAdmin(ModelAdmin[_Row]):
    """Rows to look at: no adding, changing or deleting, by whatever request."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class NewestFirstAdmin(ReadOnlyAdmin[_Row]):
    """A list of any length; see `keyset`."""

    ordering = ("-pk",)
    sortable_by = ()
    list_per_page = 50
    list_fullwidth = True
    list_disable_select_all = True
    paginator = keyset.FirstPage
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    change_list_template = "console/change_list.html"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            response = super().changelist_view(request, extra_context)
        except OperationalError as error:
            if not isinstance(error.__cause__, QueryCanceled):
                raise
            messages.error(request, "The search took too long. Narrow it by state, account or time.")
            return HttpResponseRedirect(request.path)
        if isinstance(response, TemplateResponse) and response.context_data:
            changelist = response.context_data["cl"]
            # The number of rows shown is no number of results: nothing may call it one.
            changelist.full_result_count = changelist.result_count
            response.context_data |= {
                "older_url": keyset.older_url(changelist),
                "newest_url": keyset.newest_url(changelist),
            }
        return response


class PageAdmin(ReadOnlyAdmin[_Row]):
    """A row's page is made of sections, in place of Django's form."""

    page_template = "console/page.html"

    def page_queryset(self, request: HttpRequest) -> "QuerySet[_Row]":
        """The row with all that its page needs."""
        return self.get_queryset(request)

    def page_title(self, row: _Row) -> str:
        return str(row)

    def sections(self, request: HttpRequest, row: _Row) -> Sequence[Section]:
        raise NotImplementedError

    def page_context(self, request: HttpRequest, row: _Row) -> dict[str, Any]:
        """More for a template of its own."""
        return {}

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if request.method not in ("GET", "HEAD") or not self.has_view_permission(request):
            raise PermissionDenied
        try:
            row = self.page_queryset(request).filter(pk=unquote(object_id)).first()
        except (ValidationError, ValueError):
            row = None
        if row is None:
            return self._get_obj_does_not_exist_redirect(  # type: ignore[attr-defined,no-any-return]
                request, self.opts, object_id
            )
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": row,
            "title": self.page_title(row),
            "sections": self.sections(request, row),
            "media": self.media,
            **self.page_context(request, row),
        }
        return TemplateResponse(request, self.page_template, context)
