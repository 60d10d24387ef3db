"""`job.progress`: how far running jobs are, for the endpoints that ask for it, every few seconds and no oftener."""

from django.conf import settings
from django.db import connection

from jobs.models import Job
from jobs.transitions import change

_AT_ONCE = 100
# From the endpoints, of which few ask: an installation without any pays for a look into an empty index. A job
# whose steps all wait has nothing to tell.
_DUE = """
SELECT job.id, (
    SELECT avg(step.progress) FROM jobs_rendition AS rendition JOIN jobs_step AS step ON step.id = rendition.step_id
    WHERE rendition.job_id = job.id
)
FROM jobs_job AS job
WHERE job.state IN ('running')
    AND job.account_id IN (
        SELECT account_id FROM webhooks_endpoint WHERE enabled AND types @> ARRAY['job.progress']::varchar(64)[]
    )
    AND EXISTS (
        SELECT FROM webhooks_endpoint AS endpoint
        WHERE endpoint.enabled AND endpoint.types @> ARRAY['job.progress']::varchar(64)[]
            AND endpoint.account_id = job.account_id AND (endpoint.job_id IS NULL OR endpoint.job_id = job.id)
    )
    AND EXISTS (SELECT FROM jobs_step WHERE jobs_step.job_id = job.id AND jobs_step.state IN ('running'))
    AND NOT EXISTS (
        SELECT FROM webhooks_event AS event
        WHERE event.job_id = job.id AND event.type = 'job.progress'
            AND event.created_at > statement_timestamp() - make_interval(secs => %s)
    )
LIMIT %s
"""


def tell() -> int:
    """One round; how many jobs were told of. Two conductors at once may tell of one twice."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [settings.WEBHOOK_PROGRESS_SECONDS, _AT_ONCE])
        due = cursor.fetchall()
    for job_id, fraction in due:
        try:
            with change(job_id, actor="conductor") as moves:
                moves.progress(float(fraction or 0.0))
        except Job.DoesNotExist:  # deleted this moment
            continue
    return len(due)
