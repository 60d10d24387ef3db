"""Dead letters, redelivery, endpoints that are disabled, and what is pruned."""

import json
from datetime import timedelta
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models.functions import Now

from audit.models import AuditEvent
from tests.webhooks.casts import tell, the_delivery, tries
from tests.webhooks.receiver import says
from webhooks import due, endpoints, pruning, redelivery
from webhooks.models import Delivery, DeliveryAttempt, Endpoint, Event, SigningSecret
from webhooks.states import DeliveryState

pytestmark = pytest.mark.django_db


@pytest.fixture
def dead(endpoint, receiver, account, pump, settings) -> Delivery:
    """A delivery that is out of tries; its receiver is well again."""
    settings.WEBHOOK_MAX_RETRY = 0
    receiver.script = [says(500)]
    tell(account, "job.failed")
    pump()
    delivery = the_delivery()
    assert delivery.state == DeliveryState.DEAD_LETTER
    return delivery


def test_a_dead_letter_is_redelivered_with_its_id_and_both_are_in_the_audit_trail(dead, receiver, pump):
    assert redelivery.redeliver([dead.id], actor="operator:olga") == [dead.id]
    pump()
    assert the_delivery().state == DeliveryState.DELIVERED
    assert len({one.id for one in receiver.seen}) == 1
    assert tries() == [(500, "status"), (204, "")]
    trail = AuditEvent.objects.filter(subject="delivery", subject_id=dead.id).order_by("id")
    assert [(row.from_state, row.to_state, row.actor.partition("@")[0]) for row in trail] == [
        ("pending", "dead_letter", "worker:webhooks"),
        ("dead_letter", "pending", "operator:olga"),
    ]
    assert trail[0].detail["status"] == 500


def test_what_was_delivered_can_be_sent_once_more_and_what_is_pending_cannot(
    endpoint, receiver, account, pump
):
    tell(account)
    assert redelivery.redeliver([the_delivery().id], actor="test") == []
    pump()
    assert redelivery.redeliver([the_delivery().id], actor="test") == [the_delivery().id]
    pump()
    assert len(receiver.seen) == 2


def test_nothing_is_redelivered_to_a_disabled_endpoint(dead, endpoint):
    endpoints.set_enabled(endpoint.endpoint, False, actor="test")
    assert redelivery.redeliver([dead.id], actor="test") == []
    assert redelivery.find(redelivery.dead_letters()).ids == ()


def test_the_command_counts_and_redelivers_what_its_filter_finds(dead, endpoint):
    def run(*arguments: str) -> str:
        out = StringIO()
        call_command("redeliver", *arguments, stdout=out)
        return out.getvalue()

    with pytest.raises(CommandError, match="Name which"):
        run()
    assert "0 in all" in run("--endpoint", str(uuid4()), "--dry-run")
    assert "0 in all" in run("--type", "job.queued", "--dry-run")
    assert "1 job.failed" in run("--since", "1h", "--dry-run")
    assert the_delivery().state == DeliveryState.DEAD_LETTER
    assert "once more: 1." in run("--endpoint", str(endpoint.endpoint.id), "--since", "1h")
    assert the_delivery().state == DeliveryState.PENDING


def test_an_endpoint_that_only_fails_for_days_is_disabled_and_the_others_are_told(
    endpoint, receivers, receiver, account, pump
):
    other = receivers()
    endpoints.make(account, other.url(), types=["endpoint.disabled"], actor="test")
    receiver.otherwise = says(500)
    tell(account)
    pump()
    assert Endpoint.objects.get(id=endpoint.endpoint.id).failing_since is not None
    Endpoint.objects.filter(id=endpoint.endpoint.id).update(failing_since=Now() - timedelta(hours=121))
    tell(account)
    pump()
    row = Endpoint.objects.get(id=endpoint.endpoint.id)
    assert (row.enabled, row.disabled_reason) == (False, "failing")
    pump()
    assert json.loads(other.seen[0].body)["data"] == {
        "endpoint": {"id": str(row.id), "url": row.url, "reason": "failing"}
    }
    trail = AuditEvent.objects.get(subject="endpoint", to_state="disabled")
    assert (trail.subject_id, trail.detail) == (row.id, {"reason": "failing"})


def test_a_success_ends_the_time_of_failing(endpoint, receiver, account, pump):
    Endpoint.objects.update(failing_since=Now() - timedelta(days=30))
    tell(account)
    pump()
    row = Endpoint.objects.get()
    assert (row.enabled, row.failing_since) == (True, None)


def test_what_waits_for_a_disabled_endpoint_becomes_dead_letters_and_comes_with_the_endpoint(
    endpoint, receiver, account, pump
):
    tell(account, count=7)
    endpoints.set_enabled(endpoint.endpoint, False, actor="test")
    pump(slots=3)
    rows = Delivery.objects.values_list("state", "last_error", "tries").distinct()
    assert list(rows) == [("dead_letter", "endpoint_disabled", 1)]
    assert (receiver.seen, DeliveryAttempt.objects.count()) == ([], 0)
    endpoints.set_enabled(endpoint.endpoint, True, actor="test")
    found = redelivery.find(redelivery.dead_letters())
    assert len(redelivery.redeliver(found.ids, actor="test")) == 7
    pump()
    assert len(receiver.seen) == 7


def test_a_test_message_goes_to_its_endpoint_alone_whatever_that_asked_for(
    endpoint, receivers, receiver, account, pump
):
    other = receivers()
    endpoints.make(account, other.url(), actor="test")
    Endpoint.objects.filter(id=endpoint.endpoint.id).update(types=["job.failed"])
    endpoints.ping(endpoint.endpoint)
    pump()
    assert (len(receiver.seen), other.seen) == (1, [])


def test_only_queues_with_something_due_are_hinted_and_not_in_a_storm(endpoint, account):
    assert due.queues() == []
    tell(account)
    pace = due.Pace()
    assert due.queues() == pace.due() == ["webhooks"]
    assert pace.due() == [], "a moment later the first hint is still on its way"


def _age(table: str, column: str, hours: int, where: str = "true") -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {column} = statement_timestamp() - interval '{hours} hours' WHERE {where}"  # noqa: S608
        )


def test_what_is_over_is_pruned_by_age_and_what_is_pending_never(
    endpoint, receiver, account, pump, settings, monkeypatch
):
    monkeypatch.setattr(pruning, "BATCH", 2)
    settings.WEBHOOK_MAX_RETRY = 0
    tell(account, count=5)
    pump()
    receiver.otherwise = says(500)
    tell(account, count=3)
    pump()
    endpoints.set_enabled(endpoint.endpoint, True, actor="test")
    tell(account)
    _age("webhooks_event", "created_at", 24 * 365)
    assert pruning.prune() == 0, "an event stays as long as its deliveries"
    _age("webhooks_delivery", "finished_at", 24 * 8, "state <> 'pending'")
    assert pruning.prune() == 5 + 5
    assert sorted(Delivery.objects.values_list("state", flat=True)) == ["dead_letter"] * 3 + ["pending"]
    assert DeliveryAttempt.objects.count() == 3
    _age("webhooks_delivery", "finished_at", 24 * 31, "state <> 'pending'")
    assert pruning.prune() == 3 + 3
    assert (Event.objects.count(), Endpoint.objects.count()) == (1, 1)


def test_a_deleted_endpoint_goes_with_its_secret_when_its_deliveries_have_gone(endpoint, account, pump):
    tell(account)
    pump()
    endpoints.delete(endpoint.endpoint, actor="test")
    _age("webhooks_endpoint", "deleted_at", 24 * 365)
    _age("webhooks_event", "created_at", 24 * 365)
    _age("webhooks_signingsecret", "created_at", 24 * 365)
    pruning.prune()
    assert Endpoint.objects.exists()
    _age("webhooks_delivery", "finished_at", 24 * 8)
    pruning.prune()
    assert not Endpoint.objects.exists()
    assert not SigningSecret.objects.exists()


def test_the_endpoint_of_a_job_goes_when_nothing_of_it_is_left(receiver, account, pump):
    job = uuid4()
    endpoints.make_for_job(account, job, receiver.url())
    tell(account, job=job)
    pump()
    _age("webhooks_endpoint", "created_at", 24 * 365)
    _age("webhooks_event", "created_at", 24 * 365)
    assert pruning.prune() == 0
    _age("webhooks_delivery", "finished_at", 24 * 8)
    pruning.prune()
    assert not Endpoint.objects.exists()
