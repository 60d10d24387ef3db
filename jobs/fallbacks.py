"""Steps that wait for a GPU where there is none: their fallback makes them, on the CPU."""

from datetime import timedelta

import structlog
from django.conf import settings
from django.db.models.functions import Now

from jobs import admission, faults
from jobs.models import Step
from jobs.routing import TRANSCODE_CPU, TRANSCODE_GPU
from jobs.states import StepState
from jobs.transitions import change

log = structlog.get_logger(__name__)

_AT_ONCE = 100


def leave_the_gpu() -> int:
    """Send what has waited for GPU_WAIT_SECONDS, while no live worker serves the GPU's queue, elsewhere; how many.

    Only what has a fallback, and what no operator has asked a certain encoder for.
    """
    waiting = list(
        Step.objects.filter(
            state=StepState.READY,
            queue=TRANSCODE_GPU,
            has_fallback=True,
            encoder_revision="",
            ready_at__lt=Now() - timedelta(seconds=settings.GPU_WAIT_SECONDS),
        ).order_by("ready_at")[:_AT_ONCE]
    )
    if not waiting or TRANSCODE_GPU in admission.live_queues():
        return 0
    fault = faults.fault("gpu_missing", f"no live worker has served {TRANSCODE_GPU}")
    moved = 0
    for step in waiting:
        with change(step.job_id, actor="conductor") as moves:
            moved += moves.redirect_step(step, TRANSCODE_CPU, fault=fault)
    if moved:
        log.warning("fallback: no worker for GPUs", steps=moved)
    return moved
