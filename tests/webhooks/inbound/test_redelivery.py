"""What GitHub could not deliver is asked for again, since GitHub never does it by itself."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.webhooks.inbound.senders import from_github
from webhooks.inbound import redelivery
from webhooks.inbound.redelivery import Report

pytestmark = pytest.mark.django_db

HOOK = "repos/codertocat/hello-world/hooks/12345678"


@pytest.fixture(autouse=True)
def hooks(settings, github):
    settings.GITHUB_HOOKS = [HOOK]


def test_a_message_is_lost_when_no_attempt_at_it_succeeded_and_some_are_left():
    deliveries = [
        {"id": 9, "guid": "lost", "status": "timed out"},
        {"id": 8, "guid": "came later", "status": "OK"},
        {"id": 7, "guid": "lost", "status": "Invalid HTTP Response: 503"},
        {"id": 6, "guid": "came later", "status": "timed out"},
        {"id": 5, "guid": "came", "status": "OK"},
        *({"id": number, "guid": "hopeless", "status": "timed out"} for number in range(5)),
        {"id": 4, "guid": "older", "status": "timed out"},
        {"id": "4", "guid": "nonsense"},
        {"guid": None},
    ]
    assert [(one.guid, one.delivery_id) for one in redelivery.lost(deliveries)] == [("older", 4), ("lost", 9)]


def test_lost_deliveries_of_three_days_are_asked_for_once_each_oldest_first(github):
    github.failed(1, "ancient", hours_ago=80)
    github.failed(2, "a", hours_ago=70)
    github.failed(3, "b", status="OK")
    github.failed(4, "c", status="Invalid HTTP Response: 503")
    github.failed(5, "a", hours_ago=0.5)
    assert redelivery.redeliver_all() == [Report(HOOK, failed=2, asked=2)]
    assert github.redelivered == [4, 5]
    assert github.asked[-1] == ("POST", f"/{HOOK}/deliveries/5/attempts")


def test_what_arrived_although_github_thinks_otherwise_is_not_asked_for(github):
    from_github("ping", {}, delivery="arrived")
    github.failed(1, "arrived")
    github.failed(2, "lost")
    assert redelivery.redeliver_all() == [Report(HOOK, failed=1, asked=1)]
    assert github.redelivered == [2]


def test_every_page_is_read_until_one_reaches_back_far_enough(github):
    github.page_size = 2
    for number in range(5):
        github.failed(number, f"guid-{number}", hours_ago=10 - number)
    assert redelivery.redeliver_all() == [Report(HOOK, failed=5, asked=5)]
    assert [path.partition("cursor=")[2] for method, path in github.asked if method == "GET"] == [
        "",
        "2",
        "4",
    ]
    github.asked.clear()
    github.deliveries[0]["delivered_at"] = "2020-01-01T00:00:00Z"
    redelivery.redeliver_all()
    assert len([path for method, path in github.asked if method == "GET"]) == 1


def test_without_a_token_nobody_is_asked(github, settings):
    settings.GITHUB_TOKEN = ""
    github.failed(1, "lost")
    assert redelivery.redeliver_all() == []
    assert github.asked == []


@pytest.mark.parametrize(
    "hook", ["repos/a/b", "https://evil.example/hooks/1", "repos/a/../hooks/1?x", "repos/a/b/hooks/1/../2"]
)
def test_a_hook_that_is_none_is_said_and_not_asked(github, settings, hook):
    settings.GITHUB_HOOKS = [hook, "orgs/codertocat/hooks/7"]
    bad, good = redelivery.redeliver_all()
    assert "see GITHUB_HOOKS" in bad.problem
    assert good == Report("orgs/codertocat/hooks/7")


@pytest.mark.parametrize("answer", [(500, {}, b""), (401, {}, b""), (200, {}, b"{}"), (200, {}, b"<html>")])
def test_a_github_that_does_not_answer_well_is_reported(github, answer):
    github.answer = answer
    [report] = redelivery.redeliver_all()
    assert report.problem
    assert report.asked == 0


def test_the_command_counts_dry_and_asks_otherwise(github):
    github.failed(1, "lost")
    out = StringIO()
    call_command("github_redeliver", "--dry-run", stdout=out)
    assert out.getvalue() == f"{HOOK}: 1 lost, 0 asked for again\n"
    assert github.redelivered == []
    call_command("github_redeliver", stdout=StringIO())
    assert github.redelivered == [1]


def test_the_command_says_what_is_missing(settings):
    settings.GITHUB_TOKEN = ""
    with pytest.raises(CommandError, match="GITHUB_TOKEN and GITHUB_HOOKS"):
        call_command("github_redeliver")
