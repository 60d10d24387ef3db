import pytest


@pytest.fixture(autouse=True)
def secrets(settings):
    """Both providers are listened to. (Django is not set up yet when this file is read.)"""
    from tests.webhooks.inbound.senders import GITHUB_SECRET, STRIPE_SECRET

    settings.INBOUND_SECRETS = {"stripe": [STRIPE_SECRET], "github": [GITHUB_SECRET]}
    settings.BILLING_PLANS = {"starter": 100, "studio": 5000, "boundless": None}


@pytest.fixture
def acme(db):
    from tests.factories import make_account

    return make_account("acme")


@pytest.fixture
def work_off(db):
    """Handle everything that is due, as workers would."""
    from django.db.models.functions import Now

    from webhooks.inbound import handling
    from webhooks.inbound.models import InboundEvent

    def work() -> list[str]:
        due = InboundEvent.objects.filter(state="received", next_try_at__lte=Now()).order_by("id")
        return [handling.handle(event.id, "tester") for event in due]

    return work


@pytest.fixture
def github(settings):
    """GitHub's REST API, stood in for on loopback."""
    from tests.webhooks.inbound.github_stand_in import GitHubStandIn

    with GitHubStandIn() as server:
        settings.GITHUB_API_URL = server.url
        settings.GITHUB_TOKEN = server.token
        settings.EGRESS_ALLOWED_NETWORKS = ["127.0.0.0/8"]
        settings.EGRESS_ALLOWED_PORTS = [server.port]
        yield server
