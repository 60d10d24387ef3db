"""Run again, in three forms: one job from its page, the ticked ones, and all that a filtered list shows.

The service is `jobs.requeue`; what it refuses is told in its own words.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from jobs import routing
from jobs.console import cells
from jobs.console.listed import ListedAdmin, agreed_at
from jobs.console.rows import actor_of
from jobs.console.sections import Cell, Table, columns, numbers
from jobs.console.skin import action
from jobs.console.workers import state_of
from jobs.models import Job, Worker
from jobs.requeue import REQUEUEABLE, NotRequeueable, Wish, requeue

# One request runs at most so many, and starts none after so many seconds: gunicorn ends its worker after 30 s.
BATCH = 1000
BATCH_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Found:
    """What can run again: the first `BATCH` in order of id, whether others follow, and what became of them."""

    ids: tuple[UUID, ...]
    kinds: Counter[tuple[str, str]]  # by state and fault code
    more: bool

    @property
    def count(self) -> str:
        return f"more than {BATCH} jobs" if self.more else jobs_in_words(len(self.ids))


def find(jobs: "QuerySet[Job]", ended_by: datetime) -> Found:
    """`ended_by`: what ended badly after somebody was shown the count is not what was agreed to."""
    rows = list(
        jobs.filter(state__in=REQUEUEABLE, finished_at__lte=ended_by)
        .order_by("pk")
        .values_list("pk", "state", "fault_code")[: BATCH + 1]
    )
    batch = rows[:BATCH]
    kinds = Counter((state, code) for _, state, code in batch)
    return Found(tuple(pk for pk, _, _ in batch), kinds, more=len(rows) > BATCH)


class RunAgain(ListedAdmin[Job]):
    def get_urls(self) -> list[URLPattern]:
        one = self.admin_site.admin_view(self.run_again_view)
        listed = self.admin_site.admin_view(self.run_listed_again_view)
        return [
            path("<uuid:pk>/run-again/", one, name="jobs_job_run_again"),
            path("run-again/", listed, name="jobs_job_run_listed_again"),
            *super().get_urls(),
        ]

    def has_requeue_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("jobs.change_job")

    # --- one job ------------------------------------------------------------------------------------------
    def again_context(self, request: HttpRequest, row: Job) -> dict[str, Any]:
        """For the job's page: whether it can run again, and the choices where it is being asked."""
        can = row.state in REQUEUEABLE and self.has_requeue_permission(request)
        asks = can and "again" in request.GET
        # Without a plan it begins with its source, on the queues that every job begins on.
        choices = _choices() if asks and row.plan else {}
        return {"can_run_again": can, "asks_again": asks, **choices}

    def run_again_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        if request.method != "POST" or not self.has_requeue_permission(request):
            raise PermissionDenied
        self._run_again(request, [pk], _wish(request))
        return HttpResponseRedirect(reverse("admin:jobs_job_change", args=[pk]))

    # --- the ticked ones ----------------------------------------------------------------------------------
    @action(description="Run the selected jobs again", permissions=["requeue"])
    def run_jobs_again(self, request: HttpRequest, queryset: "QuerySet[Job]") -> None:
        """At most a page of them: a forged 'select all' does not reach further."""
        ids = list(queryset.values_list("pk", flat=True)[: self.list_per_page])
        self._run_again(request, ids, Wish())

    # --- all that the list shows --------------------------------------------------------------------------
    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A list that is narrowed by something offers to run all of it again."""
        may = self.has_requeue_permission(request)
        url = self.narrowed_url(request, "admin:jobs_job_run_listed_again") if may else None
        return super().changelist_view(request, {**(extra_context or {}), "run_again_url": url})

    def run_listed_again_view(self, request: HttpRequest) -> HttpResponse:
        """GET counts and asks; POST runs a batch of what was there when it was asked, and asks about the rest."""
        if not self.has_requeue_permission(request):
            raise PermissionDenied
        agreed = agreed_at(request)
        asked_at = agreed or timezone.now()
        found = self.find_listed(request, lambda rows: find(rows, ended_by=asked_at))
        if isinstance(found, HttpResponse):
            return found
        if agreed is None:
            return self.ask(
                request,
                "console/run_again.html",
                "Run again",
                [_kinds(found)] if found.ids else [],
                **_choices(),
                found=found,
                batch=BATCH,
                asked_at=asked_at.isoformat(),
            )
        tried = self._run_again(request, found.ids, _wish(request))
        if found.more or tried < len(found.ids):
            self.message_user(request, "That was one batch. What is left is counted here.", messages.INFO)
            return HttpResponseRedirect(request.get_full_path())
        return HttpResponseRedirect(self.list_url(request))

    def _run_again(self, request: HttpRequest, ids: Sequence[UUID], wish: Wish) -> int:
        """Run them, tell what came of it; how many were tried before the time was over."""
        started, again, refused = monotonic(), 0, Counter[str]()
        for pk in ids:
            if monotonic() - started > BATCH_SECONDS:
                break
            try:
                requeue(pk, wish, actor=actor_of(request))
                again += 1
            except NotRequeueable as error:
                refused[error.message] += 1
            except Job.DoesNotExist:
                refused["It does not exist any more."] += 1
        if again:
            sentence = f"{jobs_in_words(again)} {'runs' if again == 1 else 'run'} again."
            self.message_user(request, sentence, messages.SUCCESS)
        for reason, count in refused.items():
            sentence = f"{jobs_in_words(count)} did not run again. {reason}"
            self.message_user(request, sentence, messages.WARNING)
        return again + refused.total()


def jobs_in_words(count: int) -> str:
    return f"{count} job" if count == 1 else f"{count} jobs"


def _kinds(found: Found) -> Table:
    rows: list[list[Cell]] = [
        [cells.badge(state), cells.code(code), str(count)]
        for (state, code), count in found.kinds.most_common()
    ]
    heads = [*columns("State", "Fault"), *numbers("Jobs")]
    note = f"Of the first {BATCH}, in order of id." if found.more else ""
    return Table("What ended badly", heads, rows, note=note)


def _choices() -> dict[str, Any]:
    """What a wish may name: the pools, and the encoders that live workers run."""
    workers = Worker.objects.select_related("encoder_identity")
    encoders = {
        worker.encoder_identity.revision
        for worker in workers
        if worker.encoder_identity and state_of(worker) == "live"
    }
    return {"pools": list(routing.QUEUE_OF_POOL), "encoders": sorted(encoders)}


def _wish(request: HttpRequest) -> Wish:
    """Left open, both are as before. What cannot be met, the service refuses."""
    asked = request.POST
    return Wish(pool=asked.get("pool") or None, encoder_revision=asked.get("encoder_revision") or None)
