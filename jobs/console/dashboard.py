"""The first page: what waits and what runs, who works, and what went wrong last.

Every number comes from a partial index and is counted up to a bound, so the page costs the same on a busy day.
"""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from jobs import routing
from jobs.console import cells, inbound, workers
from jobs.console.job_page import attempt_url
from jobs.console.keyset import first_id
from jobs.console.sections import Cell, Table, columns, numbers
from jobs.models import Attempt, Step, Worker
from jobs.states import AttemptState, StepState

REFRESH_SECONDS = 10
COUNTED_AT_MOST = 1000
WORKERS_SHOWN = 50
FAULTS_SHOWN = 10
FAULTS_HOURS = 24


def context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Unfold's DASHBOARD_CALLBACK: adds the sections to the first page's context."""
    if not request.user.has_perm("jobs.view_job"):
        return context
    seen = list(Worker.objects.select_related("encoder_identity").order_by("-seen_at")[:WORKERS_SHOWN])
    running = workers.running_steps()
    sections = [*inbound.trouble(), _queues(seen, running), workers.table(seen, running), _faults()]
    return {**context, "title": "Overview", "sections": sections, "refresh_seconds": REFRESH_SECONDS}


def _queues(seen: list[Worker], running: list[dict[str, Any]]) -> Table:
    busy = Counter(row["queue"] for row in running)
    slots = Counter[str]()
    for worker in seen:
        if workers.state_of(worker) == "live":
            slots.update(dict.fromkeys(worker.queues, worker.slots))
    hinted: dict[str, dict[str, Any]] = {
        row["queue"]: dict(row)
        for row in Step.objects.filter(state=StepState.READY, hints__gt=0)
        .values("queue")
        .annotate(count=Count("id"), oldest=Min("ready_at"))
    }
    rows: list[list[Cell]] = []
    for queue in routing.STEP_QUEUES:
        unhinted = Step.objects.filter(queue=queue, state=StepState.READY, hints=0)
        # Ordered as the index is: the first rows are the ones that wait longest.
        due = unhinted.filter(dispatch_after__lte=Now()).order_by("dispatch_after")[:COUNTED_AT_MOST]
        waiting: dict[str, Any] = due.aggregate(count=Count("id"), oldest=Min("ready_at"))
        later = unhinted.filter(dispatch_after__gt=Now())[:COUNTED_AT_MOST].count()
        sent: dict[str, Any] = hinted.get(queue, {"count": 0, "oldest": None})
        rows.append(
            [
                queue,
                str(slots[queue]),
                str(busy[queue]),
                str(sent["count"]),
                _number(waiting["count"]),
                _number(later),
                _wait(waiting["oldest"], sent["oldest"]),
            ]
        )
    heads = [*columns("Queue"), *numbers("Slots", "Running", "Hinted", "Ready", "Backing off", "Oldest wait")]
    note = "Hinted: a message is on its way to a worker. Backing off: tried, and to be tried again later."
    return Table("Queues", heads, rows, note=note)


def _number(count: int) -> str:
    return f"{COUNTED_AT_MOST}+" if count >= COUNTED_AT_MOST else str(count)


def _wait(*since: datetime | None) -> str:
    known = [moment for moment in since if moment is not None]
    return cells.span(max((timezone.now() - min(known)).total_seconds(), 0.0)) if known else cells.NOTHING


def _faults() -> Table:
    rows: list[list[Cell]] = [
        [
            cells.when(attempt.finished_at),
            cells.link(attempt_url(attempt), f"{attempt.step} #{attempt.epoch}"),
            cells.link(reverse("admin:jobs_job_change", args=[attempt.job_id]), cells.short(attempt.job_id)),
            cells.badge(attempt.state),
            cells.clipped(attempt.worker),
            cells.clipped(attempt.fault_message, under=attempt.fault_code),
            cells.clipped(attempt.fault_detail),
        ]
        for attempt in _failed()
    ]
    heads = columns("At (UTC)", "Attempt", "Job", "State", "Worker", "Fault", "Evidence")
    return Table("Last faults", heads, rows, empty=f"None in the last {FAULTS_HOURS} hours.")


def _failed() -> "QuerySet[Attempt]":
    # By id, which holds the time: a quiet day does not search the whole table for its last fault.
    recent = Attempt.objects.filter(pk__gte=first_id(timezone.now() - timedelta(hours=FAULTS_HOURS)))
    return (
        recent.filter(state__in=[AttemptState.FAILED, AttemptState.LOST])
        .select_related("step")
        .defer("argv", "evidence")
        .order_by("-pk")[:FAULTS_SHOWN]
    )
