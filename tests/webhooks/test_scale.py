"""A backlog of a hundred thousand costs no claim and no look more than an empty table does: by the query plans."""

from uuid import uuid4

import pytest
from django.db import connection

from webhooks import claims, due
from webhooks.models import Delivery, Endpoint

pytestmark = pytest.mark.django_db

BACKLOG = 20_000


@pytest.fixture
def backlog():
    """One endpoint with everything, and fifty with a few that back off."""
    account = uuid4()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO webhooks_endpoint"
            " (account_id, url, description, types, shape, queue, enabled, disabled_reason)"
            " SELECT %s, 'https://example.com/', '', '{}', 'standard', 'webhooks', true, ''"
            " FROM generate_series(1, 51)",
            [account],
        )
        cursor.execute(
            "INSERT INTO webhooks_event (id, account_id, type, payload)"
            " SELECT gen_random_uuid(), %s, 'job.failed', '{}' FROM generate_series(1, %s)",
            [account, BACKLOG],
        )
        cursor.execute(
            "INSERT INTO webhooks_delivery (event_id, endpoint_id, account_id, queue, state, next_try_at)"
            " SELECT sequence, (SELECT id FROM webhooks_endpoint ORDER BY id LIMIT 1), account_id, 'webhooks',"
            " 'pending', now() FROM webhooks_event"
        )
        cursor.execute(
            "INSERT INTO webhooks_delivery (event_id, endpoint_id, account_id, queue, state, next_try_at)"
            " SELECT event.sequence, endpoint.id, event.account_id, 'webhooks', 'pending', now() + interval '1 hour'"
            " FROM (SELECT * FROM webhooks_event LIMIT 20) AS event CROSS JOIN"
            " (SELECT id FROM webhooks_endpoint ORDER BY id OFFSET 1) AS endpoint"
        )
        cursor.execute("ANALYZE webhooks_delivery, webhooks_event, webhooks_endpoint")


def rows_read(statement: str, parameters) -> int:
    """The most rows that any node of the plan went through, over all its loops."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters)
        nodes = [cursor.fetchone()[0][0]["Plan"]]
    most = 0
    while nodes:
        node = nodes.pop()
        nodes += node.get("Plans", [])
        most = max(most, node["Actual Rows"] * node["Actual Loops"])
    return int(most)


def test_a_claim_reads_what_it_takes(backlog):
    endpoints = list(Endpoint.objects.order_by("id").values_list("id", flat=True))
    parameters = {
        "queue": "webhooks",
        "owner": "w",
        "limit": 32,
        "per_endpoint": 4,
        "disabled_at_once": 100,
        "lease_seconds": 30,
        "endpoints": endpoints,
    }
    assert rows_read(claims._CLAIM, parameters) < 300
    assert Delivery.objects.filter(tries=1).count() == 4
    asking = {"queue": "webhooks", "after": claims.FIRST, "at_once": claims.ENDPOINTS_AT_ONCE}
    assert rows_read(claims._ASKING, asking) < 300


def test_a_look_for_what_is_due_reads_one_row(backlog):
    assert rows_read(due._DUE, [list(due.TASK_OF)]) < 10
    assert due.queues() == ["webhooks"]
