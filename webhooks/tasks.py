"""Celery's doors. A message says that something is due, and nothing else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from celery import shared_task
from celery.signals import worker_shutting_down
from django.conf import settings

from adapters.egress_post import Posters
from webhooks import deliveries, mail, pruning, targets
from webhooks.deliveries import Send
from webhooks.pump import Limits, Pump

# A claim outlives its try by a name look-up, which nothing can interrupt, and the time to write it down.
_LEASE_MARGIN_SECONDS = 20.0
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


@worker_shutting_down.connect
def stop_pumps(**_: Any) -> None:
    for pump in _pumps:
        pump.stop()


@cache
def _webhooks() -> Pump:
    return _kept(
        Pump(
            targets.WEBHOOKS,
            Limits(
                slots=settings.WEBHOOK_SLOTS,
                per_endpoint=settings.WEBHOOK_SLOTS_PER_ENDPOINT,
                lease_seconds=settings.HTTP_TIMEOUT + _LEASE_MARGIN_SECONDS,
            ),
            _posting,
        )
    )


@cache
def _mail() -> Pump:
    # An SMTP dialogue has several waits, each of at most HTTP_TIMEOUT.
    lease = 4 * settings.HTTP_TIMEOUT + _LEASE_MARGIN_SECONDS
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
