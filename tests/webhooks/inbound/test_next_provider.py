"""The next provider is one file: in a package that is named once, with a secret in the environment."""

import pytest

from tests.webhooks.inbound.senders import knock
from webhooks.inbound import registry
from webhooks.inbound.models import InboundEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def acorn(settings, monkeypatch):
    """What is registered here is forgotten after the test, but for the import itself."""
    settings.INBOUND_SECRETS = {"acorn": ["oak"]}
    registry.load()
    for name in ("_providers", "_handlers"):
        monkeypatch.setattr(registry, name, dict(getattr(registry, name)))
    for name in ("_packages", "_loaded"):
        monkeypatch.setattr(registry, name, type(getattr(registry, name))(getattr(registry, name)))
    monkeypatch.delitem(__import__("sys").modules, "tests.webhooks.inbound.toys.acorn", raising=False)
    registry.add_package("tests.webhooks.inbound.toys")


def test_a_provider_in_one_file_is_listened_to_verified_stored_and_handled(acorn, work_off):
    body = b'{"nut": "n-1", "what": "fell"}'
    assert knock("/hooks/acorn", body, {"X-Acorn-Token": "beech"}).status_code == 401
    for _ in range(2):
        answer = knock("/hooks/acorn", body, {"X-Acorn-Token": "oak", "X-Acorn-Tree": "7"})
        assert answer.status_code == 200
    assert work_off() == ["handled"]
    event = InboundEvent.objects.get()
    assert (event.provider, event.type, event.note) == ("acorn", "fell", "The nut n-1 fell.")
    assert event.headers == {"X-Acorn-Tree": "7"}
    assert registry.known()["acorn"] == ["fell"]


def test_two_of_one_name_are_a_mistake_that_is_said(acorn):
    registry.load()
    with pytest.raises(ValueError, match="two providers are called 'acorn'"):
        registry.provider(type("Other", (), {"name": "acorn"}))
    with pytest.raises(ValueError, match="two handlers for acorn fell"):
        registry.handles("acorn", "fell")(lambda event, _: registry.Handled(""))
