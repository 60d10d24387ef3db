"""The join: what the ladder is worth now, its manifests, and the job's end."""

from jobs import faults, leases, manifests, placing, publication
from jobs.attempts import Running
from jobs.claims import Claim
from jobs.faults import Fault
from jobs.models import Job, Output, Rendition
from jobs.planner.plan import Plan
from jobs.states import AttemptState, JobState, RenditionState, StepState
from jobs.transitions import Change


def work(running: Running) -> None:
    """The manifest step, the chord's body. It reads the database alone. Raises StorageError, LeaseLost, Faulted."""
    held = running.claim
    job = Job.objects.get(id=held.job_id)
    renditions = list(Rendition.objects.filter(job_id=job.id))
    state, fault = verdict(renditions)
    manifest: Output | None = None
    # A command's files stand for themselves.
    if state in (JobState.SUCCEEDED, JobState.PARTIAL) and job.command is None:
        plan = Plan.from_json(job.plan)
        rungs = manifests.rungs_of(job.id, renditions) if manifests.has_manifest(plan) else []
        if rungs:
            words = manifests.words_of(job.id, renditions)
            manifest = publication.publish(running, job, plan, rungs, words)
    if state == JobState.SUCCEEDED and job.command is not None:
        placing.place(running, job)
    with leases.fenced(held, StepState.DONE, progress=1.0) as moves:
        moves.attempt(held.attempt_id, AttemptState.SUCCEEDED, label=held.label)
        moves.job(state, fault=fault, manifest=manifest)


def end_at_once(moves: Change, held: Claim, job: Job) -> bool:
    """The join of a job whose only rendition has just succeeded, where there is nothing to write: no transaction more.

    False, and nothing moved, where a manifest has to be published, or a file to be brought to the customer's place.
    """
    if job.command is None and manifests.has_manifest(Plan.from_json(job.plan)):
        return False
    if job.command is not None and placing.has_places(job):
        return False
    moves.end_step(held, StepState.DONE, progress=1.0)
    moves.attempt(held.attempt_id, AttemptState.SUCCEEDED, label=held.label, stored=False)
    return moves.job(JobState.SUCCEEDED)


def verdict(renditions: list[Rendition]) -> tuple[JobState, Fault | None]:
    """What a job whose renditions are all final has come to.

    A required one that is missing decides it; with only optional ones missing the job is partial.
    """
    missing = [one for one in renditions if one.state != RenditionState.SUCCEEDED]
    if not missing:
        return JobState.SUCCEEDED, None
    required = [one for one in missing if one.required]
    if not required and len(missing) < len(renditions):
        return JobState.PARTIAL, None
    # The one that an operator can do something about speaks for the others.
    worst = max(required or missing, key=lambda one: one.state == RenditionState.DEAD_LETTER)
    state = JobState.DEAD_LETTER if worst.state == RenditionState.DEAD_LETTER else JobState.FAILED
    cause = faults.fault(worst.fault_code or "required_rendition_failed", worst.fault_detail)
    return state, cause
