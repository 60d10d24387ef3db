"""Stripe's four events set plan, quota and suspension; in any order, the newest wins; a stranger's change nothing."""

import itertools
import time

import pytest

from audit.models import AuditEvent
from jobs.models import Account
from tests.factories import make_account
from tests.webhooks.inbound.senders import from_stripe, stripe_event
from webhooks.inbound import transitions
from webhooks.inbound.models import InboundEvent

pytestmark = pytest.mark.django_db

T0 = int(time.time()) - 3600
CUSTOMER, SUBSCRIPTION = "cus_QaXacme", "sub_1PaXacme"


def checkout(account, *, at=T0, plan="studio", customer=CUSTOMER, subscription=SUBSCRIPTION, **changes):
    data = {
        "id": "cs_1",
        "object": "checkout.session",
        "mode": "subscription",
        "client_reference_id": str(account.id) if account else None,
        "customer": customer,
        "subscription": subscription,
        "payment_status": "paid",
        "metadata": {"plan": plan} if plan else {},
    } | changes
    return stripe_event("checkout.session.completed", data, created=at)


def invoice(type_, *, at, customer=CUSTOMER, subscription=SUBSCRIPTION, plan=None, **changes):
    details = {"subscription": subscription, "metadata": {"plan": plan} if plan else {}}
    data = {
        "id": "in_1",
        "object": "invoice",
        "customer": customer,
        "attempt_count": 1,
        "next_payment_attempt": at + 86_400,
        "parent": {"type": "subscription_details", "subscription_details": details},
        "lines": {"object": "list", "data": []},
    } | changes
    return stripe_event(type_, data, created=at)


def paid(at, **changes):
    return invoice("invoice.paid", at=at, **changes)


def payment_failed(at, **changes):
    return invoice("invoice.payment_failed", at=at, **changes)


def deleted(at, *, customer=CUSTOMER, subscription=SUBSCRIPTION):
    data = {"id": subscription, "object": "subscription", "customer": customer, "status": "canceled"}
    return stripe_event("customer.subscription.deleted", data, created=at)


@pytest.fixture
def happen(work_off):
    """Events arrive in this order, and each is handled before the next one comes."""

    def send(*events):
        ended = []
        for event in events:
            assert from_stripe(event).status_code == 200
            ended += work_off()
        return ended

    return send


@pytest.fixture
def subscriber(acme, happen):
    """Acme, with a paid studio plan since T0."""
    assert happen(checkout(acme)) == ["handled"]
    return acme


def shown(account):
    account.refresh_from_db()
    return account.plan, account.quota_jobs, account.suspension_reason if account.suspended_at else None


def last() -> InboundEvent:
    return InboundEvent.objects.latest("id")


def test_a_checkout_ties_the_customer_to_the_account_and_gives_it_its_plan(acme, happen):
    assert happen(checkout(acme)) == ["handled"]
    assert shown(acme) == ("studio", 5000, None)
    assert (acme.stripe_customer_id, acme.stripe_subscription_id) == (CUSTOMER, SUBSCRIPTION)
    event = last()
    assert (event.account_id, event.note) == (acme.id, f"{acme.slug}: plan studio, not suspended.")
    [change] = AuditEvent.objects.filter(subject="account", subject_id=acme.id)
    assert (change.from_state, change.to_state, change.actor) == (
        "active",
        "active",
        "stripe:checkout.session.completed",
    )
    assert change.detail == {
        "event": event.event_id,
        "plan": "studio",
        "quota_jobs": 5000,
        "customer": CUSTOMER,
        "subscription": SUBSCRIPTION,
    }


def test_a_plan_without_a_limit_is_one(acme, happen):
    happen(checkout(acme, plan="boundless"))
    assert shown(acme) == ("boundless", None, None)


def test_a_payment_that_fails_suspends_and_the_paid_invoice_lifts_it(subscriber, happen):
    assert happen(payment_failed(T0 + 10)) == ["handled"]
    assert shown(subscriber) == ("studio", 5000, "a payment has failed")
    assert happen(paid(T0 + 20)) == ["handled"]
    assert shown(subscriber) == ("studio", 5000, None)
    moves = AuditEvent.objects.filter(subject="account").order_by("id").values_list("from_state", "to_state")
    assert list(moves) == [("active", "active"), ("active", "suspended"), ("suspended", "active")]


def test_an_installation_may_wait_for_the_third_failure_but_not_beyond_stripes_last(
    subscriber, happen, settings
):
    settings.BILLING_SUSPEND_AT_ATTEMPT = 3
    happen(payment_failed(T0 + 10, attempt_count=2))
    assert shown(subscriber)[2] is None
    happen(payment_failed(T0 + 20, attempt_count=3))
    assert shown(subscriber)[2] == "a payment has failed"
    happen(paid(T0 + 30), payment_failed(T0 + 40, attempt_count=1, next_payment_attempt=None))
    assert shown(subscriber)[2] == "a payment has failed"


def test_the_end_of_the_subscription_takes_plan_quota_and_access(subscriber, happen):
    assert happen(deleted(T0 + 10)) == ["handled"]
    assert shown(subscriber) == ("", 0, "the subscription has ended")
    assert subscriber.stripe_subscription_id == ""
    assert happen(checkout(subscriber, at=T0 + 20, plan="starter", subscription="sub_2")) == ["handled"]
    assert shown(subscriber) == ("starter", 100, None)


def test_a_plan_comes_from_the_invoice_where_it_names_one(subscriber, happen):
    happen(paid(T0 + 10, plan="starter"))
    assert shown(subscriber)[:2] == ("starter", 100)
    price = {"data": [{"metadata": {}, "price": {"lookup_key": "boundless"}}]}
    happen(paid(T0 + 20, lines=price))
    assert shown(subscriber)[:2] == ("boundless", None)


def test_invoices_of_older_api_versions_are_understood(subscriber, happen):
    event = paid(T0 + 10)
    older = {"subscription": SUBSCRIPTION, "subscription_details": {"metadata": {"plan": "starter"}}}
    event["data"]["object"] = event["data"]["object"] | {"parent": None} | older
    assert happen(event) == ["handled"]
    assert shown(subscriber)[:2] == ("starter", 100)


def test_an_expanded_customer_is_the_same_customer(subscriber, happen):
    assert happen(payment_failed(T0 + 10, customer={"id": CUSTOMER, "object": "customer"})) == ["handled"]
    assert shown(subscriber)[2] == "a payment has failed"


# --- order ------------------------------------------------------------------------------------------------
STORY = {
    "failed": lambda: payment_failed(T0 + 10),
    "paid": lambda: paid(T0 + 20, plan="starter"),
    "failed again": lambda: payment_failed(T0 + 30),
}


@pytest.mark.parametrize("order", list(itertools.permutations(STORY)))
def test_in_whatever_order_they_come_the_newest_wins(subscriber, happen, order):
    happen(*(STORY[name]() for name in order))
    assert shown(subscriber) == ("starter", 100, "a payment has failed")


def test_an_old_failure_after_the_payment_is_ignored_with_a_note(subscriber, happen):
    assert happen(paid(T0 + 20), payment_failed(T0 + 10)) == ["handled", "ignored"]
    assert last().note == "A newer event has been applied already."
    assert shown(subscriber)[2] is None


def test_a_late_checkout_sets_the_plan_that_newer_invoices_did_not_name(acme, happen):
    Account.objects.filter(id=acme.id).update(stripe_customer_id=CUSTOMER)
    happen(payment_failed(T0 + 10), checkout(acme, at=T0))
    assert shown(acme) == ("studio", 5000, "a payment has failed")


def test_a_replay_of_everything_changes_nothing(subscriber, happen, work_off):
    happen(payment_failed(T0 + 10), paid(T0 + 20, plan="starter"))
    before = shown(subscriber)
    for event in InboundEvent.objects.order_by("-id"):
        transitions.replay(event.id, actor="test")
    assert set(work_off()) <= {"handled", "ignored"}
    assert shown(subscriber) == before


# --- strangers --------------------------------------------------------------------------------------------
def test_an_unknown_customer_is_ignored_with_a_note(acme, happen):
    assert happen(paid(T0), deleted(T0), checkout(None)) == ["ignored"] * 3
    assert last().note == f"No account belongs to Stripe's customer {CUSTOMER}."


@pytest.mark.parametrize(
    "reference", ["0195b7a8-3a60-7000-8000-000000000000", "acme", "", "' OR 1=1", "a" * 200]
)
def test_a_reference_that_is_no_accounts_id_is_nobody(acme, happen, reference):
    assert happen(checkout(acme, client_reference_id=reference)) == ["ignored"]


def test_the_slug_is_no_reference_since_it_can_be_guessed(acme, happen):
    assert happen(checkout(acme, client_reference_id=acme.slug)) == ["ignored"]


def test_a_strangers_checkout_does_not_take_over_an_account(subscriber, happen):
    assert happen(checkout(subscriber, at=T0 + 10, customer="cus_stranger")) == ["dead_letter"]
    assert shown(subscriber) == ("studio", 5000, None)
    assert subscriber.stripe_customer_id == CUSTOMER
    assert last().fault_code == "customer_differs"


def test_one_customer_does_not_pay_for_two_accounts(subscriber, happen):
    other = make_account("globex")
    assert happen(checkout(other, at=T0 + 10)) == ["dead_letter"]
    assert last().fault_code == "customer_taken"


def test_events_of_an_older_subscription_leave_the_new_one_alone(subscriber, happen):
    happen(checkout(subscriber, at=T0 + 10, subscription="sub_new", plan="starter"))
    assert happen(deleted(T0 + 20, subscription=SUBSCRIPTION)) == ["ignored"]
    assert shown(subscriber) == ("starter", 100, None)


def test_an_unknown_plan_waits_for_the_operator_and_a_replay(acme, happen, settings, work_off):
    assert happen(checkout(acme, plan="galaxy")) == ["dead_letter"]
    assert shown(acme) == ("", None, None)
    assert last().fault_message == "BILLING_PLANS has no plan 'galaxy'. Add it, and replay this."
    settings.BILLING_PLANS = {"galaxy": 7}
    transitions.replay(last().id, actor="operator:olga")
    assert work_off() == ["handled"]
    assert shown(acme) == ("galaxy", 7, None)


@pytest.mark.parametrize(
    "event",
    [
        lambda: stripe_event("checkout.session.completed", {"mode": "payment"}),
        lambda: stripe_event("invoice.paid", {"customer": CUSTOMER}),
        lambda: stripe_event("invoice.payment_failed", {"customer": CUSTOMER, "attempt_count": 1}),
    ],
)
def test_what_is_not_about_a_subscription_is_ignored(subscriber, happen, event):
    assert happen(event()) == ["ignored"]


@pytest.mark.parametrize("data", [{}, {"customer": ["x"]}, {"customer": "x" * 300}, {"customer": {"id": 7}}])
@pytest.mark.parametrize(
    "type_",
    ["checkout.session.completed", "invoice.paid", "invoice.payment_failed", "customer.subscription.deleted"],
)
def test_documents_of_no_sense_are_ignored_or_kept_and_never_a_bug(happen, type_, data):
    whole = data | {"mode": "subscription", "subscription": "sub_1"}
    assert happen(stripe_event(type_, whole))[0] in ("ignored", "dead_letter")
    assert last().fault_code != "internal_error"


def test_an_unpaid_checkout_gives_the_plan_and_lifts_nothing(acme, happen):
    Account.objects.filter(id=acme.id).update(suspended_at="2026-01-01T00:00Z", suspension_reason="old debts")
    happen(checkout(acme, payment_status="unpaid"))
    assert shown(acme) == ("studio", 5000, "old debts")


def test_a_payment_does_not_let_in_again_whom_the_operator_has_suspended(subscriber, happen):
    Account.objects.filter(id=subscriber.id).update(
        suspended_at="2026-01-01T00:00Z", suspension_reason="abuse of the service"
    )
    assert happen(payment_failed(T0 + 10), paid(T0 + 20), deleted(T0 + 30)) == ["handled"] * 3
    assert shown(subscriber) == ("", 0, "abuse of the service")
    assert "suspended by the operator, as before" in last().note
