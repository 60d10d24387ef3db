"""The kinds of admin that there are here: rows that nobody edits, long lists, and pages of sections.

The rows are the record of what happened. What may change, changes through a service, which an action calls.
"""

from collections.abc import Sequence
from dataclasses import dataclass
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

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Where a subclass lets rows be made, there is one way to save: what follows is not for editing."""
        buttons = {"show_save_and_continue": False, "show_save_and_add_another": False}
        return super().add_view(request, form_url, {**(extra_context or {}), **buttons})

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
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    change_list_template = "console/change_list.html"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[keyset.NewestFirst]:
        return keyset.NewestFirst

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            return super().changelist_view(request, extra_context)
        except OperationalError as error:
            if not isinstance(error.__cause__, QueryCanceled):
                raise
            messages.error(request, "The search took too long. Narrow it by state, account or time.")
            return HttpResponseRedirect(request.path)


@dataclass(frozen=True, slots=True)
class _Original:
    """What the skin's breadcrumbs ask of a row, under the title of its page."""

    pk: object
    _meta: Any
    title: str

    def __str__(self) -> str:
        return self.title


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
            "original": _Original(row.pk, self.opts, self.page_title(row)),
            "title": self.page_title(row),
            "sections": self.sections(request, row),
            "media": self.media,
            **self.page_context(request, row),
        }
        return TemplateResponse(request, self.page_template, context)
