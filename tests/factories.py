"""The cast: accounts, sources in S3, jobs; and `drive`, which works a job off in this process."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
from django.conf import settings

from jobs import (
    assembly,
    attempts,
    detections,
    execution,
    grouping,
    ingest,
    keys,
    leases,
    planning,
    quality,
    submission,
)  # fmt: skip
from jobs.claims import Claim
from jobs.models import Account, ApiKey, Job, Step
from jobs.planner.specs import AudioRung, Ladder, Rung
from jobs.states import StepKind, StepState
from jobs.submission import Submission

WORK = {
    StepKind.INGEST: ingest.work,
    StepKind.PLAN: planning.work,
    StepKind.RENDITION: execution.work,
    StepKind.QUALITY: quality.work,
    StepKind.DETECTION: detections.work,
    StepKind.MANIFEST: assembly.work,
}
WORKER = "tester"

# Two small rungs, ultrafast: a real ladder in half a second.
SMALL_LADDER = Ladder(
    packaging="hls",
    rungs=(
        Rung(name="180p", height=180, crf=30, speed="ultrafast"),
        Rung(name="120p", height=120, crf=30, speed="ultrafast", required=False),
    ),
    audio=AudioRung(bitrate_kbps=64, channels=1),
)
# Both streams as they are: the smallest job that there is.
REMUX = Ladder(packaging="mp4", rungs=(Rung(name="copy", encoder="copy"),), audio=AudioRung(encoder="copy"))

# What every plan of the wheel's clip notes.
COLOURS_NOTE = "The source does not say what its colours mean: by its size they are taken for BT.709."


def make_account(name: str = "acme") -> Account:
    """An account with a slug of its own, so that tests can share one S3."""
    return Account.objects.create(slug=f"{name}-{uuid4().hex[:12]}", name=name.title())


def make_key(account: Account, *scopes: str) -> str:
    """The secret of a new key, with every scope unless some are named."""
    return keys.issue(account, "test", list(scopes or ApiKey.SCOPES))[1]


def s3_client() -> Any:
    return boto3.client("s3", endpoint_url=settings.S3_ENDPOINT_URL)


def upload(account: Account, content: Path | bytes, name: str = "clip.mp4") -> str:
    """Put a source where the account may read it; its URL."""
    body = content.read_bytes() if isinstance(content, Path) else content
    s3_client().put_object(Bucket="sources", Key=f"{account.slug}/{name}", Body=body)
    return f"s3://sources/{account.slug}/{name}"


def stored(account: Account) -> dict[str, int]:
    """Every object beneath the account's outputs, as key relative to it > size."""
    listing = s3_client().list_objects_v2(Bucket="outputs", Prefix=f"{account.slug}/")
    return {
        item["Key"].removeprefix(f"{account.slug}/"): item["Size"] for item in listing.get("Contents", [])
    }


def make_job(account: Account, source_url: str, ladder: Ladder = SMALL_LADDER) -> Job:
    return submission.submit(
        account,
        Submission(
            source_urls=(source_url,),
            ladder=ladder,
            destination=f"s3://outputs/{account.slug}/",
            timeout_seconds=120,
        ),
        actor="test",
    )


def next_step(job: Job, kind: StepKind | None = None) -> Step | None:
    """The first ready step, whether it is due or backs off."""
    ready = Step.objects.filter(job=job, state=StepState.READY).order_by("ready_at", "id")
    return (ready.filter(kind=kind) if kind else ready).first()


def claim(step: Step | None) -> Claim:
    """Claim a step as the tester; a step in back-off is made due first."""
    assert step is not None, "no step is ready"
    Step.objects.filter(id=step.id).update(hints=1)
    held = leases.claim(step.id, WORKER)
    assert held is not None, f"{step} could not be claimed"
    return held


def claim_together(step: Step | None) -> tuple[Claim, ...]:
    """The same, with the steps of its group, as a worker does."""
    assert step is not None, "no step is ready"
    Step.objects.filter(id=step.id).update(hints=1)
    claims = leases.claim_together(step.id, WORKER)
    assert claims, f"{step} could not be claimed"
    return claims


def run_step(step: Step | None) -> str:
    claims = claim_together(step)
    if claims[0].kind == StepKind.RENDITION:
        return attempts.perform_together(claims, grouping.begin)
    return attempts.perform(claims[0], WORK[claims[0].kind])


def drive(job: Job, *, until: StepKind | None = None, limit: int = 50) -> Job:
    """Work the job off, step by step, as workers would; stop before the first step of kind `until`."""
    for _ in range(limit):
        step = next_step(job)
        if step is None or step.kind == until:
            break
        run_step(step)
    job.refresh_from_db()
    return job
