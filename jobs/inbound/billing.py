"""Billing: four of Stripe's events set an account's plan, quota and suspension.

    https://docs.stripe.com/api/events/types
    https://docs.stripe.com/billing/subscriptions/webhooks

Stripe promises no order. Plan and suspension each remember Stripe's own time of what set them last; of two events
the newer one wins, whichever comes first.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit.identifiers import NOBODY
from audit.recorder import StateChange, record_changes
from jobs.inbound.documents import at, items, maybe_text, whole
from jobs.models import Account
from webhooks.inbound.registry import CannotHandle, Handled, Ignored, Outcome, Received, handles

_ID_LENGTH = 64
_OBJECT = "/data/object"
_FAILED = "a payment has failed"
_ENDED = "the subscription has ended"
# Billing lifts what billing imposed. Whom an operator has suspended, no payment lets in again.
_OURS = frozenset({_FAILED, _ENDED})


@dataclass(frozen=True, slots=True)
class Facts:
    """What an event says about an account. None: nothing about that.

    `plan` "" is no plan at all; `suspended` is the reason, "" lifts the suspension.
    """

    customer: str
    subscription: str
    plan: str | None = None
    suspended: str | None = None
    note: str = ""


@handles("stripe", "checkout.session.completed")
def checkout_completed(event: Received, _: Any) -> Outcome:
    """A customer has subscribed: the first event that knows both our account and Stripe's customer."""
    if at(event.document, f"{_OBJECT}/mode") != "subscription":
        return Ignored("The session sold no subscription.")
    paid = at(event.document, f"{_OBJECT}/payment_status") in ("paid", "no_payment_required")
    facts = Facts(
        customer=_id(event.document, "customer"),
        subscription=_id(event.document, "subscription"),
        plan=maybe_text(event.document, f"{_OBJECT}/metadata/plan", at_most=_ID_LENGTH) or None,
        suspended="" if paid else None,
        note="" if paid else "Not paid yet: invoice.paid will say so.",
    )
    reference = maybe_text(event.document, f"{_OBJECT}/client_reference_id")
    return _apply(event, facts, account=_by_reference(reference) or _by_customer(facts.customer), links=True)


@handles("stripe", "invoice.paid")
def invoice_paid(event: Received, _: Any) -> Outcome:
    subscription = _subscription(event.document)
    if not subscription:
        return Ignored("The invoice is not one of a subscription.")
    facts = Facts(
        customer=_id(event.document, "customer"),
        subscription=subscription,
        plan=_plan_of_invoice(event.document),
        suspended="",
    )
    return _apply(event, facts, account=_by_customer(facts.customer))


@handles("stripe", "invoice.payment_failed")
def invoice_payment_failed(event: Received, _: Any) -> Outcome:
    subscription = _subscription(event.document)
    if not subscription:
        return Ignored("The invoice is not one of a subscription.")
    attempt = whole(event.document, f"{_OBJECT}/attempt_count")
    last = at(event.document, f"{_OBJECT}/next_payment_attempt") is None
    late = last or attempt >= settings.BILLING_SUSPEND_AT_ATTEMPT
    facts = Facts(
        customer=_id(event.document, "customer"),
        subscription=subscription,
        suspended=_FAILED if late else None,
        note=f"Attempt {attempt} at this invoice.",
    )
    return _apply(event, facts, account=_by_customer(facts.customer))


@handles("stripe", "customer.subscription.deleted")
def subscription_deleted(event: Received, _: Any) -> Outcome:
    facts = Facts(
        customer=_id(event.document, "customer"),
        subscription=_id(event.document, "id"),
        plan="",
        suspended=_ENDED,
    )
    return _apply(event, facts, account=_by_customer(facts.customer), ends=True)


def _apply(
    event: Received, facts: Facts, *, account: Account | None, links: bool = False, ends: bool = False
) -> Outcome:
    """Set what is newer than what the account shows. Runs in the event's transaction, with the account's row locked."""
    if account is None:
        return Ignored(f"No account belongs to Stripe's customer {facts.customer or '(none)'}.")
    assert event.occurred_at is not None  # noqa: S101 - the provider refuses an event without `created`
    if account.stripe_customer_id not in ("", facts.customer):
        # A payment link takes any client_reference_id: a stranger could tie another's account to a card of theirs.
        raise CannotHandle(
            "customer_differs",
            f"The account {account.slug} belongs to Stripe's customer {account.stripe_customer_id}, not to"
            f" {facts.customer}. Change it on the account's page if that is meant, and replay this.",
        )
    if not links and account.stripe_subscription_id not in ("", facts.subscription):
        return Ignored("It is about another subscription than the account's.", account.id)
    before = _shown(account)
    done = [*_set_plan(account, facts.plan, event.occurred_at)]
    done += _set_suspension(account, facts.suspended, event.occurred_at)
    wishes = facts.plan is not None or facts.suspended is not None
    if wishes and not done:
        return Ignored("A newer event has been applied already.", account.id)
    if wishes:
        account.stripe_subscription_id = "" if ends else facts.subscription
    account.stripe_customer_id = facts.customer
    _save(account)
    _record(event, account, before)
    sentences = [f"{account.slug}: {', '.join(done) or 'as it was'}.", facts.note]
    return Handled(" ".join(filter(None, sentences)), account.id)


def _set_plan(account: Account, plan: str | None, moment: datetime) -> list[str]:
    """What was set, in words; nothing where nothing is wished, or something newer is there."""
    if plan is None or not _is_newer(moment, account.plan_as_of):
        return []
    account.plan, account.quota_jobs, account.plan_as_of = plan, _quota(plan), moment
    return [f"plan {plan or 'ended'}"]


def _set_suspension(account: Account, reason: str | None, moment: datetime) -> list[str]:
    if reason is None or not _is_newer(moment, account.suspension_as_of):
        return []
    account.suspension_as_of = moment
    if account.suspended_at and account.suspension_reason not in _OURS:
        return ["suspended by the operator, as before"]
    account.suspension_reason = reason
    account.suspended_at = (account.suspended_at or timezone.now()) if reason else None
    return [f"suspended: {reason}" if reason else "not suspended"]


def _is_newer(moment: datetime, applied: datetime | None) -> bool:
    # Stripe's times are whole seconds, and one purchase has several events in one: those are applied as they come.
    return applied is None or moment >= applied


def _quota(plan: str) -> int | None:
    """Jobs a month; None: no limit. Without a plan there are none."""
    if not plan:
        return 0
    if plan not in settings.BILLING_PLANS:
        raise CannotHandle("plan_unknown", f"BILLING_PLANS has no plan {plan!r}. Add it, and replay this.")
    quota: int | None = settings.BILLING_PLANS[plan]
    return quota


def _save(account: Account) -> None:
    try:
        with transaction.atomic():
            account.save()
    except IntegrityError as error:
        raise CannotHandle(
            "customer_taken", f"Stripe's customer {account.stripe_customer_id} belongs to another account."
        ) from error


def _record(event: Received, account: Account, before: dict[str, str | int | float]) -> None:
    after = _shown(account)
    change = StateChange(
        "account",
        account.id,
        "suspended" if before["suspended"] else "active",
        "suspended" if after["suspended"] else "active",
        account.slug,
        {"event": event.event_id, **{name: after[name] for name in after if after[name] != before[name]}},
    )
    record_changes(account.id, NOBODY, f"stripe:{event.type}", [change])


def _shown(account: Account) -> dict[str, str | int | float]:
    return {
        "plan": account.plan,
        "quota_jobs": "unlimited" if account.quota_jobs is None else account.quota_jobs,
        "suspended": account.suspension_reason if account.suspended_at else "",
        "customer": account.stripe_customer_id,
        "subscription": account.stripe_subscription_id,
    }


def _by_reference(reference: str) -> Account | None:
    """`client_reference_id` is the account's id. (Not its slug: that can be guessed.)"""
    try:
        wanted = UUID(reference)
    except ValueError:
        return None
    return Account.objects.select_for_update().filter(id=wanted).first()


def _by_customer(customer: str) -> Account | None:
    if not customer:
        return None
    return Account.objects.select_for_update().filter(stripe_customer_id=customer).first()


def _id(document: Any, name: str) -> str:
    """An id of Stripe's, or "". Where it is expanded, the object has it."""
    found = at(document, f"{_OBJECT}/{name}")
    pointer = f"{_OBJECT}/{name}/id" if isinstance(found, dict) else f"{_OBJECT}/{name}"
    return maybe_text(document, pointer, at_most=_ID_LENGTH)


def _subscription(document: Any) -> str:
    """An invoice's subscription: under `parent` since API version 2025-03-31, at the top before."""
    return _id(document, "parent/subscription_details/subscription") or _id(document, "subscription")


def _plan_of_invoice(document: Any) -> str | None:
    """The subscription's metadata, or else the lookup key of a price that was paid for. None: it names no plan."""
    for place in ("parent/subscription_details", "subscription_details"):
        if plan := maybe_text(document, f"{_OBJECT}/{place}/metadata/plan", at_most=_ID_LENGTH):
            return plan
    for line in items(document, f"{_OBJECT}/lines/data"):
        for pointer in ("/metadata/plan", "/price/lookup_key"):
            if plan := maybe_text(line, pointer, at_most=_ID_LENGTH):
                return plan
    return None
