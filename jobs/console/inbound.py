"""Webhooks from outside: the list with its search, a page for each with its tries, and handling them again."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.admin import ModelAdmin as DjangoModelAdmin
from django.contrib.admin import SimpleListFilter
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from psycopg.errors import QueryCanceled

from jobs.console import cells
from jobs.console.keyset import BEFORE, Created, NewestFirst, OlderThan, id_range
from jobs.console.rows import NewestFirstAdmin, PageAdmin, actor_of
from jobs.console.sections import Cell, Facts, Notice, Section, Table, Text, columns, numbers
from jobs.console.skin import action, display, register
from jobs.models import Account
from webhooks.inbound import alerts, registry, transitions
from webhooks.inbound.models import InboundEvent
from webhooks.inbound.states import FINAL, InboundState

# One request replays at most so many: each is a small transaction.
BATCH = 500
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
class InboundEventAdmin(NewestFirstAdmin[InboundEvent], PageAdmin[InboundEvent]):
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

    # --- handle again -------------------------------------------------------------------------------------
    def has_replay_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("inbound.change_inboundevent")

    def get_urls(self) -> list[URLPattern]:
        one = self.admin_site.admin_view(self.replay_view)
        listed = self.admin_site.admin_view(self.replay_listed_view)
        return [
            path("<uuid:pk>/replay/", one, name="inbound_inboundevent_replay"),
            path("replay/", listed, name="inbound_inboundevent_replay_listed"),
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
        narrowed_by = request.GET.copy()
        for name in (BEFORE, "p", "e"):
            narrowed_by.pop(name, None)
        url = None
        if narrowed_by and self.has_replay_permission(request):
            url = f"{reverse('admin:inbound_inboundevent_replay_listed')}?{narrowed_by.urlencode()}"
        return super().changelist_view(request, {**(extra_context or {}), "run_again_url": url})

    def replay_listed_view(self, request: HttpRequest) -> HttpResponse:
        """GET counts and asks; POST replays a batch of what came before it was asked."""
        if not self.has_replay_permission(request):
            raise PermissionDenied
        try:
            listed = cast(NewestFirst, self.get_changelist_instance(request))
            if not listed.is_narrowed:
                self.message_user(
                    request, "Narrow the list first: by a filter or a search.", messages.WARNING
                )
                return HttpResponseRedirect(reverse(_LIST))
            # What arrived since is not what was agreed to.
            newest = _uuid(request.POST.get("newest", "")) if request.method == "POST" else None
            rows = listed.queryset.filter(state__in=[str(state) for state in FINAL])
            if newest is not None:
                rows = rows.filter(pk__lte=newest)
            found = list(rows.order_by("-pk").values_list("pk", "provider", "type", "state")[: BATCH + 1])
        except IncorrectLookupParameters:
            return HttpResponseRedirect(f"{reverse(_LIST)}?e=1")
        except OperationalError as error:
            if not isinstance(error.__cause__, QueryCanceled):
                raise
            self.message_user(request, "Counting took too long. Narrow the list further.", messages.ERROR)
            return HttpResponseRedirect(reverse(_LIST))
        list_url = f"{reverse(_LIST)}?{request.GET.urlencode()}"
        if newest is not None:
            # The oldest first, as they happened.
            self._replay(request, [row[0] for row in reversed(found[:BATCH])])
            return HttpResponseRedirect(list_url)
        kinds = Counter((provider, type_, state) for _, provider, type_, state in found[:BATCH])
        rows_of_kinds: list[list[Cell]] = [
            [provider, cells.code(type_), cells.badge(state), str(count)]
            for (provider, type_, state), count in kinds.most_common()
        ]
        heads = [*columns("Provider", "Type", "State"), *numbers("Webhooks")]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media,
            "title": "Handle again",
            "count": len(found[:BATCH]),
            "more": len(found) > BATCH,
            "newest": found[0][0] if found else "",
            "list_url": list_url,
            "sections": [Table("What would be handled again", heads, rows_of_kinds)],
        }
        return TemplateResponse(request, "console/replay.html", context)

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


def _counted(count: int) -> str:
    return "1 webhook is" if count == 1 else f"{count} webhooks are"


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
