"""Jobs: the list with its search, and what an operator may do to them: cancel here, run again in `requeueing`."""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import (
    Avg,
    BooleanField,
    Exists,
    ExpressionWrapper,
    FloatField,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from jobs import submission
from jobs.console import cells, job_page
from jobs.console.filters import AccountFilter, JobStateFilter, PresetFilter
from jobs.console.keyset import Created, OlderThan, id_range
from jobs.console.requeueing import RunAgain, jobs_in_words
from jobs.console.rows import NewestFirstAdmin, PageAdmin, actor_of
from jobs.console.sections import Section
from jobs.console.skin import action, display, register
from jobs.models import Job, Output, Rendition, Source
from jobs.states import FINAL_JOB, JobState

_SHA256_DIGITS = 64


@register(Job)
class JobAdmin(RunAgain, NewestFirstAdmin[Job], PageAdmin[Job]):
    page_template = "console/job.html"
    list_display = (
        "job", "owner", "state_badge", "progress", "source", "duration", "created", "took", "fault",
    )  # fmt: skip
    list_filter = (JobStateFilter, Created, AccountFilter, PresetFilter, OlderThan)
    # `get_search_results` does it; a value here makes the field appear.
    search_fields = ("id",)
    search_help_text = "Id, reference, source URL, fault, or a SHA-256"
    actions = ("run_jobs_again", "cancel_jobs")

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Job]":
        progress = (
            Rendition.objects.filter(job=OuterRef("pk")).values("job").annotate(mean=Avg("step__progress"))
        )
        return (
            super()
            .get_queryset(request)
            .select_related("account", "preset")
            .prefetch_related(
                Prefetch("sources", Source.objects.order_by("position").only("job_id", "position", "url"))
            )
            .annotate(
                mean_progress=Subquery(progress.values("mean")),
                source_seconds=Cast(KT("plan__duration_seconds"), FloatField()),
                is_command=ExpressionWrapper(Q(command__isnull=False), output_field=BooleanField()),
            )
            .defer("plan", "ladder", "command", "metadata")
        )

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Job]", search_term: str
    ) -> "tuple[QuerySet[Job], bool]":
        term = search_term.strip()
        if not term:
            return queryset, False
        if ids := id_range(term):
            return queryset.filter(pk__range=ids), False
        of_this_job = {"job": OuterRef("pk")}
        if len(term) == _SHA256_DIGITS:
            return queryset.filter(
                Exists(Source.objects.filter(**of_this_job, sha256=term.lower()))
                | Exists(Output.objects.filter(**of_this_job, sha256=term.lower()))
            ), False
        # EXISTS, not a join: a join would repeat the job for each source and need a DISTINCT over all of them.
        return queryset.filter(
            Q(reference__icontains=term)
            | Q(fault_code__icontains=term)
            | Q(fault_message__icontains=term)
            | Q(fault_detail__icontains=term)
            | Exists(Source.objects.filter(**of_this_job, url__icontains=term))
        ), False

    # --- columns ------------------------------------------------------------------------------------------
    @display(description="Job")
    def job(self, row: Job) -> str:
        return cells.short(row.id)

    @display(description="Account, preset")
    def owner(self, row: Any) -> str:
        return cells.clipped(row.account.slug, under=job_page.wish_of(row.preset, row.is_command))

    @display(description="State")
    def state_badge(self, row: Job) -> str:
        return cells.badge(row.state)

    @display(description="Progress")
    def progress(self, row: Job) -> str:
        return cells.bar(progress_of(row), row.state)

    @display(description="Source")
    def source(self, row: Job) -> str:
        sources = row.sources.all()
        return cells.clipped(cells.file_name(sources[0].url) if sources else "", under=row.reference)

    @display(description="Length")
    def duration(self, row: Job) -> str:
        return cells.span(getattr(row, "source_seconds", None))

    @display(description="Created (UTC)")
    def created(self, row: Job) -> str:
        return cells.when(row.created_at)

    @display(description="Took")
    def took(self, row: Job) -> str:
        return cells.span(seconds_taken(row))

    @display(description="Fault")
    def fault(self, row: Job) -> str:
        return cells.fault(row.fault_code, row.fault_message)

    # --- the page -----------------------------------------------------------------------------------------
    def page_queryset(self, request: HttpRequest) -> "QuerySet[Job]":
        return self.get_queryset(request).defer(None).select_related("manifest", "encoder_identity")

    def page_title(self, row: Job) -> str:
        return f"Job {row.id}"

    def sections(self, request: HttpRequest, row: Job) -> Sequence[Section]:
        return job_page.sections(row)

    def page_context(self, request: HttpRequest, row: Job) -> dict[str, Any]:
        live = row.state not in FINAL_JOB
        # A page that asks a question must not reload itself under the answer.
        asks = live and "cancel" in request.GET
        return {
            "state": cells.badge(row.state),
            "progress": cells.bar(progress_of(row), row.state),
            "took": _took(row),
            "refresh_seconds": job_page.REFRESH_SECONDS if live and not asks else None,
            "asks": asks,
            "can_cancel": live and self.has_cancel_permission(request),
            **self.again_context(request, row),
        }

    # --- cancel -------------------------------------------------------------------------------------------
    def get_urls(self) -> list[URLPattern]:
        cancel = self.admin_site.admin_view(self.cancel_view)
        return [path("<uuid:pk>/cancel/", cancel, name="jobs_job_cancel"), *super().get_urls()]

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("jobs.change_job")

    @action(description="Cancel the selected jobs", permissions=["cancel"])
    def cancel_jobs(self, request: HttpRequest, queryset: "QuerySet[Job]") -> None:
        """At most a page of them: a forged 'select all' does not reach further."""
        self._cancel(request, list(queryset.values_list("pk", flat=True)[: self.list_per_page]))

    def cancel_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        if request.method != "POST" or not self.has_cancel_permission(request):
            raise PermissionDenied
        self._cancel(request, [pk])
        return HttpResponseRedirect(reverse("admin:jobs_job_change", args=[pk]))

    def _cancel(self, request: HttpRequest, ids: list[UUID]) -> None:
        cancelled, ended = 0, Counter[str]()
        for pk in ids:
            try:
                submission.cancel(pk, actor=actor_of(request))
                cancelled += 1
            except submission.AlreadyFinal as error:
                ended[cells.words(error.state)] += 1
            except Job.DoesNotExist:
                ended["gone"] += 1
        if cancelled:
            self.message_user(request, f"Cancelled {jobs_in_words(cancelled)}.", messages.SUCCESS)
        for state, count in ended.items():
            sentence = f"{jobs_in_words(count)} had ended already ({state}): nothing to cancel."
            self.message_user(request, sentence, messages.WARNING)


def progress_of(row: Job) -> float:
    """0 to 1, as the API counts it: the mean of the renditions."""
    if row.state in (JobState.SUCCEEDED, JobState.PARTIAL):
        return 1.0
    return float(getattr(row, "mean_progress", None) or 0.0)


def seconds_taken(row: Job) -> float | None:
    """From the first worker's claim to the end, or to now."""
    if row.started_at is None:
        return None
    return ((row.finished_at or timezone.now()) - row.started_at).total_seconds()


def _took(row: Job) -> str:
    seconds = seconds_taken(row)
    if seconds is None:
        return "never started" if row.state in FINAL_JOB else "not started yet"
    return f"took {cells.span(seconds)}" if row.state in FINAL_JOB else f"{cells.span(seconds)} so far"
