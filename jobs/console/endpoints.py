"""Endpoints: where accounts hear of their jobs, how each stands, and on and off. Secrets are on no page."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from jobs.console import cells
from jobs.console.filters import AccountFilter
from jobs.console.keyset import OlderThan, id_range
from jobs.console.rows import NewestFirstAdmin, PageAdmin, actor_of
from jobs.console.sections import Cell, Facts, Section, Table, columns, numbers
from jobs.console.skin import action, display, register
from jobs.models import Account
from webhooks import endpoints
from webhooks.models import Delivery, Endpoint

_SHOWN = 20
_REASONS = {
    "asked": "somebody asked for it",
    "gone": "it answered 410 Gone",
    "failing": "it only failed, for days",
    "deleted": "its owner deleted it",
}


class OwnerFilter(AccountFilter):
    """By the account's id: webhooks know accounts by nothing else."""

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        if not self.value():
            return queryset
        account = Account.objects.filter(slug=self.value()).values_list("id", flat=True).first()
        return queryset.filter(account_id=account) if account else queryset.none()


class StandingFilter(SimpleListFilter):
    title = "standing"
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: "ModelAdmin[Any]") -> list[tuple[str, str]]:
        return [
            ("enabled", "Enabled"),
            ("failing", "Failing"),
            ("disabled", "Disabled"),
            ("deleted", "Deleted"),
        ]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Endpoint]") -> "QuerySet[Endpoint]":
        match self.value():
            case "enabled":
                return queryset.filter(enabled=True)
            case "failing":
                return queryset.filter(enabled=True, failing_since__isnull=False)
            case "disabled":
                return queryset.filter(enabled=False, deleted_at=None)
            case "deleted":
                return queryset.filter(deleted_at__isnull=False)
        return queryset


@register(Endpoint)
class EndpointAdmin(NewestFirstAdmin[Endpoint], PageAdmin[Endpoint]):
    list_display = ("endpoint", "owner", "standing", "target", "hears", "failing", "created")
    list_filter = (StandingFilter, OwnerFilter, OlderThan)
    search_fields = ("id",)
    search_help_text = "Id of an endpoint or a job, or the beginning of a URL"
    actions = ("enable_endpoints", "disable_endpoints")

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Endpoint]":
        owner = Account.objects.filter(id=OuterRef("account_id")).values("slug")
        return super().get_queryset(request).defer("signing").annotate(owner_slug=Subquery(owner))

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Endpoint]", search_term: str
    ) -> "tuple[QuerySet[Endpoint], bool]":
        term = search_term.strip()
        if not term:
            return queryset, False
        if ids := id_range(term):
            return queryset.filter(pk__range=ids) | queryset.filter(job_id__range=ids), False
        return queryset.filter(url__startswith=term), False

    # --- on and off ---------------------------------------------------------------------------------------
    def has_switch_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("webhooks.change_endpoint")

    @action(description="Enable the selected endpoints", permissions=["switch"])
    def enable_endpoints(self, request: HttpRequest, queryset: "QuerySet[Endpoint]") -> None:
        self._switch(request, queryset, True)

    @action(description="Disable the selected endpoints", permissions=["switch"])
    def disable_endpoints(self, request: HttpRequest, queryset: "QuerySet[Endpoint]") -> None:
        self._switch(request, queryset, False)

    def _switch(self, request: HttpRequest, queryset: "QuerySet[Endpoint]", enabled: bool) -> None:
        rows = list(queryset[: self.list_per_page])
        changed = sum(endpoints.set_enabled(row, enabled, actor=actor_of(request)) for row in rows)
        word = "Enabled" if enabled else "Disabled"
        self.message_user(request, f"{word}: {changed} of {len(rows)}.", messages.SUCCESS)

    # --- columns ------------------------------------------------------------------------------------------
    @display(description="Endpoint")
    def endpoint(self, row: Endpoint) -> str:
        return cells.short(row.id)

    @display(description="Account")
    def owner(self, row: Endpoint) -> str:
        return _slug(row)

    @display(description="Standing")
    def standing(self, row: Endpoint) -> str:
        return cells.badge(standing_of(row))

    @display(description="URL")
    def target(self, row: Endpoint) -> str:
        return cells.clipped(row.url, under=row.description or ("of a job" if row.job_id else ""), wide=True)

    @display(description="Hears of")
    def hears(self, row: Endpoint) -> str:
        return cells.clipped(hears_of(row))

    @display(description="Failing since (UTC)")
    def failing(self, row: Endpoint) -> str:
        return cells.when(row.failing_since)

    @display(description="Created (UTC)")
    def created(self, row: Endpoint) -> str:
        return cells.when(row.created_at)

    # --- the page -----------------------------------------------------------------------------------------
    def page_title(self, row: Endpoint) -> str:
        return f"Endpoint {str(row.id)[:13]}"

    def sections(self, request: HttpRequest, row: Endpoint) -> Sequence[Section]:
        what: list[tuple[str, Cell]] = [
            ("Endpoint", cells.code(row.id)),
            ("Account", _slug(row)),
            ("URL", cells.code(row.url)),
            ("Description", row.description or cells.NOTHING),
            ("Hears of", hears_of(row)),
            ("Shape of the bodies", row.shape),
        ]
        if row.job_id:
            url = reverse("admin:jobs_job_change", args=[row.job_id])
            what.append(("Of the job", cells.link(url, cells.code(row.job_id))))
        how: list[tuple[str, Cell]] = [
            ("Standing", cells.badge(standing_of(row))),
            ("Disabled because", _REASONS.get(row.disabled_reason, cells.NOTHING)),
            ("Disabled (UTC)", cells.when(row.disabled_at)),
            ("Failing since", cells.when(row.failing_since)),
            ("Paused until", cells.when(row.paused_until)),
            ("Created", cells.when(row.created_at)),
            ("Deliveries", cells.link(deliveries_url(endpoint=str(row.id)), "all of them")),
        ]
        latest = Delivery.objects.filter(endpoint=row).select_related("event").defer("event__payload")
        return [
            Facts("Endpoint", what),
            Facts("How it stands", how),
            _deliveries(list(latest.order_by("-id")[:_SHOWN])),
        ]


def standing_of(row: Endpoint) -> str:
    if row.deleted_at:
        return "deleted"
    if not row.enabled:
        return "disabled"
    return "failing" if row.failing_since else "enabled"


def hears_of(row: Endpoint) -> str:
    return ", ".join(row.types) if row.types else "everything but job.progress"


def deliveries_url(**narrowed_by: str) -> str:
    return f"{reverse('admin:webhooks_delivery_changelist')}?{urlencode(narrowed_by)}"


def _slug(row: Endpoint) -> str:
    return getattr(row, "owner_slug", None) or cells.NOTHING


def _deliveries(rows: list[Delivery]) -> Table:
    heads = [
        *columns("Delivery", "Event", "State"),
        *numbers("Tries"),
        *columns("Last answer", "Created (UTC)"),
    ]
    shown: list[list[Cell]] = [
        [
            cells.link(reverse("admin:webhooks_delivery_change", args=[row.pk]), cells.short(row.pk)),
            row.event.type,
            cells.badge(row.state),
            str(row.tries),
            answer_of(row.last_status, row.last_error),
            cells.when(row.created_at),
        ]
        for row in rows
    ]
    return Table("Latest deliveries", heads, shown, empty="Nothing was sent there yet.")


def answer_of(status: int | None, error: str) -> str:
    """`503`, or why there was no answer."""
    if status is not None:
        return str(status)
    return cells.words(error) if error else cells.NOTHING
