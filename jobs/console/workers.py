"""The workers that have shown themselves, and what each is doing now."""

from collections import Counter
from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from jobs.admission import WORKER_SECONDS
from jobs.console import cells
from jobs.console.rows import ReadOnlyAdmin
from jobs.console.sections import Cell, Table, columns, numbers
from jobs.console.skin import ShowFacets, display, register
from jobs.models import Step, Worker
from jobs.states import StepState


@register(Worker)
class WorkerAdmin(ReadOnlyAdmin[Worker]):
    list_display = ("name", "state", "serves", "slots", "encoder", "started", "seen")
    list_display_links = None
    list_fullwidth = True
    list_select_related = ("encoder_identity",)
    ordering = ("name",)
    sortable_by = ()
    show_facets = ShowFacets.NEVER
    actions = None

    @display(description="State")
    def state(self, row: Worker) -> str:
        return cells.badge(state_of(row))

    @display(description="Queues")
    def serves(self, row: Worker) -> str:
        return ", ".join(row.queues)

    @display(description="Encoder revision")
    def encoder(self, row: Worker) -> str:
        return row.encoder_identity.revision if row.encoder_identity else cells.NOTHING

    @display(description="Since (UTC)")
    def started(self, row: Worker) -> str:
        return cells.when(row.started_at)

    @display(description="Last sign of life")
    def seen(self, row: Worker) -> str:
        return cells.when(row.seen_at)


def state_of(worker: Worker) -> str:
    """`late`: three signs of life were missed, and its slots are not counted any more."""
    silent = timezone.now() - worker.seen_at
    return "late" if silent > timedelta(seconds=WORKER_SECONDS) else "live"


def table(workers: "list[Worker]", running: "list[dict[str, Any]]") -> Table:
    """The workers, for the first page. `running` are the running steps' owners."""
    busy = Counter(row["owner"] for row in running)
    rows: list[list[Cell]] = [
        [
            cells.link(f"{reverse('admin:jobs_attempt_changelist')}?q={worker.name}", worker.name),
            cells.badge(state_of(worker)),
            ", ".join(worker.queues),
            f"{busy[worker.name]} / {worker.slots}",
            cells.clipped(worker.encoder_identity.revision) if worker.encoder_identity else cells.NOTHING,
            cells.span((timezone.now() - worker.seen_at).total_seconds()) + " ago",
        ]
        for worker in workers
    ]
    heads = [
        *columns("Worker", "State", "Queues"),
        *numbers("Busy slots"),
        *columns("Encoder revision", "Last sign of life"),
    ]
    return Table("Workers", heads, rows, empty="No worker has shown itself: nothing will run.")


def running_steps() -> list[dict[str, Any]]:
    """The owner and queue of each: never more than there are slots."""
    return [dict(row) for row in Step.objects.filter(state=StepState.RUNNING).values("owner", "queue")]
