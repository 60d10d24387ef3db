"""Accounts and API keys: a secret is shown once, and a revoked key opens nothing."""

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.test import Client

from jobs.keys import digest
from jobs.models import Account, ApiKey
from tests.factories import make_account, make_key

pytestmark = pytest.mark.django_db

SECRET = re.compile(r"rc_[A-Za-z0-9_-]{43}")


@pytest.fixture
def account():
    return make_account("acme")


def issue(operator, owner, /, **changes):
    data = {"account": str(owner.pk), "name": "build server", "scopes": ["jobs:read"], **changes}
    return operator.post("jobs/apikey/add/", data)


def api(secret: str) -> int:
    return Client().get("/api/v1/jobs", headers={"Authorization": f"Bearer {secret}"}).status_code


def test_the_secret_of_a_new_key_is_shown_once_and_only_its_hash_is_kept(operator, account):
    response = issue(operator, account)
    secrets = set(SECRET.findall(response.content.decode()))
    assert len(secrets) == 1
    secret = secrets.pop()
    key = ApiKey.objects.get()
    assert (key.account, key.name, key.scopes, key.digest) == (
        account, "build server", ["jobs:read"], digest(secret),
    )  # fmt: skip
    assert "no-store" in response["Cache-Control"]
    assert api(secret) == 200
    for page in ("jobs/apikey/", f"jobs/apikey/{key.pk}/change/", ""):
        html = operator.get(page)
        assert secret not in html
        assert key.digest not in html
    kept = [str(row) for model in (ApiKey, LogEntry, Session) for row in model.objects.values()]
    assert not [row for row in kept if secret in row]
    assert secret not in str(operator.client.cookies)


def test_a_key_without_an_account_or_a_scope_is_refused(operator, account):
    assert "This field is required." in issue(operator, account, account="").content.decode()
    assert "This field is required." in issue(operator, account, scopes=[]).content.decode()
    assert "Select a valid choice" in issue(operator, account, scopes=["jobs:admin"]).content.decode()
    assert not ApiKey.objects.exists()


def test_a_revoked_key_opens_nothing_from_then_on(operator, account):
    secret = make_key(account)
    key = ApiKey.objects.get()
    assert api(secret) == 200
    data = {"action": "revoke_keys", "_selected_action": [str(key.pk)]}
    assert "Revoked: 1" in operator.post("jobs/apikey/", data, follow=True).content.decode()
    assert api(secret) == 401
    key.refresh_from_db()
    first = key.revoked_at
    operator.post("jobs/apikey/", data)
    key.refresh_from_db()
    assert key.revoked_at == first, "the first revocation is the one that counts"
    assert LogEntry.objects.filter(object_id=str(key.pk), change_message__contains="Revoked").exists()


def test_who_may_only_look_issues_and_revokes_nothing(viewer, account):
    secret = make_key(account)
    assert viewer.post("jobs/apikey/add/", {}).status_code == 403
    viewer.post("jobs/apikey/", {"action": "revoke_keys", "_selected_action": [str(ApiKey.objects.get().pk)]})
    assert api(secret) == 200


def test_an_account_is_made_and_renamed_but_not_deleted(operator):
    operator.post("jobs/account/add/", {"name": "Initech", "slug": "initech"})
    account = Account.objects.get(slug="initech")
    operator.post(f"jobs/account/{account.pk}/change/", {"name": "Initech Ltd", "slug": "initech"})
    account.refresh_from_db()
    assert account.name == "Initech Ltd"
    assert operator.post(f"jobs/account/{account.pk}/delete/", {"post": "yes"}).status_code == 403
