"""Who gets the next try: fair over endpoints, bounded for each, and fenced."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db.models.functions import Now

from tests.webhooks.casts import tell, the_delivery, tries
from tests.webhooks.receiver import hangs, says
from webhooks import claims, deliveries, endpoints, transitions
from webhooks.models import Delivery, DeliveryAttempt
from webhooks.states import DeliveryState
from webhooks.tries import Tried

pytestmark = pytest.mark.django_db


def claim(limit: int = 10, *, per_endpoint: int = 4, lease_seconds: float = 30, after=claims.FIRST):
    return claims.claim(
        "webhooks",
        owner="w",
        limit=limit,
        per_endpoint=per_endpoint,
        lease_seconds=lease_seconds,
        after=after,
    )


def claimed(**how) -> list[claims.Claimed]:
    return claim(**how)[0]


def arrived(one: claims.Claimed) -> Tried:
    """As if it had been sent and answered."""
    verdict = deliveries.judge(one, status=204, error="")
    return Tried(one, verdict, datetime.now(UTC), status=204)


@pytest.fixture
def crowd(receivers, account):
    """Two endpoints: a busy one with 20 waiting, and one with a single message that came last."""
    busy, quiet = receivers(), receivers()
    first = endpoints.make(account, busy.url(), types=["job.started"], actor="test").endpoint
    second = endpoints.make(account, quiet.url(), types=["job.failed"], actor="test").endpoint
    tell(account, "job.started", count=20)
    tell(account, "job.failed")
    return first, second


def test_an_endpoint_with_many_waiting_gets_its_share_and_no_more(crowd):
    first, second = crowd
    found = claimed()
    assert [one.endpoint_id for one in found].count(first.id) == 4
    assert [one.endpoint_id for one in found].count(second.id) == 1
    assert claimed() == [], "its share is in flight"


def test_with_little_room_each_endpoint_gets_one_before_any_gets_two(crowd):
    assert {one.endpoint_id for one in claimed(limit=2)} == {one.id for one in crowd}


def test_the_oldest_of_an_endpoint_go_first(crowd):
    first, _ = crowd
    numbers = [one.message.data["job"]["n"] for one in claimed() if one.endpoint_id == first.id]
    assert sorted(numbers) == numbers == [0, 1, 2, 3]


def test_what_ended_makes_room(crowd):
    found = claimed()
    transitions.settle([arrived(one) for one in found])
    assert len(claimed()) == 4


def test_a_claim_goes_on_behind_the_endpoints_that_it_looked_at(crowd, monkeypatch):
    monkeypatch.setattr(claims, "ENDPOINTS_AT_ONCE", 1)
    found, after = claim()
    others, after = claim(after=after)
    assert {found[0].endpoint_id, others[0].endpoint_id} == {one.id for one in crowd}
    assert claim(after=after) == ([], claims.FIRST)


def test_a_dead_workers_delivery_is_due_again_when_its_lease_runs_out_and_its_try_is_told_of(
    endpoint, receiver, account, pump
):
    tell(account)
    (lost,) = claimed()
    assert pump() == 0, "its lease still holds"
    Delivery.objects.update(lease_until=Now() - timedelta(1), next_try_at=Now() - timedelta(1))
    assert pump() == 1
    assert tries() == [(None, "worker_lost"), (204, "")]
    assert [row.epoch for row in DeliveryAttempt.objects.order_by("id")] == [1, 2]
    assert transitions.settle([arrived(lost)]) == [], "the fence"
    assert DeliveryAttempt.objects.count() == 2


def test_a_worker_that_was_frozen_beyond_its_lease_writes_nothing_down(endpoint, account):
    tell(account)
    (frozen,) = claimed()
    Delivery.objects.update(lease_until=Now() - timedelta(1), next_try_at=Now() - timedelta(1))
    (second,) = claimed()
    assert transitions.settle([arrived(frozen)]) == [], "the fence"
    assert (the_delivery().state, tries()) == (DeliveryState.PENDING, [])
    assert len(transitions.settle([arrived(second)])) == 1
    assert tries() == [(None, "worker_lost"), (204, "")]


def test_a_delivery_that_kills_its_worker_each_time_becomes_a_dead_letter(
    endpoint, receiver, account, pump, settings
):
    settings.WEBHOOK_MAX_RETRY = 2
    tell(account)
    for _ in range(3):
        assert len(claimed()) == 1
        Delivery.objects.update(lease_until=Now() - timedelta(1), next_try_at=Now() - timedelta(1))
    pump()
    assert (the_delivery().state, the_delivery().last_error) == (DeliveryState.DEAD_LETTER, "worker_lost")
    assert receiver.seen == []


def test_a_slow_endpoint_holds_up_no_other_one(receivers, account, pump, settings):
    settings.HTTP_TIMEOUT = 1.5
    slow, fast = receivers(), receivers()
    slow.otherwise = hangs
    endpoints.make(account, slow.url(), types=["job.started"], actor="test")
    endpoints.make(account, fast.url(), types=["job.failed"], actor="test")
    tell(account, "job.started", count=9)  # more than there are slots, and all of them first
    tell(account, "job.failed", count=30)
    pump(slots=8)
    assert len(fast.seen) == 30
    assert len(slow.seen) >= 9
    waited = max(one.at for one in fast.seen) - min(one.at for one in fast.seen + slow.seen)
    assert waited < 1.4, "they waited for the slow one"


def test_at_most_so_many_requests_at_once_reach_one_endpoint(endpoint, receiver, account, pump):
    receiver.otherwise = says(200)
    tell(account, count=40)
    pump(slots=16, per_endpoint=3)
    assert len(receiver.seen) == 40
    assert receiver.most_at_once <= 3


def test_a_paused_endpoint_is_passed_over(endpoint, account):
    from webhooks.models import Endpoint

    tell(account)
    Endpoint.objects.update(paused_until=Now() + timedelta(minutes=1))
    assert claimed() == []
    Endpoint.objects.update(paused_until=Now() - timedelta(minutes=1))
    assert len(claimed()) == 1


def test_another_accounts_endpoint_hears_of_nothing(endpoint, account):
    tell(uuid4())
    assert claimed() == []
