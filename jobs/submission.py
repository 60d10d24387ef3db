"""Accept a job, and cancel one: one transaction each, and no word to the broker."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.core.cache import cache

from jobs import acceptance, faults
from jobs.models import Account, Job, Preset, Source, Worker
from jobs.planner.specs import Ladder
from jobs.states import FINAL_JOB, JobState
from jobs.transitions import change

_IDENTITY_CACHE_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Submission:
    """A request that has been checked: every URL is one that the account may name."""

    source_url: str
    ladder: Ladder
    preset: Preset | None
    destination: str
    timeout_seconds: int
    reference: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)


class AlreadyFinal(Exception):
    """The job has ended; there is nothing left to cancel."""

    def __init__(self, state: JobState) -> None:
        super().__init__(f"the job is {state}")
        self.state = state


def submit(account: Account, submission: Submission, *, actor: str) -> Job:
    """Insert the job with its first steps; the conductor hears of it when this commits."""
    job = Job(
        account=account,
        state=JobState.QUEUED,
        reference=submission.reference,
        metadata=submission.metadata,
        preset=submission.preset,
        ladder=submission.ladder.to_json(),
        destination=submission.destination,
        timeout_seconds=submission.timeout_seconds,
        encoder_identity_id=_current_identity(),
    )
    acceptance.insert(job, Source(url=submission.source_url), actor=actor)
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
        moves.job(JobState.CANCELLED, fault=fault)


def _current_identity() -> int | None:
    """The encoder that the fleet runs now: the one that a worker showed last. None before the first worker."""

    def look_up() -> int | None:
        shown = Worker.objects.filter(encoder_identity__isnull=False).order_by("-seen_at")
        return shown.values_list("encoder_identity_id", flat=True).first()

    known: int | None = cache.get_or_set("encoder-identity", look_up, _IDENTITY_CACHE_SECONDS)
    return known
