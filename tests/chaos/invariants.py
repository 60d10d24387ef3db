"""What must hold when everything has ended: each check answers with a line for every breach, ids included."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator

from botocore.exceptions import ClientError

from tests.chaos.rig import Rig

Check = Callable[[Rig, frozenset[str]], Iterator[str]]
FINAL = ("succeeded", "partial", "failed", "dead_letter", "cancelled")
TERMINAL_EVENTS = ("job.succeeded", "job.partial", "job.failed", "job.dead_lettered", "job.cancelled")

CHECKS: dict[str, Check] = {}


def invariant(check: Check) -> Check:
    """Register it under its docstring. Its second argument holds the ids of jobs that were requeued, each once."""
    CHECKS[(check.__doc__ or check.__name__).partition("\n")[0]] = check
    return check


def breaches(rig: Rig, requeued: frozenset[str]) -> list[str]:
    return [f"{title}: {line}" for title, check in CHECKS.items() for line in check(rig, requeued)]


@invariant
def accepted(rig: Rig, requeued: frozenset[str]) -> Iterator[str]:
    """every order became one job"""
    rows = rig.rows("SELECT id::text FROM jobs_job")
    for job in {job for (job,) in rows} ^ set(rig.jobs.values()):
        yield f"job {job}: ordered and stored differ"
    for key in rig.unanswered:
        yield f"order {key} was never answered"


@invariant
def final(rig: Rig, requeued: frozenset[str]) -> Iterator[str]:
    """every job is in a final state, with nothing of it unfinished"""
    for job, state in rig.rows("SELECT id::text, state FROM jobs_job WHERE state <> ALL(%s)", list(FINAL)):
        yield f"job {job} is {state}"
    unfinished = (
        "SELECT '{table}', id::text, job_id::text, state FROM jobs_{table}"
        " WHERE state IN ('queued', 'ready', 'blocked', 'running')"
    )
    for table in ("step", "rendition", "attempt"):
        for _, row, job, state in rig.rows(unfinished.format(table=table)):
            yield f"{table} {row} of job {job} is {state}"


@invariant
def lost(rig: Rig, requeued: frozenset[str]) -> Iterator[str]:
    """no job is lost: all succeeded, but for those the customer cancelled"""
    for job, state, code, detail in rig.rows(
        "SELECT id::text, state, fault_code, fault_detail FROM jobs_job WHERE state <> 'succeeded'"
    ):
        if state != "cancelled" or job not in rig.cancelled:
            yield f"job {job} is {state} {code} {detail}"


@invariant
def committed_once(rig: Rig, requeued: frozenset[str]) -> Iterator[str]:
    """each succeeded rendition has exactly one committed output, by its one succeeded attempt"""
    for job, key, state, outputs, attempts in rig.rows(
        "SELECT r.job_id::text, r.key, r.state,"
        " (SELECT count(*) FROM jobs_output o WHERE o.rendition_id = r.id AND o.state = 'committed'),"
        " (SELECT count(*) FROM jobs_attempt a WHERE a.rendition_id = r.id AND a.state = 'succeeded')"
        " FROM jobs_rendition r"
    ):
        wanted = 1 if state == "succeeded" else 0
        cancelled = job in rig.cancelled
        if outputs != (0 if cancelled else wanted) or (attempts != wanted and not cancelled):
            yield f"rendition {key} of job {job} is {state}: {outputs} committed, {attempts} attempts succeeded"


@invariant
def published(rig: Rig, requeued: frozenset[str]) -> Iterator[str]:
    """each succeeded job has its manifest, committed"""
    for (job,) in rig.rows(
        "SELECT j.id::text FROM jobs_job j LEFT JOIN jobs_output o ON o.id = j.manifest_id"
        " WHERE j.state = 'succeeded' AND o.state IS DISTINCT FROM 'committed'"
    ):
        yield f"job {job}"


@invariant
def stored(rig: Rig, requeued: frozenset[str]) -> Iterator[str]:
    """every committed row has its object, with the SHA-256 of the row"""
    for url, sha256 in rig.rows("SELECT url, sha256 FROM jobs_output WHERE state = 'committed'"):
        key = url.removeprefix("s3://outputs/")
        try:
            content = rig.s3.get_object(Bucket="outputs", Key=key)["Body"].read()
        except ClientError as error:
            yield f"{url}: {error.response['Error']['Code']}"
            continue
        if hashlib.sha256(content).hexdigest() != sha256:
            yield f"{url}: other bytes"


@invariant
def no_debris(rig: Rig, requeued: frozenset[str]) -> Iterator[str]:
    """every object has a committed row, and no row waits for its collector"""
    rows = dict(rig.rows("SELECT url, state FROM jobs_output"))
    for page in rig.s3.get_paginator("list_objects_v2").paginate(Bucket="outputs"):
        for item in page.get("Contents", ()):
            url = f"s3://outputs/{item['Key']}"
            if rows.get(url) != "committed":
                yield f"{url}: its row is {rows.get(url, 'missing')}"
    for url, state in rows.items():
        if state in ("pending", "discarded"):
            yield f"{url} is still {state}"


@invariant
def epochs(rig: Rig, requeued: frozenset[str]) -> Iterator[str]:
    """each claim had an epoch of its own, and left its attempt"""
    for step, epoch, attempts, distinct in rig.rows(
        "SELECT s.id::text, s.epoch, count(a.id), count(DISTINCT a.epoch) FROM jobs_step s"
        " LEFT JOIN jobs_attempt a ON a.step_id = s.id GROUP BY s.id"
    ):
        if not epoch == attempts == distinct:
            yield f"step {step}: epoch {epoch}, {attempts} attempts with {distinct} epochs"


@invariant
def events(rig: Rig, requeued: frozenset[str]) -> Iterator[str]:
    """the outbox has each event once"""
    told: dict[str, list[str]] = defaultdict(list)
    for job, type_ in rig.rows("SELECT job_id::text, type FROM webhooks_event ORDER BY sequence"):
        told[job].append(type_)
    for job, state in rig.rows("SELECT id::text, state FROM jobs_job"):
        ends = sum(type_ in TERMINAL_EVENTS for type_ in told[job])
        if told[job].count("job.queued") != 1 or told[job].count("job.started") > 1 + (job in requeued):
            yield f"job {job} ({state}) began more than once, or never: {told[job]}"
        if ends != 1 + (job in requeued):
            yield f"job {job} ({state}) has {ends} ends: {told[job]}"
    for job, key, state, count in rig.rows(
        "SELECT r.job_id::text, r.key, r.state, count(e.id) FROM jobs_rendition r LEFT JOIN webhooks_event e"
        " ON e.job_id = r.job_id AND e.type = 'rendition.succeeded' AND e.payload->'rendition'->>'key' = r.key"
        " GROUP BY r.id"
    ):
        if count != (state == "succeeded"):
            yield f"rendition {key} of job {job} is {state}, and was told {count} times to have succeeded"


@invariant
def audit_trail(rig: Rig, requeued: frozenset[str]) -> Iterator[str]:
    """the audit trail of everything is one unbroken chain, up to the state in its row"""
    trail: dict[tuple[str, str], str] = {}
    for subject, row, from_, to in rig.rows(
        "SELECT subject, subject_id::text, from_state, to_state FROM audit_auditevent"
        " WHERE subject <> 'output' ORDER BY id"
    ):
        # An attempt's beginning is its row; its trail begins with its end.
        before = trail.get((subject, row), "running" if subject == "attempt" else "")
        if from_ != before:
            yield f"{subject} {row}: {before!r}, then {from_!r} > {to!r}"
        trail[(subject, row)] = to
    for subject in ("job", "step", "rendition", "attempt"):
        for row, state in rig.rows(f"SELECT id::text, state FROM jobs_{subject}"):  # noqa: S608  our own names
            if trail.get((subject, row), state) != state:
                yield f"{subject} {row} is {state}; its trail ends with {trail[(subject, row)]}"


@invariant
def no_stray_encoder(rig: Rig, requeued: frozenset[str]) -> Iterator[str]:
    """no FFmpeg runs"""
    for encoder in rig.encoders():
        yield f"pid {encoder.pid} for step {encoder.step_id}, epoch {encoder.epoch}"


@invariant
def no_workspace(rig: Rig, requeued: frozenset[str]) -> Iterator[str]:
    """no workspace is left, and no half-fetched source"""
    for left in (*(rig.work / "attempts").glob("*/*"), *(rig.work / "cache" / "incoming").glob("*.part")):
        yield str(left)
    empty = sum(1 for _ in (rig.work / "attempts").glob("*"))
    if empty:
        yield f"{empty} empty folders of steps in {rig.work / 'attempts'}"


@invariant
def no_crash(rig: Rig, requeued: frozenset[str]) -> Iterator[str]:
    """no process ended but by a fault's doing"""
    yield from rig.ended_by_themselves
