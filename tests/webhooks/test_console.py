"""The operator's pages: how endpoints stand, what was sent, and once more."""

import re

import pytest
from django.contrib.auth.models import Permission, User

from audit.models import AuditEvent
from tests.console.conftest import Console
from tests.factories import make_account
from tests.webhooks.casts import make_due, tell
from tests.webhooks.receiver import says
from webhooks import endpoints
from webhooks.models import Delivery, Endpoint
from webhooks.states import DeliveryState

pytestmark = pytest.mark.django_db

HOSTILE = b"<script>alert(1)</script>"


@pytest.fixture
def olga() -> Console:
    """Who may do everything."""
    return Console(User.objects.create_user("olga", is_staff=True, is_superuser=True))


@pytest.fixture
def vic() -> Console:
    """Who may look, and no more."""
    user = User.objects.create_user("vic", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    return Console(user)


@pytest.fixture
def acme():
    return make_account("acme")


@pytest.fixture
def made(acme, receiver) -> endpoints.Made:
    return endpoints.make(acme.id, receiver.url("/<b>hook"), description="ours", actor="test")


@pytest.fixture
def dead(acme, made, receiver, pump, settings) -> list[Delivery]:
    """Three dead letters; their receiver is well again."""
    settings.WEBHOOK_MAX_RETRY = 0
    receiver.otherwise = says(500, HOSTILE, X_Header="<i>")
    tell(acme.id, "job.failed", count=3)
    pump()
    receiver.otherwise = says(204)
    rows = list(Delivery.objects.order_by("id"))
    assert {row.state for row in rows} == {DeliveryState.DEAD_LETTER}
    return rows


def states() -> list[str]:
    return list(Delivery.objects.order_by("id").values_list("state", flat=True))


def test_an_endpoints_page_says_how_it_stands_and_nothing_of_its_secret(olga, made, acme, dead):
    listed = olga.get("webhooks/endpoint/")
    page = olga.get(f"webhooks/endpoint/{made.endpoint.id}/change/")
    for html in (listed, page):
        assert acme.slug in html
        assert "/&lt;b&gt;hook" in html
        assert "failing" in html
        assert made.secret not in html
        assert made.secret.removeprefix("whsec_") not in html
    assert str(dead[0].id) in page


def test_a_deliverys_page_shows_each_try_and_never_the_answer_as_markup(olga, dead):
    page = olga.get(f"webhooks/delivery/{dead[0].id}/change/")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert HOSTILE.decode() not in page
    assert "X-Header: &lt;i&gt;" in page
    assert "The endpoint answered 500." in page
    assert str(dead[0].event.id) in page


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 3), ("state=dead_letter", 3), ("state=pending", 0), ("type=job.failed", 3), ("type=job.queued", 0),
        ("queue=mail", 0), ("created=1h", 3), ("endpoint={endpoint}", 3), ("account={slug}", 3), ("q={job}", 3),
        ("q={event}", 1), ("q=nonsense", 0),
    ],
)  # fmt: skip
def test_deliveries_are_found_by_what_an_operator_knows(olga, made, acme, dead, query, count):
    event = Delivery.objects.select_related("event").earliest("id").event
    asked = query.format(endpoint=made.endpoint.id, slug=acme.slug, job=event.job_id, event=event.id)
    html = olga.get(f"webhooks/delivery/?{asked}")
    assert f'<span class="rc-pages-count">{count} shown</span>' in html


def test_an_endpoint_that_is_no_id_is_no_error_page(olga, dead):
    response = olga.client.get("/admin/webhooks/delivery/?endpoint=nonsense")
    assert response.status_code == 302


def test_one_is_redelivered_from_its_page(olga, vic, dead, pump):
    path = f"webhooks/delivery/{dead[0].id}/"
    assert "Redeliver</button>" in olga.get(f"{path}change/")
    assert "Redeliver</button>" not in vic.get(f"{path}change/")
    assert vic.post(f"{path}redeliver/").status_code == 403
    assert olga.client.get(f"/admin/{path}redeliver/").status_code == 403
    html = olga.post(f"{path}redeliver/", follow=True).content.decode()
    assert "On the way once more: 1." in html
    pump()
    assert states() == ["delivered", "dead_letter", "dead_letter"]
    assert AuditEvent.objects.filter(actor="operator:olga", to_state="pending").count() == 1


def test_the_ticked_ones_are_redelivered(olga, vic, dead):
    ticked = {"action": "redeliver_deliveries", "_selected_action": [str(row.id) for row in dead[:2]]}
    vic.post("webhooks/delivery/", ticked)
    assert states() == ["dead_letter"] * 3
    html = olga.post("webhooks/delivery/", ticked, follow=True).content.decode()
    assert "On the way once more: 2." in html
    assert states() == ["pending", "pending", "dead_letter"]


def test_all_that_a_list_shows_is_counted_before_it_is_redelivered(olga, vic, dead, acme, made):
    listed = olga.get("webhooks/delivery/", state="dead_letter")
    assert "Redeliver all that this list shows" in listed
    assert "Redeliver all that this list shows" not in olga.get("webhooks/delivery/")
    vic.get("webhooks/delivery/redeliver/", status=403, state="dead_letter")
    asking = olga.get("webhooks/delivery/redeliver/", state="dead_letter")
    assert "<strong>3</strong>" in asking
    asked_at = re.search(r'name="asked_at" value="([^"]+)"', asking)[1]
    never_asked = olga.post("webhooks/delivery/redeliver/?state=dead_letter")
    assert (never_asked.status_code, states()) == (200, ["dead_letter"] * 3)
    olga.post("webhooks/delivery/redeliver/?state=dead_letter", {"asked_at": asked_at})
    assert states() == ["pending"] * 3


def test_a_list_that_nothing_narrows_is_not_redelivered(olga, dead):
    html = olga.client.get("/admin/webhooks/delivery/redeliver/", follow=True).content.decode()
    assert "Narrow the list first" in html


def test_endpoints_are_disabled_and_enabled_by_those_who_may(olga, vic, made, dead):
    ticked = {"_selected_action": [str(made.endpoint.id)]}
    vic.post("webhooks/endpoint/", {"action": "disable_endpoints", **ticked})
    assert Endpoint.objects.get().enabled
    olga.post("webhooks/endpoint/", {"action": "disable_endpoints", **ticked})
    assert not Endpoint.objects.get().enabled
    page = olga.get(f"webhooks/delivery/{dead[0].id}/change/")
    assert "Redeliver</button>" not in page, "there is nobody to hear of it"
    olga.post("webhooks/endpoint/", {"action": "enable_endpoints", **ticked})
    assert Endpoint.objects.get().enabled
    trail = AuditEvent.objects.filter(subject="endpoint", subject_id=made.endpoint.id).order_by("id")
    assert [(row.to_state, row.actor) for row in trail] == [
        ("made", "test"),
        ("disabled", "operator:olga"),
        ("enabled", "operator:olga"),
    ]


def test_nothing_is_edited_or_deleted_by_a_forged_request(olga, made, dead):
    for path in (f"webhooks/endpoint/{made.endpoint.id}", f"webhooks/delivery/{dead[0].id}"):
        for what in ("change", "delete"):
            assert (
                olga.post(f"{path}/{what}/", {"post": "yes", "url": "https://evil.example/"}).status_code
                == 403
            )
    assert olga.client.get("/admin/webhooks/endpoint/add/").status_code == 403
    make_due()


def test_an_event_without_a_job_is_listed(olga, made):
    endpoints.ping(made.endpoint)
    assert "endpoint.ping" in olga.get("webhooks/event/")
    assert "endpoint.ping" in olga.get(f"webhooks/delivery/{Delivery.objects.get().id}/change/")
