"""`manage.py inbound_replay`: by id, by filter, by time; counted first where that is asked for."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from audit.models import AuditEvent
from jobs.console.keyset import first_id
from tests.webhooks.inbound.senders import from_github, from_stripe, stripe_event
from webhooks.inbound.models import InboundEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def letters(work_off) -> list[InboundEvent]:
    """Two dead letters of GitHub's, and a webhook of Stripe's that nobody wanted."""
    from_github("release", {"action": "published"}, delivery="d-1")
    from_github("release", {"action": "published"}, delivery="d-2")
    from_stripe(stripe_event("customer.created", {}, id_="evt_1"))
    assert work_off() == ["dead_letter", "dead_letter", "ignored"]
    return list(InboundEvent.objects.order_by("id"))


def replay(*arguments: str) -> str:
    out = StringIO()
    call_command("inbound_replay", *arguments, stdout=out)
    return out.getvalue()


def live() -> list[str]:
    return list(
        InboundEvent.objects.filter(state="received").order_by("id").values_list("event_id", flat=True)
    )


def test_a_dry_run_names_and_counts_and_changes_nothing(letters):
    shown = replay("--provider", "github", "--dry-run").splitlines()
    assert shown == [
        f"{letters[0].id}  dead_letter  github  release.published  d-1",
        f"{letters[1].id}  dead_letter  github  release.published  d-2",
        "github release.published: 2",
        "2 webhooks would be handled again",
    ]
    assert live() == []


def test_dead_letters_of_a_type_are_handled_again_and_the_trail_says_by_whom(letters):
    assert replay("--type", "release.published") == "2 of 2 webhooks are handled again\n"
    assert live() == ["d-1", "d-2"]
    assert AuditEvent.objects.filter(actor="command:inbound_replay", to_state="received").count() == 2


def test_one_is_named_by_our_id_or_the_providers_whatever_its_state(letters):
    assert replay("--id", "evt_1", "--id", str(letters[0].id)) == "2 of 2 webhooks are handled again\n"
    assert live() == ["d-1", "evt_1"]


def test_a_time_narrows_it_and_a_limit_takes_the_oldest(letters):
    old = letters[0]
    InboundEvent.objects.filter(id=old.id).delete()
    old.id = first_id(timezone.now() - timedelta(hours=3))
    old.save(force_insert=True)
    assert replay("--since", "1h", "--dry-run").endswith("1 webhooks would be handled again\n")
    assert replay("--since", "1d", "--limit", "1") == "1 of 1 webhooks are handled again\n"
    assert live() == ["d-1"]


def test_other_states_are_taken_only_where_they_are_named(letters):
    assert replay("--provider", "stripe") == "0 of 0 webhooks are handled again\n"
    assert replay("--provider", "stripe", "--state", "ignored") == "1 of 1 webhooks are handled again\n"


def test_without_a_filter_nothing_is_replayed(letters):
    with pytest.raises(CommandError, match="Name a filter: --id, --provider"):
        replay()
    with pytest.raises(CommandError, match="there is no 'nobody'"):
        replay("--account", "nobody")
