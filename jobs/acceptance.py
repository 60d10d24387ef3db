"""A new job, whole: the job, its sources, its first two steps, their audit events and the outbox row.

One statement, and so one transaction and one round trip: acceptance is what a customer waits for, and the only
place where the number of requests matters. By the ORM it is eight statements, and twice the CPU of a request.
"""

import json
from collections.abc import Sequence
from uuid import uuid4

import psycopg
from django.db import connection

from jobs import announcements, routing
from jobs.ledger import CHANNEL
from jobs.models import Job
from jobs.models.identifiers import uuid7
from jobs.states import JobState, StepKind, StepState
from jobs.transitions import EVENT_OF_JOB
from webhooks import outbox

_INSERT = (
    """
WITH job AS (
    INSERT INTO jobs_job (
        id, account_id, state, version, reference, metadata, preset_id, ladder, command, interface,
        destination, timeout_seconds, encoder_identity_id, fault_code, fault_bucket, fault_message, fault_detail
    ) VALUES (
        %(job)s, %(account)s, %(queued)s, 1, %(reference)s, %(metadata)s, %(preset)s, %(ladder)s,
        %(command)s, %(interface)s, %(destination)s, %(timeout_seconds)s, %(encoder_identity)s, '', '', '', ''
    )
), source AS (
    INSERT INTO jobs_source (id, job_id, position, url, sha256, content_type)
    SELECT id, %(job)s, position - 1, url, '', ''
    FROM unnest(%(sources)s::uuid[], %(urls)s::text[]) WITH ORDINALITY AS given (id, url, position)
), steps AS (
    INSERT INTO jobs_step (
        id, job_id, kind, key, state, after, queue, encoder_revision, epoch, owner, attempts, hints, progress,
        outcome, ready_at, dispatch_after
    ) VALUES
        (%(ingest)s, %(job)s, %(ingest_kind)s, '', %(ready)s, '{}', %(files)s, '', 0, '', 0, 0, 0, '{}',
            statement_timestamp(), statement_timestamp()),
        (%(plan)s, %(job)s, %(plan_kind)s, '', %(blocked)s, %(plan_after)s, %(control)s, '', 0, '', 0, 1, 0, '{}',
            NULL, NULL)
), audit AS (
    INSERT INTO audit_auditevent (
        account_id, job_id, subject, subject_id, label, from_state, to_state, actor, detail
    ) VALUES
        (%(account)s, %(job)s, 'job', %(job)s, '', '', %(queued)s, %(actor)s, '{}'),
        (%(account)s, %(job)s, 'step', %(ingest)s, %(ingest_kind)s, '', %(ready)s, %(actor)s, '{}'),
        (%(account)s, %(job)s, 'step', %(plan)s, %(plan_kind)s, '', %(blocked)s, %(actor)s, '{}')
), event AS (
    INSERT INTO webhooks_event (id, account_id, job_id, type, payload)
    VALUES (%(event)s, %(account)s, %(job)s, %(event_type)s, %(payload)s)
    <returning>
), <fan-out>
SELECT pg_notify(%(channel)s, %(files)s)
UNION ALL <wake>
""".replace("<returning>", outbox.RETURNING)
    .replace("<fan-out>", outbox.FAN_OUT)
    .replace("<wake>", outbox.WAKE)
)

_CONSTANTS = {
    "queued": JobState.QUEUED.value,
    "ready": StepState.READY.value,
    "blocked": StepState.BLOCKED.value,
    "ingest_kind": StepKind.INGEST.value,
    "plan_kind": StepKind.PLAN.value,
    "files": routing.FILES,
    "control": routing.CONTROL,
    "event_type": EVENT_OF_JOB[JobState.QUEUED],
    "channel": CHANNEL,
}


def insert(job: Job, source_urls: Sequence[str], *, actor: str) -> None:
    """Write a new job down; the conductor hears of it when the transaction commits.

    The plan step begins with a hint: the worker that ends the ingest goes on with it, and the conductor gives it
    a moment for that. What the database fills in (`created_at`) is not read back.
    """
    connection.ensure_connection()
    # Django's own cursor writes the values into the text: a statement of this size then costs PostgreSQL more to
    # plan than to run. With the values beside it, it is planned once for each connection.
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(
            _INSERT,
            {
                "job": job.id,
                "account": job.account_id,
                "reference": job.reference,
                "metadata": json.dumps(job.metadata),
                "preset": job.preset_id,
                "ladder": _json(job.ladder),
                "command": _json(job.command),
                "interface": job.interface,
                "destination": job.destination,
                "timeout_seconds": job.timeout_seconds,
                "encoder_identity": job.encoder_identity_id,
                "sources": [uuid7() for _ in source_urls],
                "urls": list(source_urls),
                "ingest": uuid7(),
                "plan": uuid7(),
                "plan_after": [StepKind.INGEST.value],
                "event": uuid4(),
                "payload": json.dumps(announcements.accepted(job)),
                "actor": actor,
                **_CONSTANTS,
            },
        )


def _json(value: object) -> str | None:
    return None if value is None else json.dumps(value)
