"""Attempts: the evidence of each try, with the exact command and what FFmpeg said."""

import shlex
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from zstandard import ZstdError

from audit.recorder import read_stderr
from jobs.console import cells, stderr
from jobs.console.filters import AttemptStateFilter, BucketFilter, QueueFilter
from jobs.console.job_page import encoder_link, exit_of, waited_seconds
from jobs.console.keyset import Created, OlderThan, id_range
from jobs.console.rows import NewestFirstAdmin, PageAdmin
from jobs.console.sections import Cell, Facts, Section, Table, Text, columns, notice, numbers
from jobs.console.skin import display, register
from jobs.models import Attempt, Output
from jobs.states import AttemptState


@register(Attempt)
class AttemptAdmin(NewestFirstAdmin[Attempt], PageAdmin[Attempt]):
    page_template = "console/attempt.html"
    list_display = ("step_name", "job_id_short", "state_badge", "worker_name", "queue", "started", "waited", "wall", "exit", "fault")  # fmt: skip # noqa: E501
    list_filter = (AttemptStateFilter, Created, BucketFilter, QueueFilter, OlderThan)
    search_fields = ("id",)
    search_help_text = "Id, job, worker or fault code"
    actions = None

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Attempt]":
        rows = super().get_queryset(request).select_related("step", "rendition")
        return rows.defer("argv", "evidence", "step__outcome", "rendition__spec")

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Attempt]", search_term: str
    ) -> "tuple[QuerySet[Attempt], bool]":
        term = search_term.strip()
        if not term:
            return queryset, False
        if ids := id_range(term):
            return queryset.filter(pk__range=ids) | queryset.filter(
                job_id__gte=ids[0], job_id__lte=ids[1]
            ), False
        return queryset.filter(worker=term) | queryset.filter(fault_code=term), False

    # --- columns ------------------------------------------------------------------------------------------
    @display(description="Attempt")
    def step_name(self, row: Attempt) -> str:
        return f"{row.step} #{row.epoch}"

    @display(description="Job")
    def job_id_short(self, row: Attempt) -> str:
        return cells.link(reverse("admin:jobs_job_change", args=[row.job_id]), cells.short(row.job_id))

    @display(description="State")
    def state_badge(self, row: Attempt) -> str:
        return cells.badge(row.state)

    @display(description="Worker")
    def worker_name(self, row: Attempt) -> str:
        return cells.clipped(row.worker)

    @display(description="Started (UTC)")
    def started(self, row: Attempt) -> str:
        return cells.when(row.started_at)

    @display(description="Waited")
    def waited(self, row: Attempt) -> str:
        return cells.span(waited_seconds(row))

    @display(description="Wall")
    def wall(self, row: Attempt) -> str:
        return cells.span(row.wall_seconds)

    @display(description="Exit")
    def exit(self, row: Attempt) -> str:
        return exit_of(row)

    @display(description="Fault")
    def fault(self, row: Attempt) -> str:
        return cells.fault(row.fault_code, row.fault_message)

    # --- the page -----------------------------------------------------------------------------------------
    def page_queryset(self, request: HttpRequest) -> "QuerySet[Attempt]":
        related = ("step", "rendition", "encoder_identity", "stderr", "job__account")
        return Attempt.objects.select_related(*related)

    def page_title(self, row: Attempt) -> str:
        return f"Attempt #{row.epoch} at {row.step}"

    def sections(self, request: HttpRequest, row: Attempt) -> Sequence[Section]:
        outputs = Output.objects.filter(attempt=row).defer("probe", "index")
        found: list[Section] = [
            *notice(row.fault_code, row.fault_bucket, row.fault_message, row.fault_detail),
            *_facts(row),
            _outputs(list(outputs)),
        ]
        if row.argv:
            found.append(Text("Command", command(row.argv)))
        if row.evidence:
            found.append(Facts("Evidence", [(key, str(value)) for key, value in row.evidence.items()]))
        return found

    def page_context(self, request: HttpRequest, row: Attempt) -> dict[str, Any]:
        shown, why_not = None, _why_no_stderr(row)
        if row.stderr:
            try:
                shown = stderr.show(read_stderr(row.stderr))
            except (ValueError, ZstdError) as error:
                why_not = f"The stored evidence is damaged: {error}."
        return {
            "stderr": shown,
            "stderr_size": cells.size(row.stderr.size_bytes) if row.stderr else "",
            "stderr_sha256": row.stderr.sha256 if row.stderr else "",
            "stderr_url": reverse("admin:jobs_attempt_stderr", args=[row.pk]),
            "no_stderr": why_not,
        }

    # --- the download -------------------------------------------------------------------------------------
    def get_urls(self) -> list[URLPattern]:
        download = self.admin_site.admin_view(self.stderr_view)
        return [path("<uuid:pk>/stderr.txt", download, name="jobs_attempt_stderr"), *super().get_urls()]

    def stderr_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The bytes as they were. As an attachment and never sniffed: they quote files of strangers."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = Attempt.objects.select_related("stderr", "step").filter(pk=pk, stderr__isnull=False).first()
        if row is None or row.stderr is None:
            raise Http404("This attempt has no stderr.")
        name = "-".join(filter(None, [str(row.job_id), row.step.kind, row.step.key, str(row.epoch)]))
        response = HttpResponse(read_stderr(row.stderr), content_type="text/plain; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{name}.stderr.txt"'
        response["X-Content-Type-Options"] = "nosniff"
        return response


def command(argv: Sequence[str]) -> str:
    """A command line for a POSIX shell, one option a line."""
    lines: list[list[str]] = [[]]
    for position, token in enumerate(argv):
        is_option = token.startswith("-") and not token[1:2].isdigit()
        if position and is_option:
            lines.append([])
        lines[-1].append(shlex.quote(token))
    return " \\\n  ".join(" ".join(line) for line in lines)


def _facts(row: Attempt) -> list[Facts]:
    identity = row.encoder_identity
    busy = row.cpu_seconds / row.wall_seconds if row.cpu_seconds and row.wall_seconds else None
    job = cells.link(reverse("admin:jobs_job_change", args=[row.job_id]), cells.code(row.job_id))
    what: list[tuple[str, Cell]] = [
        ("Attempt", cells.code(row.id)),
        ("Job", job),
        ("Account", row.job.account.slug),
        ("Step", str(row.step)),
        ("Epoch", str(row.epoch)),
        ("State", cells.badge(row.state)),
        ("Worker", row.worker),
        ("Queue", row.queue),
    ]
    if identity:
        what += [
            ("Encoder revision", encoder_link(identity.pk, identity.revision)),
            ("Encoder SHA-256", cells.code(identity.sha256)),
        ]
    measured: list[tuple[str, Cell]] = [
        ("Queued (UTC)", cells.when(row.queued_at)),
        ("Started", cells.when(row.started_at)),
        ("Finished", cells.when(row.finished_at)),
        ("Time in queue", cells.span(waited_seconds(row))),
        ("Wall", cells.span(row.wall_seconds)),
        ("CPU", f"{cells.span(row.cpu_seconds)} ({busy:.2f} cores)" if busy else cells.span(row.cpu_seconds)),
        ("Peak memory", cells.size(row.peak_rss_bytes)),
        ("Exit code", str(row.exit_code) if row.exit_code is not None else cells.NOTHING),
        ("Signal", cells.signal_name(row.signal)),
        ("Stopped because", cells.words(row.stop_reason) or cells.NOTHING),
    ]
    return [Facts("Attempt", what), Facts("Measured", measured)]


def _outputs(outputs: list[Output]) -> Table:
    heads = [*columns("Path", "State"), *numbers("Size", "Length"), *columns("Codecs", "SHA-256")]
    rows: list[list[Cell]] = [
        [
            cells.code(output.path),
            cells.badge(output.state),
            cells.size(output.size_bytes),
            cells.span(output.duration_seconds),
            cells.code(output.codecs),
            cells.code(output.sha256),
        ]
        for output in outputs
    ]
    return Table("Outputs", heads, rows, empty="This attempt stored nothing.")


def _why_no_stderr(row: Attempt) -> str:
    if not row.argv:
        return "FFmpeg was not started by this attempt."
    if row.state == AttemptState.RUNNING:
        return "FFmpeg is running; what it says is kept when it ends."
    return "FFmpeg's stderr was lost with its worker."
