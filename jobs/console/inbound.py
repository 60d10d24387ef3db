"""Webhooks from outside: the list with its search, a page for each with its tries, and handling them again."""

import json
from collections.abc import Sequence
from typing import Any

from django.contrib.admin import ModelAdmin as DjangoModelAdmin
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from jobs.console import cells
from jobs.console.handling_again import HandleAgain
from jobs.console.keyset import Created, OlderThan, id_range
from jobs.console.rows import NewestFirstAdmin, PageAdmin
from jobs.console.sections import Cell, Facts, Notice, Section, Table, Text, columns, numbers
from jobs.console.skin import display, register
from jobs.models import Account
from webhooks.inbound import alerts, registry
from webhooks.inbound.models import InboundEvent
from webhooks.inbound.states import FINAL, InboundState

TRIES_SHOWN = 100
BODY_CHARACTERS = 200_000
COUNTED_AT_MOST = 1000
_LIST = "admin:inbound_inboundevent_changelist"


class StateFilter(SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: "DjangoModelAdmin[Any]") -> list[tuple[str, str]]:
        return [(str(state), cells.words(state).capitalize()) for state in InboundState]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        return queryset.filter(state=self.value()) if self.value() else queryset


class TypeFilter(SimpleListFilter):
    """A provider, or one type of it: those that something here acts on, and whichever was asked for."""

    title = "provider and type"
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: "DjangoModelAdmin[Any]") -> list[tuple[str, str]]:
        offered: list[tuple[str, str]] = []
        for name, types in registry.known().items():
            offered += [(name, f"{name}: all"), *((f"{name}/{type_}", type_) for type_ in types)]
        asked = request.GET.get(self.parameter_name)
        if asked and asked not in dict(offered):
            offered.append((asked, asked))
        return offered

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        provider, _, type_ = (self.value() or "").partition("/")
        if not provider:
            return queryset
        rows = queryset.filter(provider=provider)
        return rows.filter(type=type_) if type_ else rows


class OwnerFilter(SimpleListFilter):
    """The account that it concerned, by slug; offered where one was asked for: there may be thousands."""

    title = "account"
    parameter_name = "account"

    def lookups(self, request: HttpRequest, model_admin: "DjangoModelAdmin[Any]") -> list[tuple[str, str]]:
        slugs = list(Account.objects.order_by("slug").values_list("slug", flat=True)[:30])
        asked = request.GET.get(self.parameter_name)
        return [(slug, slug) for slug in [*slugs, *([asked] if asked and asked not in slugs else [])]]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        if not self.value():
            return queryset
        account = Account.objects.filter(slug=self.value()).first()
        return queryset.filter(account_id=account.id) if account else queryset.none()


@register(InboundEvent)
class InboundEventAdmin(HandleAgain, NewestFirstAdmin[InboundEvent], PageAdmin[InboundEvent]):
    page_template = "console/inbound.html"
    list_display = ("event", "kind", "provider_id", "state_badge", "tried", "size", "arrived", "outcome")
    list_filter = (StateFilter, Created, TypeFilter, OwnerFilter, OlderThan)
    # `get_search_results` does it; a value here makes the field appear.
    search_fields = ("id",)
    search_help_text = "Our id or the provider's, a fault code, or words of the note"
    actions = ("replay_ticked",)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[InboundEvent]":
        return super().get_queryset(request).defer("body", "headers")

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[InboundEvent]", search_term: str
    ) -> "tuple[QuerySet[InboundEvent], bool]":
        term = search_term.strip()
        if not term:
            return queryset, False
        found = queryset.filter(event_id=term) | queryset.filter(fault_code=term)
        if ids := id_range(term):
            # GitHub's ids are UUIDs too.
            return found | queryset.filter(pk__range=ids), False
        return (
            found | queryset.filter(note__icontains=term) | queryset.filter(fault_message__icontains=term)
        ), False

    # --- columns ------------------------------------------------------------------------------------------
    @display(description="Webhook")
    def event(self, row: InboundEvent) -> str:
        return cells.short(row.id)

    @display(description="Provider, type")
    def kind(self, row: InboundEvent) -> str:
        return cells.clipped(row.type, under=row.provider)

    @display(description="Provider's id")
    def provider_id(self, row: InboundEvent) -> str:
        return cells.clipped(row.event_id)

    @display(description="State")
    def state_badge(self, row: InboundEvent) -> str:
        return cells.badge(row.state)

    @display(description="Tries")
    def tried(self, row: InboundEvent) -> str:
        return str(row.tries)

    @display(description="Size")
    def size(self, row: InboundEvent) -> str:
        return cells.size(row.size_bytes)

    @display(description="Received (UTC)")
    def arrived(self, row: InboundEvent) -> str:
        return cells.when(row.received_at)

    @display(description="What came of it")
    def outcome(self, row: InboundEvent) -> str:
        return cells.fault(row.fault_code, row.fault_message) if row.fault_code else cells.clipped(row.note)

    # --- the page -----------------------------------------------------------------------------------------
    def page_queryset(self, request: HttpRequest) -> "QuerySet[InboundEvent]":
        return super().page_queryset(request).defer(None)

    def page_title(self, row: InboundEvent) -> str:
        return f"{row.provider} {row.type}"

    def sections(self, request: HttpRequest, row: InboundEvent) -> Sequence[Section]:
        account = Account.objects.filter(id=row.account_id).first() if row.account_id else None
        facts = Facts(
            "Webhook",
            [
                ("Id", cells.code(row.id)),
                ("Provider's id", cells.code(row.event_id)),
                ("Provider", row.provider),
                ("Type", cells.code(row.type)),
                ("Received (UTC)", cells.when(row.received_at)),
                ("Happened (UTC)", cells.when(row.occurred_at)),
                ("Finished (UTC)", cells.when(row.finished_at)),
                ("Next try (UTC)", cells.when(row.next_try_at if row.state not in FINAL else None)),
                ("Account", _account_link(account) if account else cells.NOTHING),
                ("Note", row.note or cells.NOTHING),
                ("Size", cells.size(row.size_bytes)),
            ],
        )
        wrong = [Notice(row.fault_code, row.provider, row.fault_message, "", "")] if row.fault_code else []
        headers = Facts("Headers", [(name, cells.code(value)) for name, value in sorted(row.headers.items())])
        return [*wrong, facts, _tries(row), headers, Text("Body", _body(row))]

    def page_context(self, request: HttpRequest, row: InboundEvent) -> dict[str, Any]:
        can = row.state in FINAL and self.has_replay_permission(request)
        return {"state": cells.badge(row.state), "can_replay": can, "asks": can and "again" in request.GET}


def trouble() -> list[Section]:
    """For the first page: types that keep failing, and what is kept for a person; nothing where all is well."""
    rows: list[list[Cell]] = [
        [
            cells.link(
                f"{reverse(_LIST)}?type={alert.provider}/{alert.type}", f"{alert.provider} {alert.type}"
            ),
            "failed more than three times in an hour",
            cells.when(alert.raised_at),
        ]
        for alert in alerts.current()[:20]
    ]
    dead = InboundEvent.objects.filter(state=InboundState.DEAD_LETTER)
    # By the partial index, and up to a bound.
    count = dead.order_by("-id").values("id")[:COUNTED_AT_MOST].count()
    if count:
        link = cells.link(f"{reverse(_LIST)}?state=dead_letter", "Dead letters")
        shown = f"{COUNTED_AT_MOST} or more" if count >= COUNTED_AT_MOST else str(count)
        rows.append([link, f"{shown} kept for a person", cells.NOTHING])
    if not rows:
        return []
    return [Table("Inbound webhooks need a look", columns("What", "How it stands", "Since (UTC)"), rows)]


def _tries(row: InboundEvent) -> Table:
    tries = row.history.order_by("-epoch")[:TRIES_SHOWN]
    rows: list[list[Cell]] = [
        [
            str(one.epoch),
            cells.badge(one.state),
            cells.when(one.started_at),
            cells.span((one.finished_at - one.started_at).total_seconds() if one.finished_at else None),
            cells.clipped(one.worker),
            cells.clipped(one.fault_message, under=one.fault_code),
            cells.code(one.fault_detail),
        ]
        for one in tries
    ]
    heads = [*numbers("#"), *columns("State", "Began (UTC)", "Took", "Worker", "Fault", "Detail")]
    return Table("Tries", heads, rows, empty="None yet.")


def _body(row: InboundEvent) -> str:
    """Indented where it is JSON, which it always is; cut for the page."""
    body = bytes(row.body)
    try:
        text = json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        text = body.decode(errors="replace")
    return text if len(text) <= BODY_CHARACTERS else f"{text[:BODY_CHARACTERS]}\n… cut for this page"


def _account_link(account: Account) -> Cell:
    return cells.link(reverse("admin:jobs_account_change", args=[account.pk]), account.slug)
