"""From received to handled: once, whatever dies or comes twice on the way; what fails is tried again, then kept."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from audit.models import AuditEvent
from jobs.models import Account
from tests.factories import make_account
from tests.webhooks.inbound.senders import from_github, from_stripe, stripe_event
from webhooks.inbound import alerts, dispatch, handling, pruning, registry, schedule, transitions
from webhooks.inbound.models import InboundAlert, InboundEvent, InboundTry
from webhooks.inbound.registry import CannotHandle, Handled, Handler, TryAgain
from webhooks.inbound.transitions import LeaseLost, NotFinal

pytestmark = pytest.mark.django_db


@pytest.fixture
def handler(monkeypatch):
    """A handler of ours for `ping`: what it does is `handler.act`, and every call is noted."""
    made = SimpleNamespace(calls=[], act=lambda event: Handled("done"))

    def act(event, prepared):
        made.calls.append(event)
        return made.act(event)

    registry.load()
    monkeypatch.setitem(registry._handlers, ("github", "ping"), Handler(act, lambda event: None))
    return made


def arrived(**document) -> InboundEvent:
    assert from_github("ping", document).status_code == 200
    return InboundEvent.objects.latest("id")


def make_due(event: InboundEvent) -> None:
    InboundEvent.objects.filter(id=event.id).update(next_try_at=Now(), hint_after=Now())


def states_of(event: InboundEvent) -> list[str]:
    trail = AuditEvent.objects.filter(subject="inbound", subject_id=event.id).order_by("id")
    return [trail[0].from_state, *trail.values_list("to_state", flat=True)]


def raising(error: Exception):
    def act(_):
        raise error

    return act


# --- once -------------------------------------------------------------------------------------------------
def test_the_effect_and_the_word_handled_commit_together(handler):
    event = arrived(zen="Design for failure.")
    handler.act = lambda received: Handled(received.document["zen"])
    assert handling.handle(event.id, "tester") == "handled"
    event.refresh_from_db()
    assert (event.state, event.note, event.tries, event.lease_until) == (
        "handled",
        "Design for failure.",
        1,
        None,
    )
    [tried] = event.history.all()
    assert (tried.state, tried.worker, tried.epoch) == ("succeeded", "tester", 1)
    assert states_of(event) == ["", "received", "handling", "handled"]


def test_an_effect_is_undone_with_the_try_that_failed_after_it(handler):
    event = arrived()

    def act(_):
        Account.objects.create(slug="half-done", name="Half done")
        raise TryAgain("later", "not now")

    handler.act = act
    assert handling.handle(event.id, "tester") == "received"
    assert not Account.objects.filter(slug="half-done").exists()


def test_a_hundred_hints_handle_it_once(handler):
    event = arrived()
    ended = [handling.handle(event.id, "tester") for _ in range(100)]
    assert ended == ["handled"] + ["void"] * 99
    assert len(handler.calls) == 1


def test_a_type_that_nobody_wants_is_ignored_with_a_note(work_off):
    from_stripe(stripe_event("customer.tax_id.created", {}))
    assert work_off() == ["ignored"]
    assert InboundEvent.objects.get().note == "Nothing here acts on customer.tax_id.created."


def test_a_zombie_that_wakes_after_its_lease_commits_nothing(handler):
    event = arrived()
    zombie = transitions.claim(event.id, "zombie")
    assert zombie is not None
    InboundEvent.objects.filter(id=event.id).update(lease_until=Now() - timedelta(seconds=1))
    assert dispatch.expire_leases() == 1
    make_due(event)
    assert handling.handle(event.id, "tester") == "handled"
    with pytest.raises(LeaseLost):
        transitions.finish(zombie, Handled("too late"))
    with pytest.raises(LeaseLost):
        transitions.fail(zombie, "internal_error", "too late")
    event.refresh_from_db()
    assert (event.state, event.note) == ("handled", "done")
    assert list(event.history.order_by("epoch").values_list("state", "fault_code")) == [
        ("lost", "worker_lost"),
        ("succeeded", ""),
    ]


def test_a_live_lease_is_not_expired(handler):
    event = arrived()
    transitions.claim(event.id, "busy")
    assert dispatch.expire_leases() == 0
    event.refresh_from_db()
    assert event.state == "handling"


# --- again ------------------------------------------------------------------------------------------------
def test_the_back_off_grows_fourfold_with_jitter_and_ends():
    def delays(random):
        return [schedule.delay_seconds(tries, at_most=8, random=random) for tries in range(1, 9)]

    assert delays(lambda: 0.0) == [2.5, 10, 40, 160, 640, 1800, 1800, None]
    assert delays(lambda: 0.5) == [3.75, 15, 60, 240, 960, 2700, 2700, None]
    asked = [
        schedule.delay_seconds(1, at_most=2, random=lambda: 0.0, asked_seconds=seconds)
        for seconds in (30.0, -1.0, 10.0**9)
    ]
    assert asked == [30.0, 2.5, 3600.0]


def test_what_fails_is_tried_again_after_a_back_off_and_not_before(handler):
    event = arrived()
    handler.act = raising(TryAgain("github_away", "GitHub does not answer."))
    assert handling.handle(event.id, "tester") == "received"
    assert handling.handle(event.id, "tester") == "void", "a stray hint does not shorten the wait"
    event.refresh_from_db()
    wait = (event.next_try_at - timezone.now()).total_seconds()
    assert 1.0 < wait <= 5.0
    assert (event.fault_code, event.fault_message) == ("github_away", "GitHub does not answer.")
    handler.act = lambda _: Handled("at last")
    make_due(event)
    assert handling.handle(event.id, "tester") == "handled"
    event.refresh_from_db()
    assert (event.note, event.fault_code, event.tries) == ("at last", "", 2)


def test_a_servers_retry_after_is_honoured(handler):
    event = arrived()
    handler.act = raising(TryAgain("github_away", "slow down", after_seconds=900))
    handling.handle(event.id, "tester")
    event.refresh_from_db()
    assert (event.next_try_at - timezone.now()).total_seconds() > 890


def test_out_of_tries_it_is_a_dead_letter_with_every_try_kept(handler, settings):
    settings.INBOUND_MAX_TRIES = 3
    event = arrived()
    handler.act = raising(RuntimeError("a bug\0"))
    ended = []
    for _ in range(3):
        make_due(event)
        ended.append(handling.handle(event.id, "tester"))
    assert ended == ["received", "received", "dead_letter"]
    event.refresh_from_db()
    assert (event.fault_code, event.fault_message) == ("internal_error", "RuntimeError: a bug")
    tries = list(event.history.order_by("epoch"))
    assert [(one.epoch, one.state) for one in tries] == [(1, "failed"), (2, "failed"), (3, "failed")]
    assert "Traceback" in tries[0].fault_detail
    assert states_of(event)[-2:] == ["handling", "dead_letter"]


def test_a_statement_that_the_database_refuses_is_tried_again_like_any_other_failure(handler):
    event = arrived()
    handler.act = lambda _: Account.objects.create(slug="x" * 64, name="too long for its column")
    assert handling.handle(event.id, "tester") == "received"
    event.refresh_from_db()
    assert event.fault_code == "database_error"


def test_what_only_a_person_can_change_is_a_dead_letter_at_once(handler):
    event = arrived()
    handler.act = raising(CannotHandle("plan_unknown", "Add the plan."))
    assert handling.handle(event.id, "tester") == "dead_letter"


def test_a_worker_that_dies_with_it_every_time_leaves_a_dead_letter(handler, settings):
    settings.INBOUND_MAX_TRIES = 2
    event = arrived()
    for _ in range(2):
        make_due(event)
        assert transitions.claim(event.id, "doomed") is not None
        InboundEvent.objects.filter(id=event.id).update(lease_until=Now() - timedelta(seconds=1))
        dispatch.expire_leases()
    event.refresh_from_db()
    assert (event.state, event.fault_code) == ("dead_letter", "worker_lost")


def test_a_replay_begins_anew_and_keeps_the_old_tries(handler):
    event = arrived()
    handler.act = raising(CannotHandle("plan_unknown", "Add the plan."))
    handling.handle(event.id, "tester")
    transitions.replay(event.id, actor="operator:olga")
    event.refresh_from_db()
    assert (event.state, event.tries, event.fault_code, event.finished_at) == ("received", 0, "", None)
    handler.act = lambda _: Handled("now")
    assert handling.handle(event.id, "tester") == "handled"
    assert event.history.count() == 2
    assert AuditEvent.objects.get(subject_id=event.id, from_state="dead_letter").actor == "operator:olga"


def test_what_is_being_handled_is_not_replayed(handler):
    event = arrived()
    with pytest.raises(NotFinal):
        transitions.replay(event.id, actor="operator:olga")
    transitions.claim(event.id, "busy")
    with pytest.raises(NotFinal):
        transitions.replay(event.id, actor="operator:olga")


# --- alerts -----------------------------------------------------------------------------------------------
def fail_once(act=None) -> None:
    event = arrived()
    handling.handle(event.id, "tester")


def test_the_fourth_failure_of_a_type_within_an_hour_raises_one_alert(handler, caplog):
    handler.act = raising(CannotHandle("x", "y"))
    for _ in range(3):
        fail_once()
    assert not InboundAlert.objects.exists()
    for _ in range(3):
        fail_once()
    [alert] = InboundAlert.objects.all()
    assert (alert.provider, alert.type, alert.failures) == ("github", "ping", 4)
    assert list(alerts.current()) == [alert]
    [told] = AuditEvent.objects.filter(subject="inbound", to_state="alert")
    assert told.label == "github ping"
    assert caplog.text.count("keep failing") == 1


def test_failures_of_different_types_or_hours_do_not_add_up(handler, work_off):
    handler.act = raising(CannotHandle("x", "y"))
    for _ in range(3):
        fail_once()
    InboundTry.objects.update(finished_at=Now() - timedelta(minutes=61))
    for _ in range(3):
        fail_once()
    from_github("release", {"action": "published"})
    assert work_off() == ["dead_letter"]
    assert not InboundAlert.objects.exists()


def test_after_an_hour_a_type_that_still_fails_is_told_again(handler):
    handler.act = raising(CannotHandle("x", "y"))
    for _ in range(4):
        fail_once()
    InboundAlert.objects.update(raised_at=Now() - timedelta(minutes=61))
    assert not alerts.current().exists()
    fail_once()
    assert alerts.current().count() == 1
    assert AuditEvent.objects.filter(to_state="alert").count() == 2


# --- hints ------------------------------------------------------------------------------------------------
@pytest.fixture
def sent(monkeypatch):
    """What would have gone to the broker."""
    found: list[str] = []
    app = SimpleNamespace(send_task=lambda name, args, **how: found.append(args[0]))
    monkeypatch.setattr(dispatch, "_app", lambda: app)
    return found


def test_what_is_due_gets_one_hint_and_another_only_when_that_one_led_to_nothing(sent):
    event = arrived()
    assert dispatch.send_hints() == 1
    assert dispatch.send_hints() == 0
    assert sent == [str(event.id)]
    InboundEvent.objects.update(hint_after=Now())
    assert dispatch.send_hints() == 1
    event.refresh_from_db()
    assert event.hints == 2
    assert (event.hint_after - timezone.now()).total_seconds() > 55, "each wait is twice the last one"


def test_a_flood_waits_in_the_table_and_not_in_the_broker(sent, monkeypatch):
    monkeypatch.setattr(dispatch, "WINDOW", 3)
    for number in range(5):
        arrived(number=number)
    assert dispatch.send_hints() == 3
    assert dispatch.send_hints() == 0
    handling.handle(InboundEvent.objects.earliest("id").id, "tester")
    assert dispatch.send_hints() == 1


def test_a_broker_that_lost_its_data_is_told_again(sent):
    arrived()
    dispatch.send_hints()
    assert dispatch.hint_again() == 1
    assert dispatch.send_hints() == 1


def test_a_broker_that_is_down_costs_a_moment_and_no_hint(monkeypatch):
    def down(*_, **__):
        raise OSError("connection refused")

    monkeypatch.setattr(dispatch, "_app", lambda: SimpleNamespace(send_task=down))
    event = arrived()
    assert dispatch.send_hints() == 0
    event.refresh_from_db()
    assert event.hints == 0
    assert 0 < (event.hint_after - timezone.now()).total_seconds() <= 2


def test_what_backs_off_gets_no_hint(sent, handler):
    event = arrived()
    handler.act = raising(TryAgain("later", "not now"))
    handling.handle(event.id, "tester")
    assert dispatch.send_hints() == 0
    make_due(event)
    assert dispatch.send_hints() == 1


# --- age --------------------------------------------------------------------------------------------------
def test_only_what_is_done_and_old_goes(handler, settings):
    settings.INBOUND_KEEP_DAYS = 0
    done, waiting, dead = arrived(), arrived(), arrived()
    handling.handle(done.id, "tester")
    handler.act = raising(CannotHandle("x", "y"))
    handling.handle(dead.id, "tester")
    assert pruning.prune() == 1
    assert set(InboundEvent.objects.values_list("id", flat=True)) == {waiting.id, dead.id}
    settings.INBOUND_KEEP_DAYS = 1
    transitions.replay(dead.id, actor="test")
    handler.act = lambda _: Handled("done")
    handling.handle(dead.id, "tester")
    assert pruning.prune() == 0


def test_an_account_that_is_gone_leaves_the_webhook(handler):
    account = make_account()
    event = arrived()
    handler.act = lambda _: Handled("done", account.id)
    handling.handle(event.id, "tester")
    account.delete()
    event.refresh_from_db()
    assert event.account_id is not None
