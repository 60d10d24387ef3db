"""How many hints may be on their way: a few for each slot, so that what waits, waits where it can still be
reordered, and so that no queue of the broker ever grows with the number of jobs."""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Count, QuerySet
from django.db.models.functions import Now

from jobs.models import Step, Worker
from jobs.routing import TRANSCODE_GPU
from jobs.states import StepState

HINTS_FOR_EACH_SLOT = 4
# Below this a queue's window never falls: with no worker in sight a few hints wait for the first one.
LEAST_WINDOW = 8
# A worker is counted for three of its signs of life.
WORKER_SECONDS = 30


def windows(queues: Iterable[str]) -> dict[str, int]:
    """For each queue, how many more hints may leave now. Never negative."""
    slots: Counter[str] = Counter()
    for names, count in _live_workers().values_list("queues", "slots"):
        slots.update(dict.fromkeys(names, count))
    waiting = dict(
        Step.objects.filter(state=StepState.READY, hints__gt=0)
        .values_list("queue")
        .annotate(Count("id"))
        .values_list("queue", "id__count")
    )
    return {
        queue: max(0, max(LEAST_WINDOW, HINTS_FOR_EACH_SLOT * slots[queue]) - waiting.get(queue, 0))
        for queue in queues
    }


def queues_of_encoder(revision: str) -> set[str]:
    """The queues that a live worker with this encoder serves."""
    workers = _live_workers().filter(encoder_identity__revision=revision)
    return {queue for queues in workers.values_list("queues", flat=True) for queue in queues}


def live_queues() -> set[str]:
    """The queues that some live worker serves."""
    return {queue for queues in _live_workers().values_list("queues", flat=True) for queue in queues}


def has_proven(encoder: str, *, besides: str) -> bool:
    """Whether a live worker other than `besides` serves GPUs and has shown that its own runs this encoder."""
    able = _live_workers().filter(queues__contains=[TRANSCODE_GPU], proven_encoders__contains=[encoder])
    return able.exclude(name=besides).exists()


def has_room_for(steps: Iterable[Step]) -> bool:
    """Whether every one of these steps could be hinted now."""
    wanted = Counter(step.queue for step in steps)
    room = windows(wanted)
    return all(room[queue] >= count for queue, count in wanted.items())


def _live_workers() -> "QuerySet[Worker]":
    return Worker.objects.filter(seen_at__gt=Now() - timedelta(seconds=WORKER_SECONDS))
