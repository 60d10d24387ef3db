"""What the conductor tells Prometheus: repairs and hints as it makes them, queues and dead letters as the tables say.

Served by the conductor alone (METRICS_PORT): a process without forks, where counters count.
"""

from collections.abc import Iterator

from django.db import Error as DatabaseError
from django.db import connection
from django.db.models import Count, F, Q
from django.db.models.functions import Now
from prometheus_client import Counter, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import REGISTRY, Collector

from jobs.models import Job, Step, Worker
from jobs.routing import STEP_QUEUES
from jobs.states import JobState, StepState

REPAIRS = Counter("reelchord_repairs_total", "Drift between the database and the world, repaired.", ["kind"])
HINTS = Counter("reelchord_hints_total", "Hints sent to the broker.", ["queue"])


class Tables(Collector):
    """Gauges read at each scrape, by partial indexes: their cost follows what is live, not what was."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            yield from self._gauges()
        except DatabaseError:
            # A scrape during an outage shows the counters alone.
            connection.close()

    def describe(self) -> list[GaugeMetricFamily]:
        return []

    def _gauges(self) -> Iterator[GaugeMetricFamily]:
        steps = GaugeMetricFamily("reelchord_steps", "Live steps.", labels=["queue", "state"])
        oldest = GaugeMetricFamily(
            "reelchord_oldest_ready_seconds", "Age of the oldest due step.", labels=["queue"]
        )
        live = Step.objects.filter(Q(state=StepState.READY, hints__gt=0) | Q(state=StepState.RUNNING))
        for queue, state, count in live.values_list("queue", "state").annotate(Count("id")):
            steps.add_metric([queue, "hinted" if state == StepState.READY else "running"], count)
        for queue in STEP_QUEUES:
            # The first entry of the index, not the minimum of a million rows.
            due = Step.objects.filter(queue=queue, state=StepState.READY, dispatch_after__lte=Now())
            age = due.order_by("dispatch_after").values_list(Now() - F("ready_at"), flat=True).first()
            oldest.add_metric([queue], age.total_seconds() if age else 0.0)
        dead = Job.objects.filter(state=JobState.DEAD_LETTER).count()
        slots = GaugeMetricFamily("reelchord_worker_slots", "Slots of live workers.", labels=["worker"])
        for name, count in Worker.objects.values_list("name", F("slots")):
            slots.add_metric([name], count)
        letters = GaugeMetricFamily("reelchord_dead_letters", "Jobs kept for a person.", value=dead)
        yield from (steps, oldest, slots, letters)


def serve(port: int, address: str) -> None:
    """Answer scrapes on a thread of its own."""
    REGISTRY.register(Tables())
    start_http_server(port, addr=address)
