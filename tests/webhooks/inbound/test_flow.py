"""From the POST to its effect through a real conductor and a real broker."""

import json
import threading
import time
from uuid import UUID

import pytest
import redis
from django.db import connection

from jobs import conductor
from tests.webhooks.inbound.senders import from_stripe, stripe_event
from webhooks.inbound import handling
from webhooks.inbound.models import InboundEvent

pytestmark = pytest.mark.django_db(transaction=True)

DEADLINE_SECONDS = 20.0


def test_a_webhook_reaches_the_queue_without_waiting_for_a_tick(valkey, settings):
    settings.CONDUCTOR_TICK_SECONDS = settings.RECONCILE_SECONDS = DEADLINE_SECONDS * 2
    stop = threading.Event()

    def conduct() -> None:
        conductor.run(stop)
        connection.close()

    thread = threading.Thread(target=conduct)
    with redis.Redis.from_url(valkey) as broker:
        broker.flushdb()
        thread.start()
        try:
            deadline = time.monotonic() + DEADLINE_SECONDS
            # A first one says that the conductor listens; the second has only its NOTIFY to be noticed by.
            for number in (1, 2):
                assert (
                    from_stripe(stripe_event("customer.created", {}, id_=f"evt_{number}")).status_code == 200
                )
                while broker.llen("inbound") < number:
                    assert time.monotonic() < deadline, "no hint came"
                    time.sleep(0.01)
            messages = [json.loads(text) for text in broker.lrange("inbound", 0, -1)]
        finally:
            stop.set()
            with connection.cursor() as cursor:
                cursor.execute("NOTIFY reelchord_inbound, 'inbound'")
            thread.join()
    assert {message["headers"]["task"] for message in messages} == {"inbound.handle"}
    ids = [UUID(message["headers"]["argsrepr"].strip("(',)")) for message in messages]
    assert sorted(ids) == sorted(InboundEvent.objects.values_list("id", flat=True))
    assert {handling.handle(event_id, "tester") for event_id in ids} == {"ignored"}
