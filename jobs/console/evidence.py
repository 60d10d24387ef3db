"""The evidence beside the attempts: which encoders there were, every change of state, and what went out about it."""

import json
from collections.abc import Sequence
from typing import TypeVar

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from audit.identifiers import NOBODY
from audit.models import AuditEvent, EncoderIdentity
from jobs.console import cells
from jobs.console.job_page import detail_of
from jobs.console.keyset import OlderThan, id_range
from jobs.console.rows import NewestFirstAdmin, PageAdmin
from jobs.console.sections import Facts, Section, Table, Text, columns
from jobs.console.skin import ShowFacets, display, register
from jobs.models import Attempt, Job
from webhooks.models import Event

_Row = TypeVar("_Row", AuditEvent, Event)

# Counting further would read as many index entries as there are attempts.
COUNTED_AT_MOST = 10_000


@register(EncoderIdentity)
class EncoderIdentityAdmin(PageAdmin[EncoderIdentity]):
    list_display = ("revision", "version", "binary", "container", "first_seen")
    list_fullwidth = True
    ordering = ("-first_seen_at",)
    sortable_by = ()
    show_facets = ShowFacets.NEVER
    search_fields = ("revision", "sha256", "version")
    search_help_text = "Revision, version or SHA-256"
    actions = None

    @display(description="Binary's SHA-256")
    def binary(self, row: EncoderIdentity) -> str:
        return cells.digest(row.sha256)

    @display(description="Container")
    def container(self, row: EncoderIdentity) -> str:
        return cells.clipped(row.container_digest)

    @display(description="First seen (UTC)")
    def first_seen(self, row: EncoderIdentity) -> str:
        return cells.when(row.first_seen_at)

    def sections(self, request: HttpRequest, row: EncoderIdentity) -> Sequence[Section]:
        facts = Facts(
            "Encoder",
            [
                ("Revision", cells.code(row.revision)),
                ("Version", row.version),
                ("Binary's SHA-256", cells.code(row.sha256)),
                ("Container digest", cells.code(row.container_digest)),
                ("First seen (UTC)", cells.when(row.first_seen_at)),
                ("Attempts with it", _counted(Attempt.objects.filter(encoder_identity=row))),
                ("Jobs submitted to it", _counted(Job.objects.filter(encoder_identity=row))),
            ],
        )
        libraries = Table(
            "Libraries",
            columns("Library", "Version"),
            [[name, str(row.libraries[name])] for name in row.libraries],
        )
        return [facts, libraries, Text("Configuration", _wrapped(row.configuration))]


def _wrapped(configuration: str) -> str:
    """One `--option` a line."""
    return configuration.replace(" --", "\n--")


def _counted(rows: "QuerySet[Attempt] | QuerySet[Job]") -> str:
    found = rows[: COUNTED_AT_MOST + 1].count()
    return f"more than {COUNTED_AT_MOST:,}" if found > COUNTED_AT_MOST else f"{found:,}"


@register(AuditEvent)
class AuditEventAdmin(NewestFirstAdmin[AuditEvent]):
    list_display = ("moment", "job", "what", "before", "after", "actor", "more")
    list_display_links = None
    list_filter = (OlderThan,)
    search_fields = ("job_id",)
    search_help_text = "Id of a job"
    actions = None

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[AuditEvent]", search_term: str
    ) -> "tuple[QuerySet[AuditEvent], bool]":
        return _of_job(queryset, search_term), False

    @display(description="At (UTC)")
    def moment(self, row: AuditEvent) -> str:
        return cells.when(row.at)

    @display(description="Job")
    def job(self, row: AuditEvent) -> str:
        if row.job_id == NOBODY:
            return cells.NOTHING
        return cells.link(reverse("admin:jobs_job_change", args=[row.job_id]), cells.short(row.job_id))

    @display(description="What")
    def what(self, row: AuditEvent) -> str:
        return " ".join(filter(None, [row.subject, row.label]))

    @display(description="From")
    def before(self, row: AuditEvent) -> str:
        return cells.badge(row.from_state) if row.from_state else cells.NOTHING

    @display(description="To")
    def after(self, row: AuditEvent) -> str:
        return cells.badge(row.to_state)

    @display(description="Detail")
    def more(self, row: AuditEvent) -> str:
        return detail_of(row.detail)


@register(Event)
class EventAdmin(NewestFirstAdmin[Event]):
    """The outbox: what customers are told."""

    list_display = ("sequence", "created", "type", "job", "content")
    list_display_links = None
    list_filter = (OlderThan,)
    search_fields = ("job_id",)
    search_help_text = "Id of a job"
    actions = None

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Event]", search_term: str
    ) -> "tuple[QuerySet[Event], bool]":
        return _of_job(queryset, search_term), False

    @display(description="Job")
    def job(self, row: Event) -> str:
        if row.job_id is None:
            return cells.NOTHING
        return cells.link(reverse("admin:jobs_job_change", args=[row.job_id]), cells.short(row.job_id))

    @display(description="Payload")
    def content(self, row: Event) -> str:
        return cells.clipped(json.dumps(row.payload, ensure_ascii=False), wide=True)

    @display(description="At (UTC)")
    def created(self, row: Event) -> str:
        return cells.when(row.created_at)


def _of_job(rows: "QuerySet[_Row]", search_term: str) -> "QuerySet[_Row]":
    term = search_term.strip()
    if not term:
        return rows
    ids = id_range(term)
    return rows.filter(job_id__range=ids) if ids else rows.none()
