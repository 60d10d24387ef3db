"""The Celery app: distribution, routing, process supervision. The truth is in PostgreSQL; a message is a hint.

Each value has its reason beside it; most were measured with Celery 5.7 on Redis 7 and Valkey 9.
"""

import os
import sys

from celery import Celery
from celery.schedules import crontab
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("reelchord", include=["jobs.workers"])


def celery_url(redis_url: str) -> str:
    """Celery's spelling of a Redis URL: it names Unix sockets `redis+socket://…?virtual_host=N`.

    `redis://` and `rediss://` pass unchanged.
    """
    scheme, _, rest = redis_url.partition("://")
    if scheme != "unix":
        return redis_url
    path, _, query = rest.partition("?")
    database = query.removeprefix("db=") or "0"
    return f"redis+socket://{path}?virtual_host={database}"


app.conf.update(
    broker_url=celery_url(settings.REDIS_URL),
    result_backend=celery_url(settings.REDIS_URL),
    broker_transport_options={
        # Above the longest job: a message that becomes visible again while its step runs is refused by the
        # claim, so this only limits noise. Recovery never waits for it: leases do that.
        "visibility_timeout": 43_200,
        # A frozen broker must not freeze the conductor; the default waits for ever.
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        "queue_order_strategy": "round_robin",
    },
    # The chord's counter lives in the result backend; a short life would drop the body of a long encode.
    result_expires=604_800,
    result_chord_expires=604_800,
    result_backend_always_retry=True,
    redis_socket_timeout=5,
    redis_socket_connect_timeout=2,
    # A worker that dies gives its message back at once, instead of after the visibility timeout.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    # One message for each process: what waits stays in the queue, where another worker can take it.
    worker_prefetch_multiplier=1,
    # Results are rows of ours; only the chord's header needs a backend.
    task_ignore_result=True,
    # Names and arguments for the results that are kept: those of maintenance tasks, for the admin.
    result_extended=True,
    # With REMAP_SIGTERM=SIGQUIT a stopped worker lets its attempt finish this long, then hands it back.
    worker_soft_shutdown_timeout=20,
    # True would kill every encode when the broker hiccups.
    worker_cancel_long_running_tasks_on_connection_loss=False,
    # Celery's own, with an idle slot beside a busy one, ends when the broker does.
    worker_consumer="config.consumer:Consumer",
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    # What Flower shows.
    worker_send_task_events=True,
    task_send_sent_event=True,
    task_track_started=True,
    worker_hijack_root_logger=False,
    task_default_queue="control",
    # A message of ours is an id; anything that wants code to load it is not ours.
    accept_content=["json"],
    task_serializer="json",
    result_serializer="json",
    timezone="UTC",
    beat_scheduler="django_celery_beat.schedulers:DatabaseScheduler",
    beat_schedule={
        "prune orphans": {
            "task": "jobs.prune_orphans",
            "schedule": crontab(minute="*/30"),
            "options": {"queue": "files", "expires": 1500},
        },
        "prune idempotency keys": {
            "task": "jobs.prune_idempotency_keys",
            "schedule": crontab(minute="17"),
            "options": {"queue": "control", "expires": 3000},
        },
        "redeliver GitHub's lost webhooks": {
            "task": "inbound.redeliver_github",
            "schedule": crontab(minute="*/5"),
            "options": {"queue": "inbound", "expires": 240},
        },
        "prune webhooks": {
            "task": "webhooks.prune",
            "schedule": crontab(minute="27"),
            "options": {"queue": "control", "expires": 3000},
        },
        "prune inbound webhooks": {
            "task": "inbound.prune",
            "schedule": crontab(minute="41", hour="3"),
            "options": {"queue": "inbound", "expires": 3000},
        },
    },
)
# Celery's Django fixup would close the database connection before and after each task: a connection of its own
# for each step costs 70 ms of CPU a job, most of it in PostgreSQL. `jobs/workers.py` looks after it instead.
app.conf["CELERY_DB_REUSE_MAX"] = sys.maxsize
app.autodiscover_tasks(["jobs", "webhooks", "webhooks.inbound"])
