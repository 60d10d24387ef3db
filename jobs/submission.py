"""Accept a job, and cancel one: one transaction each, and no word to the broker."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.db import transaction

from jobs import acceptance, allowance, faults
from jobs.models import Account, Job, Preset, Worker
from jobs.planner.specs import Ladder
from jobs.states import FINAL_JOB, JobState
from jobs.transitions import change
from webhooks import endpoints, shapes

_IDENTITY_CACHE_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Submission:
    """A request that has been checked: every URL is one that the account may name."""

    source_urls: tuple[str, ...]
    """One for a ladder; for a command, in the order of its sources."""
    destination: str
    timeout_seconds: int
    # One of the two: a ladder, or a command as `Program.to_json` gives it.
    ladder: Ladder | None = None
    command: dict[str, Any] | None = None
    preset: Preset | None = None
    reference: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    # A URL that hears of this job alone, and of which events; none: of all but the opt-in ones.
    webhook_url: str = ""
    webhook_events: tuple[str, ...] = ()
    # The API that it came by, where that is not this product's own, and the shape that its webhooks have.
    interface: str = ""
    webhook_shape: str = shapes.STANDARD


class AlreadyFinal(Exception):
    """The job has ended; there is nothing left to cancel."""

    def __init__(self, state: JobState) -> None:
        super().__init__(f"the job is {state}")
        self.state = state


def submit(account: Account, submission: Submission, *, actor: str) -> Job:
    """Insert the job with its first steps; the conductor hears of it when this commits.

    Raises allowance.NotAllowed where the account is suspended or its quota used up.
    """
    allowance.check(account)
    job = Job(
        account=account,
        state=JobState.QUEUED,
        reference=submission.reference,
        metadata=submission.metadata,
        preset=submission.preset,
        ladder=submission.ladder.to_json() if submission.ladder else None,
        command=submission.command,
        interface=submission.interface,
        destination=submission.destination,
        timeout_seconds=submission.timeout_seconds,
        encoder_identity_id=_current_identity(),
    )
    if not submission.webhook_url:
        acceptance.insert(job, submission.source_urls, actor=actor)
        return job
    with transaction.atomic():
        endpoints.make_for_job(
            account.id,
            job.id,
            submission.webhook_url,
            submission.webhook_events,
            shape=submission.webhook_shape,
        )
        acceptance.insert(job, submission.source_urls, actor=actor)
    return job


def cancel(job_id: UUID, *, actor: str) -> None:
    """Stop everything of a job and hand its files to the collector. Raises AlreadyFinal, Job.DoesNotExist.

    The rows say so at once; a running encode sees it at its next heartbeat, within seconds.
    """
    with change(job_id, actor=actor) as moves:
        if moves.state in FINAL_JOB:
            raise AlreadyFinal(moves.state)
        fault = faults.fault("cancelled")
        moves.stop_everything(fault=fault, discard_committed=True)
        moves.job(JobState.CANCELLED, fault=fault, manifest=None)


def _current_identity() -> int | None:
    """The encoder that the fleet runs now: the one that a worker showed last. None before the first worker."""

    def look_up() -> int | None:
        shown = Worker.objects.filter(encoder_identity__isnull=False).order_by("-seen_at")
        return shown.values_list("encoder_identity_id", flat=True).first()

    known: int | None = cache.get_or_set("encoder-identity", look_up, _IDENTITY_CACHE_SECONDS)
    return known
