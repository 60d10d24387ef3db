"""`manage.py conductor`: one or more of these belong to every installation."""

import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from jobs import conductor, metrics


class Command(BaseCommand):
    help = "Dispatch ready steps and repair drift, until SIGTERM."
    requires_system_checks = ["settings"]

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        if settings.METRICS_PORT:
            metrics.serve(settings.METRICS_PORT, settings.METRICS_ADDRESS)
        conductor.run(stop)
