"""System checks: settings that contradict each other keep a process from starting (`manage.py check`)."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

# FFmpeg gets this long between SIGTERM and SIGKILL (adapters.ffmpeg.supervisor.Limits), and a commit a moment.
_SUPERVISOR_SECONDS = 10
# A step has to run again within 35 s of a kill -9.
_LONGEST_LEASE_SECONDS = 30


# Our commands ask for this tag alone: all of Django's checks load every page there is, for a second of CPU.
@register("settings")
def settings_agree(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Leases, graces and Celery's settings, held against each other."""
    from config.celery import app

    return [
        Error(problem, hint=hint, id=f"reelchord.{code}") for code, problem, hint in contradictions(app.conf)
    ]


def contradictions(celery: Any) -> Iterator[tuple[str, str, str]]:
    """(code, problem, hint) for each pair of settings that cannot both be meant. `celery` is an app's `conf`."""
    lease, heartbeat = settings.LEASE_SECONDS, settings.HEARTBEAT_SECONDS
    if heartbeat * 3 > lease:
        yield (
            "E001",
            "A lease outlives fewer than three heartbeats.",
            "LEASE_SECONDS at least 3 times HEARTBEAT_SECONDS.",
        )
    if lease + settings.RECONCILE_SECONDS > _LONGEST_LEASE_SECONDS + 5:
        yield (
            "E002",
            "A killed worker's step waits too long.",
            "LEASE_SECONDS + RECONCILE_SECONDS at most 35.",
        )
    soft = celery.worker_soft_shutdown_timeout
    if soft + _SUPERVISOR_SECONDS > settings.STOP_GRACE_SECONDS:
        yield (
            "E003",
            "A stopped worker is killed before it can hand its attempt back.",
            f"STOP_GRACE_SECONDS at least {soft + _SUPERVISOR_SECONDS:g}, and as much in the process manager.",
        )
    visibility = celery.broker_transport_options.get("visibility_timeout", 3600)
    longest = 60 * max(settings.MAX_TIMEOUT_MINUTES, settings.TASK_TIMEOUT_MINUTES)
    if visibility <= longest:
        yield (
            "E004",
            "A message becomes visible again before its job may end.",
            "visibility_timeout > MAX_TIMEOUT_MINUTES.",
        )
    if min(celery.result_chord_expires, celery.result_expires) <= longest:
        yield (
            "E005",
            "A chord's counter expires before its job may end.",
            "result_chord_expires > MAX_TIMEOUT_MINUTES.",
        )
    if celery.worker_prefetch_multiplier != 1:
        yield "E006", "A worker hoards messages that others could take.", "worker_prefetch_multiplier = 1."
    if not (celery.task_acks_late and celery.task_reject_on_worker_lost):
        yield (
            "E007",
            "A dying worker takes its message along.",
            "task_acks_late and task_reject_on_worker_lost.",
        )
    if celery.worker_cancel_long_running_tasks_on_connection_loss:
        yield "E008", "A hiccup of the broker would kill every encode.", "Leave that setting False."
    priorities = celery.task_default_priority or celery.task_queue_max_priority
    if priorities or "priority_steps" in celery.broker_transport_options:
        yield "E009", "Message priorities starve queues; the conductor decides about order.", "Unset them."
    if not celery.task_ignore_result:
        yield "E010", "Every hint would leave a result in the broker.", "task_ignore_result = True."
