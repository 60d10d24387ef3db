"""The operator's pages: every webhook found by what one knows of it, its tries, and handling it again."""

import re

import pytest

from audit.models import AuditEvent
from jobs.console.inbound import InboundEventAdmin
from jobs.models import GitHubRule
from tests.console.conftest import Console, _user
from tests.webhooks.inbound.senders import from_github, from_stripe, stripe_event
from webhooks.inbound.models import InboundAlert, InboundEvent

pytestmark = pytest.mark.django_db

LIST = "inbound/inboundevent/"


@pytest.fixture
def operator(db) -> Console:
    """Olga, who may do everything."""
    return Console(_user("olga", is_superuser=True))


@pytest.fixture
def viewer(db) -> Console:
    """Vic, who may look at everything and change nothing."""
    from django.contrib.auth.models import Permission

    user = _user("vic")
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    return Console(user)


@pytest.fixture
def letters(acme, work_off) -> list[InboundEvent]:
    """A dead letter of GitHub's, an ignored one and one handled for Acme, and one that nobody has looked at yet."""
    from_github("release", {"action": "published", "x": "<script>alert(1)</script>"}, delivery="d-1")
    from_stripe(stripe_event("customer.created", {}, id_="evt_ignored"))
    data = {
        "mode": "subscription", "client_reference_id": str(acme.id), "customer": "cus_1", "subscription": "sub_1",
        "payment_status": "paid", "metadata": {"plan": "studio"},
    }  # fmt: skip
    from_stripe(stripe_event("checkout.session.completed", data, id_="evt_handled"))
    assert work_off() == ["dead_letter", "ignored", "handled"]
    from_stripe(stripe_event("invoice.paid", {}, id_="evt_new"))
    return list(InboundEvent.objects.order_by("id"))


def shown(html: str) -> list[str]:
    """The rows, from top to bottom."""
    ids = re.findall(r"/admin/inbound/inboundevent/([0-9a-f-]{36})/change/", html)
    names = dict(InboundEvent.objects.values_list("id", "event_id"))
    return [names[type(next(iter(names)))(one)] for one in ids]


def test_the_list_shows_the_newest_first_with_what_came_of_each(letters, operator):
    html = operator.get(LIST)
    assert shown(html) == ["evt_new", "evt_handled", "evt_ignored", "d-1"]
    for words in ("invoice.paid", "plan studio", "Nothing here acts on customer.created.", "dead letter"):
        assert words in html


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"state": "dead_letter"}, ["d-1"]),
        ({"type": "stripe"}, ["evt_new", "evt_handled", "evt_ignored"]),
        ({"type": "stripe/invoice.paid"}, ["evt_new"]),
        ({"type": "stripe/customer.created"}, ["evt_ignored"]),
        ({"account": "ACME"}, ["evt_handled"]),
        ({"account": "nobody"}, []),
        ({"created": "1h", "state": "ignored"}, ["evt_ignored"]),
        ({"created": "2001-01-01"}, []),
        ({"q": "evt_handled"}, ["evt_handled"]),
        ({"q": "document_unexpected"}, ["d-1"]),
        ({"q": "acts on customer"}, ["evt_ignored"]),
        ({"q": "ID"}, ["evt_ignored"]),
    ],
)
def test_a_webhook_is_found_by_what_one_knows_of_it(acme, letters, operator, query, found):
    known = {"ACME": acme.slug, "ID": str(letters[1].id)}
    assert (
        shown(operator.get(LIST, **{name: known.get(value, value) for name, value in query.items()})) == found
    )


def test_older_pages_follow_by_key_and_nothing_is_counted(letters, operator, monkeypatch):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    monkeypatch.setattr(InboundEventAdmin, "list_per_page", 3)
    with CaptureQueriesContext(connection) as captured:
        html = operator.get(LIST)
    assert not [query["sql"] for query in captured if "COUNT(" in query["sql"]]
    assert not [query["sql"] for query in captured if '"body"' in query["sql"]], (
        "bodies are not read for a list"
    )
    older = re.search(r'href="\?before=([^"]*)">Older</a>', html)
    assert older
    assert shown(operator.get(LIST, before=older[1])) == ["d-1"]


def test_the_page_shows_the_body_the_headers_the_tries_and_the_fault_escaped(letters, operator):
    html = operator.get(f"{LIST}{letters[0].id}/change/")
    assert "<script>alert(1)" not in html
    assert "&lt;script&gt;alert(1)" in html
    for words in (
        "document_unexpected",
        "X-GitHub-Delivery",
        "tester",
        "/repository/full_name",
        "Handle again",
    ):
        assert words in html
    assert "Handle again" not in operator.get(f"{LIST}{letters[3].id}/change/"), "it is about to be handled"


def test_one_is_handled_again_from_its_page_asked_first(letters, operator):
    page = f"{LIST}{letters[0].id}/"
    assert "Handle it again" in operator.get(f"{page}change/", again="")
    operator.get(f"{page}replay/", status=403)
    html = operator.post(f"{page}replay/", follow=True).content.decode()
    assert "1 webhook is handled again." in html
    letters[0].refresh_from_db()
    assert letters[0].state == "received"
    assert AuditEvent.objects.get(subject_id=letters[0].id, from_state="dead_letter").actor == "operator:olga"
    assert "nothing to do" in operator.post(f"{page}replay/", follow=True).content.decode()


def test_the_ticked_ones_are_handled_again(letters, operator):
    data = {"action": "replay_ticked", "_selected_action": [str(one.id) for one in letters]}
    html = operator.post(LIST, data, follow=True).content.decode()
    assert "3 webhooks are handled again." in html
    assert "1 webhook is being handled, or gone: nothing to do." in html


def test_all_that_a_narrowed_list_shows_is_counted_first_and_later_ones_are_left(letters, operator, work_off):
    url = f"{LIST}replay/?type=stripe"
    assert f"/admin/{url}" in operator.get(LIST, type="stripe").replace("&amp;", "&")
    html = operator.get(url)
    assert "<strong>2</strong>" in html
    newest = re.search(r'name="newest" value="([^"]+)"', html)
    assert newest
    work_off()  # the last of Stripe's is ignored by now, and was not agreed to
    html = operator.post(url, {"newest": newest[1]}, follow=True).content.decode()
    assert "2 webhooks are handled again." in html
    assert InboundEvent.objects.get(event_id="evt_new").state == "ignored"


def test_a_list_that_is_not_narrowed_is_not_handled_again_as_a_whole(letters, operator):
    response = operator.post(f"{LIST}replay/", {"newest": str(letters[-1].id)}, follow=True)
    assert "Narrow the list first" in response.content.decode()
    assert InboundEvent.objects.filter(state="received").count() == 1


def test_who_may_only_look_handles_nothing_again(letters, viewer):
    page = f"{LIST}{letters[0].id}/"
    assert "Handle again" not in viewer.get(f"{page}change/")
    assert viewer.post(f"{page}replay/").status_code == 403
    assert viewer.post(f"{LIST}replay/?type=stripe", {"newest": str(letters[-1].id)}).status_code == 403
    viewer.post(LIST, {"action": "replay_ticked", "_selected_action": [str(letters[0].id)]})
    letters[0].refresh_from_db()
    assert letters[0].state == "dead_letter"


def test_no_post_changes_or_deletes_a_webhook(letters, operator):
    for path in ("change/", "delete/"):
        assert (
            operator.post(f"{LIST}{letters[0].id}/{path}", {"state": "handled", "post": "yes"}).status_code
            == 403
        )
    assert operator.client.get(f"/admin/{LIST}add/").status_code == 403


def test_the_first_page_says_what_needs_a_look_and_nothing_where_all_is_well(operator, work_off):
    assert "Inbound webhooks need a look" not in operator.get("")
    for _ in range(4):
        from_github("release", {"action": "published"})
    work_off()
    assert InboundAlert.objects.exists()
    html = operator.get("")
    assert "Inbound webhooks need a look" in html
    assert "github release.published" in html
    assert "4 kept for a person" in html


# --- rules ------------------------------------------------------------------------------------------------
def save_rule(operator, account, **changes):
    data = {
        "account": str(account.id), "repository": "Octo/Films", "enabled": "on", "asset_pattern": "*.mp4",
        "preset": "hls-720p", "destination": "", "job_files": "", "branch": "",
    }  # fmt: skip
    return operator.post("jobs/githubrule/add/", data | changes, follow=True).content.decode()


def test_a_rule_is_made_with_the_repositorys_name_in_lower_case(acme, operator):
    save_rule(operator, acme)
    rule = GitHubRule.objects.get()
    assert (rule.repository, rule.account, rule.preset) == ("octo/films", acme, "hls-720p")
    assert "octo/films" in operator.get("jobs/githubrule/", account=acme.slug)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"repository": "https://github.com/octo/films"}, "A repository is owner/name"),
        ({"repository": "octo/.."}, "A repository is owner/name"),
        ({"preset": ""}, "Release assets need a preset"),
        ({"preset": "nothing"}, "There is no preset"),
        ({"destination": "s3://outputs/somebody-else/"}, "destination"),
    ],
)
def test_a_rule_that_every_release_would_fail_with_is_refused(acme, operator, changes, sentence):
    assert sentence in save_rule(operator, acme, **changes)
    assert not GitHubRule.objects.exists()


def test_a_rule_is_switched_off_and_never_deleted(acme, operator):
    save_rule(operator, acme)
    rule = GitHubRule.objects.get()
    assert operator.post(f"jobs/githubrule/{rule.id}/delete/", {"post": "yes"}).status_code == 403


def test_an_account_shows_its_plan_and_whether_it_is_suspended(acme, operator):
    acme.plan, acme.suspended_at = "studio", "2026-01-01T00:00Z"
    acme.save()
    html = operator.get("jobs/account/")
    assert "studio" in html
    assert "suspended" in html


def test_saving_an_account_leaves_what_stripe_has_set_meanwhile(acme, operator):
    from jobs.models import Account

    page = f"jobs/account/{acme.id}/change/"
    operator.get(page)
    data = {"name": "Acme Films", "slug": acme.slug, "plan": "", "quota_jobs": "", "suspension_reason": ""}
    Account.objects.filter(id=acme.id).update(plan_as_of="2026-01-01T00:00Z", stripe_subscription_id="sub_1")
    data |= {"stripe_customer_id": "", "stripe_subscription_id": "sub_1"}
    assert operator.post(page, data | {"suspended_at_0": "", "suspended_at_1": ""}).status_code == 302
    acme.refresh_from_db()
    assert (acme.name, acme.stripe_subscription_id) == ("Acme Films", "sub_1")
    assert acme.plan_as_of is not None
    assert acme.suspended_at is None
