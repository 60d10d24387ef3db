"""The workers that have shown themselves, and what each is doing now."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from adapters.ffmpeg.encoders import GPU_ENCODERS
from jobs.admission import WORKER_SECONDS
from jobs.console import cells
from jobs.console.rows import PageAdmin
from jobs.console.sections import Cell, Facts, Section, Table, columns, numbers
from jobs.console.skin import ShowFacets, display, register
from jobs.models import Step, Worker
from jobs.routing import TRANSCODE_GPU
from jobs.states import StepState


@register(Worker)
class WorkerAdmin(PageAdmin[Worker]):
    list_display = ("name", "state", "serves", "slots", "encoder", "gpu", "started", "seen")
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

    @display(description="GPU encoders")
    def gpu(self, row: Worker) -> str:
        return gpu_of(row)

    @display(description="Since (UTC)")
    def started(self, row: Worker) -> str:
        return cells.when(row.started_at)

    @display(description="Last sign of life")
    def seen(self, row: Worker) -> str:
        return cells.when(row.seen_at)

    def sections(self, request: HttpRequest, row: Worker) -> Sequence[Section]:
        facts = Facts(
            "Worker",
            [
                ("State", cells.badge(state_of(row))),
                ("Queues", ", ".join(row.queues)),
                ("Slots", str(row.slots)),
                (
                    "Encoder revision",
                    row.encoder_identity.revision if row.encoder_identity else cells.NOTHING,
                ),
                ("Since (UTC)", cells.when(row.started_at)),
                ("Last sign of life (UTC)", cells.when(row.seen_at)),
                ("GPU proven (UTC)", cells.when(row.proven_at)),
            ],
        )
        if TRANSCODE_GPU not in row.queues:
            return [facts]
        proofs: list[list[Cell]] = [[cells.code(name), "Encodes."] for name in row.proven_encoders]
        proofs += [[cells.code(name), row.unproven[name]] for name in GPU_ENCODERS if name in row.unproven]
        heads = columns("Encoder", "What came of one picture")
        return [facts, Table("GPU encoders", heads, proofs, empty="Nothing was proven yet.")]


def gpu_of(worker: Worker) -> str:
    """The encoders that a worker for GPUs has proven; it takes none of the other rungs, or ends them at once."""
    if TRANSCODE_GPU not in worker.queues:
        return cells.NOTHING
    return ", ".join(worker.proven_encoders) or "none works"


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
            gpu_of(worker),
            cells.span((timezone.now() - worker.seen_at).total_seconds()) + " ago",
        ]
        for worker in workers
    ]
    heads = [
        *columns("Worker", "State", "Queues"),
        *numbers("Busy slots"),
        *columns("Encoder revision", "GPU encoders", "Last sign of life"),
    ]
    return Table("Workers", heads, rows, empty="No worker has shown itself: nothing will run.")


def running_steps() -> list[dict[str, Any]]:
    """The owner and queue of each: never more than there are slots."""
    return [dict(row) for row in Step.objects.filter(state=StepState.RUNNING).values("owner", "queue")]
