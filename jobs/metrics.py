"""What the conductor tells Prometheus: repairs and hints as it makes them, queues and dead letters as the tables say.

Served by the conductor alone (METRICS_PORT): a process without forks, where counters count.
"""

from collections.abc import Iterator

from django.db import Error as DatabaseError
from django.db import connection
from django.db.models import Count, F, Min, Q
from django.db.models.functions import Now
from prometheus_client import Counter, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import REGISTRY, Collector

from jobs.models import Job, Step, Worker
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
        due = Step.objects.filter(state=StepState.READY, dispatch_after__lte=Now())
        ages = due.values("queue").annotate(age=Now() - Min("ready_at"))
        for row in ages:
            oldest.add_metric([row["queue"]], max(0.0, row["age"].total_seconds()))
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
