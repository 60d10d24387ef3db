"""Deliveries: what was sent where, and each try with its answer. Once more: see `redelivering`."""

from collections.abc import Sequence
from typing import Any

from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from jobs.console import cells
from jobs.console.endpoints import OwnerFilter, answer_of
from jobs.console.keyset import Created, OlderThan, id_range
from jobs.console.redelivering import Redeliver
from jobs.console.rows import NewestFirstAdmin, PageAdmin
from jobs.console.sections import Cell, Facts, Section, Table, Text, columns, numbers
from jobs.console.skin import display, register
from webhooks import targets
from webhooks.events import TYPES
from webhooks.models import Delivery, DeliveryAttempt
from webhooks.states import FINAL, DeliveryState

_TRIES_SHOWN = 50


class StateFilter(SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: "ModelAdmin[Any]") -> list[tuple[str, str]]:
        return [(str(state), cells.words(state).capitalize()) for state in DeliveryState]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        return queryset.filter(state=self.value()) if self.value() else queryset


class TypeFilter(SimpleListFilter):
    title = "event"
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: "ModelAdmin[Any]") -> list[tuple[str, str]]:
        return [(type_, type_) for type_ in TYPES]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        return queryset.filter(event__type=self.value()) if self.value() else queryset


class QueueFilter(SimpleListFilter):
    title = "way"
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: "ModelAdmin[Any]") -> list[tuple[str, str]]:
        return [(targets.WEBHOOKS, "Webhook"), (targets.MAIL, "Mail")]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        return queryset.filter(queue=self.value()) if self.value() else queryset


class EndpointFilter(SimpleListFilter):
    """Shown only where one was asked for, by a link from its page."""

    title = "endpoint"
    parameter_name = "endpoint"

    def lookups(self, request: HttpRequest, model_admin: "ModelAdmin[Any]") -> list[tuple[str, str]]:
        value = request.GET.get(self.parameter_name)
        return [(value, value[:13])] if value else []

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        if not self.value():
            return queryset
        try:
            return queryset.filter(endpoint_id=self.value())
        except (ValidationError, ValueError) as error:
            raise IncorrectLookupParameters(str(error)) from error


@register(Delivery)
class DeliveryAdmin(Redeliver, NewestFirstAdmin[Delivery], PageAdmin[Delivery]):
    page_template = "webhooks/console/delivery.html"
    change_list_template = "webhooks/console/delivery_list.html"
    list_display = (
        "delivery",
        "type",
        "state_badge",
        "tries",
        "answer",
        "target",
        "job",
        "created",
        "next_try",
    )
    list_filter = (StateFilter, Created, TypeFilter, QueueFilter, OwnerFilter, EndpointFilter, OlderThan)
    search_fields = ("id",)
    search_help_text = "Id of a delivery, an event or a job"
    actions = ("redeliver_deliveries",)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Delivery]":
        return super().get_queryset(request).select_related("event", "endpoint").defer("event__payload")

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Delivery]", search_term: str
    ) -> "tuple[QuerySet[Delivery], bool]":
        term = search_term.strip()
        if not term:
            return queryset, False
        if ids := id_range(term):
            return (
                queryset.filter(pk__range=ids)
                | queryset.filter(event__job_id__range=ids)
                | queryset.filter(event__id__range=ids)
            ), False
        return queryset.none(), False

    # --- columns ------------------------------------------------------------------------------------------
    @display(description="Delivery")
    def delivery(self, row: Delivery) -> str:
        return cells.short(row.id)

    @display(description="Event")
    def type(self, row: Delivery) -> str:
        return row.event.type

    @display(description="State")
    def state_badge(self, row: Delivery) -> str:
        return cells.badge(row.state)

    @display(description="Last answer")
    def answer(self, row: Delivery) -> str:
        return answer_of(row.last_status, row.last_error)

    @display(description="To")
    def target(self, row: Delivery) -> str:
        return cells.clipped(row.endpoint.url)

    @display(description="Job")
    def job(self, row: Delivery) -> str:
        job_id = row.event.job_id
        return (
            cells.link(reverse("admin:jobs_job_change", args=[job_id]), cells.short(job_id))
            if job_id
            else cells.NOTHING
        )

    @display(description="Created (UTC)")
    def created(self, row: Delivery) -> str:
        return cells.when(row.created_at)

    @display(description="Next try")
    def next_try(self, row: Delivery) -> str:
        return cells.when(row.next_try_at) if row.state == DeliveryState.PENDING else cells.NOTHING

    # --- the page -----------------------------------------------------------------------------------------
    def page_queryset(self, request: HttpRequest) -> "QuerySet[Delivery]":
        return Delivery.objects.select_related("event", "endpoint")

    def page_title(self, row: Delivery) -> str:
        return f"Delivery {str(row.id)[:13]}"

    def page_context(self, request: HttpRequest, row: Delivery) -> dict[str, Any]:
        over = row.state in FINAL and row.endpoint.enabled
        return {
            "state": cells.badge(row.state),
            "what": row.event.type,
            "can_redeliver": over and self.has_redeliver_permission(request),
        }

    def sections(self, request: HttpRequest, row: Delivery) -> Sequence[Section]:
        tries = list(DeliveryAttempt.objects.filter(delivery=row).order_by("-id")[:_TRIES_SHOWN])
        said = [Text(f"Answer to try {one.epoch}", one.body_excerpt) for one in tries[:3] if one.body_excerpt]
        return [
            *_facts(row),
            _tries(tries),
            *said,
            Facts("Payload", [("data", cells.document(row.event.payload))]),
        ]


def _facts(row: Delivery) -> list[Section]:
    endpoint_url = reverse("admin:webhooks_endpoint_change", args=[row.endpoint_id])
    job_id = row.event.job_id
    job = (
        cells.link(reverse("admin:jobs_job_change", args=[job_id]), cells.code(job_id))
        if job_id
        else cells.NOTHING
    )
    what: list[tuple[str, Cell]] = [
        ("Delivery", cells.code(row.id)),
        ("Event (webhook-id)", cells.code(row.event.id)),
        ("Type", row.event.type),
        ("Sequence", str(row.event.sequence)),
        ("Job", job),
        ("Endpoint", cells.link(endpoint_url, cells.code(row.endpoint.url))),
    ]
    pending = row.state == DeliveryState.PENDING
    how: list[tuple[str, Cell]] = [
        ("State", cells.badge(row.state)),
        ("Tries", str(row.tries)),
        ("Last answer", answer_of(row.last_status, row.last_error)),
        ("Created (UTC)", cells.when(row.created_at)),
        ("Next try", cells.when(row.next_try_at if pending else None)),
        ("Ended", cells.when(row.finished_at)),
        ("In flight at", row.owner or cells.NOTHING),
    ]
    return [Facts("Delivery", what), Facts("How it stands", how)]


def _tries(tries: list[DeliveryAttempt]) -> Table:
    heads = [
        *numbers("Try"),
        *columns("Started (UTC)"),
        *numbers("Took"),
        *columns("Answer", "What happened", "Headers", "Worker"),
    ]
    rows: list[list[Cell]] = [
        [
            str(one.epoch),
            cells.when(one.started_at),
            cells.span(one.latency_seconds),
            answer_of(one.status, one.error),
            cells.clipped(one.message),
            cells.clipped(", ".join(f"{name}: {value}" for name, value in one.headers.items())),
            cells.clipped(one.worker),
        ]
        for one in tries
    ]
    return Table("Tries", heads, rows, empty="None yet.")
