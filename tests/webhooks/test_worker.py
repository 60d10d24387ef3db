"""The worker as a process: hinted by the conductor, killed without a word, and told to stop."""

import time
from uuid import uuid4

import pytest

from config.embedded.programs import webhooks_worker
from tests.webhooks.casts import tell
from tests.webhooks.receiver import Handler
from tests.webhooks.worker import processes, start, until
from webhooks import endpoints
from webhooks.models import Delivery, DeliveryAttempt
from webhooks.states import DeliveryState

pytestmark = pytest.mark.django_db(transaction=True)


def slowly(handler: Handler) -> None:
    time.sleep(0.03)
    handler.answer(204)


def delivered() -> int:
    return Delivery.objects.filter(state=DeliveryState.DELIVERED).count()


@pytest.fixture
def cast(receivers, valkey):
    """An account with four endpoints at four servers."""
    account, servers = uuid4(), [receivers() for _ in range(4)]
    for server in servers:
        endpoints.make(account, server.url(), actor="test")
    return account, servers


def test_events_reach_their_receivers_and_kill_9_with_many_in_flight_loses_none(cast, tmp_path):
    account, servers = cast
    for server in servers:
        server.otherwise = slowly
    short = {"HTTP_TIMEOUT": "1", "WEBHOOK_LEASE_MARGIN_SECONDS": "1", "WEBHOOK_SLOTS": "16"}
    with processes(tmp_path, ports=[server.port for server in servers], **short) as running:
        began = time.monotonic()
        tell(account)
        until(lambda: delivered() == 4, "nothing arrives")
        assert time.monotonic() - began < 5
        tell(account, count=125)
        worker = running["webhooks"]
        for share in (40, 250):
            until(lambda share=share: delivered() >= share, "it does not go on")
            worker.kill()
            in_flight = Delivery.objects.filter(state="pending", lease_until__isnull=False).count()
            assert in_flight > 0, "nothing was in flight"
            start(worker, webhooks_worker())
        until(lambda: delivered() == 504, "deliveries were lost")
    for server in servers:
        ids = [one.id for one in server.seen]
        assert len(set(ids)) == 126, "an event did not arrive"
    again = sum(len(server.seen) for server in servers) - 504
    lost = DeliveryAttempt.objects.filter(error="worker_lost").count()
    assert 0 <= again <= lost, "a repeat that no lost try explains"
    assert lost > 0


def test_a_worker_that_is_told_to_stop_writes_down_what_was_in_flight(cast, tmp_path):
    account, servers = cast
    for server in servers:
        server.otherwise = slowly
    with processes(tmp_path, ports=[server.port for server in servers]) as running:
        tell(account, count=100)
        until(lambda: delivered() > 20, "it does not begin")
        running["webhooks"].stop(grace_seconds=30)
        assert Delivery.objects.filter(state="pending", lease_until__isnull=False).count() == 0
        assert delivered() == sum(len(server.seen) for server in servers) < 400
        start(running["webhooks"], webhooks_worker())
        until(lambda: delivered() == 400, "it does not go on")
    assert sum(len(server.seen) for server in servers) == 400, "something was sent twice"
