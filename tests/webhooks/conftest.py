from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.webhooks.receiver import Receiver, receiving


@pytest.fixture
def receivers(settings) -> Iterator[Callable[[], Receiver]]:
    """Makes a customer's server, which the egress guard lets requests through to."""
    settings.EGRESS_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    settings.WEBHOOK_ALLOW_HTTP = True
    # Ports that are open besides 80 and 443, the first test's as the last's.
    settings.EGRESS_ALLOWED_PORTS = [80, 443]
    with ExitStack() as open_ones:

        def make() -> Receiver:
            server = open_ones.enter_context(receiving())
            settings.EGRESS_ALLOWED_PORTS = [*settings.EGRESS_ALLOWED_PORTS, server.port]
            return server

        yield make


@pytest.fixture
def receiver(receivers) -> Receiver:
    return receivers()


@pytest.fixture
def account() -> UUID:
    """Nothing of webhooks asks whether there is such an account."""
    return uuid4()


@pytest.fixture
def pump(settings) -> Callable[..., int]:
    """Work a queue off in this process, as a worker does, until nothing is due."""
    from webhooks import targets, tasks
    from webhooks.pump import Limits, Pump

    settings.HTTP_TIMEOUT = 2.0

    def run(
        *, slots: int = 8, per_endpoint: int = 4, lease_seconds: float = 30.0, queue: str = targets.WEBHOOKS
    ) -> int:
        sender = tasks._posting if queue == targets.WEBHOOKS else tasks._mailing
        return Pump(queue, Limits(slots, per_endpoint, lease_seconds), sender).run()

    return run


@pytest.fixture
def endpoint(receiver, account, db) -> Any:
    """An endpoint of the account at `receiver`, with its secret: `endpoints.Made`."""
    from webhooks import endpoints

    return endpoints.make(account, receiver.url(), actor="test")
