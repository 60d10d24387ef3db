"""Celery's doors. A message says that something is due, and nothing else."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from celery import shared_task
from celery.concurrency.thread import TaskPool
from celery.signals import worker_ready
from celery.worker import state
from django.conf import settings

from adapters.egress_post import Posters
from webhooks import deliveries, mail, pruning, targets
from webhooks.deliveries import Send
from webhooks.pump import Limits, Pump

MAIL_SLOTS = 4
_pumps: list[Pump] = []


@shared_task(name="webhooks.deliver_webhooks")
def deliver_webhooks() -> int:
    return _webhooks().run()


@shared_task(name="webhooks.send_mail")
def send_mail() -> int:
    return _mail().run()


@shared_task(name="webhooks.prune")
def prune() -> int:
    return pruning.prune()


@worker_ready.connect
def stop_warmly(sender: Any, **_: Any) -> None:
    """SIGTERM to a worker with a pool of threads: its tries end, within HTTP_TIMEOUT, and are written down.

    Whatever REMAP_SIGTERM says: a cold shutdown gives processes their time, and leaves threads where they are.
    """
    if isinstance(sender.pool, TaskPool):
        signal.signal(signal.SIGTERM, _stop)


def _stop(*_: object) -> None:
    for pump in _pumps:
        pump.stop()
    # What Celery's own handler of a warm shutdown sets: the exit code.
    state.should_stop = 0  # type: ignore[assignment]  # the stubs know its first value only


@cache
def _webhooks() -> Pump:
    return _kept(
        Pump(
            targets.WEBHOOKS,
            Limits(
                slots=settings.WEBHOOK_SLOTS,
                per_endpoint=settings.WEBHOOK_SLOTS_PER_ENDPOINT,
                lease_seconds=settings.HTTP_TIMEOUT + settings.WEBHOOK_LEASE_MARGIN_SECONDS,
            ),
            _posting,
        )
    )


@cache
def _mail() -> Pump:
    # An SMTP dialogue has several waits, each of at most HTTP_TIMEOUT.
    lease = 4 * settings.HTTP_TIMEOUT + settings.WEBHOOK_LEASE_MARGIN_SECONDS
    return _kept(Pump(targets.MAIL, Limits(MAIL_SLOTS, MAIL_SLOTS, lease), _mailing))


def _kept(pump: Pump) -> Pump:
    _pumps.append(pump)
    return pump


@contextmanager
def _posting() -> Iterator[Callable[[], Send]]:
    """A poster, with connections of its own, for each thread."""
    posters = Posters(targets.policy())

    def make() -> Send:
        poster = posters.make()
        return lambda claimed: deliveries.post(claimed, poster)

    try:
        yield make
    finally:
        posters.close()


@contextmanager
def _mailing() -> Iterator[Callable[[], Send]]:
    yield lambda: mail.send
