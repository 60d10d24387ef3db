"""Keys, scopes, and the wall between accounts."""

from datetime import timedelta

import pytest
from django.utils import timezone

from jobs.keys import digest
from jobs.models import ApiKey, Job
from tests.factories import make_key

PATHS = [
    "jobs",
    "jobs/{id}",
    "jobs/{id}/renditions",
    "jobs/{id}/attempts",
    "jobs/{id}/outputs",
    "jobs/{id}/audit",
]


def test_without_a_key_nothing_is_shown_and_the_answer_says_how(acme):
    acme.secret = ""
    response = acme.get("jobs")
    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")
    assert response["WWW-Authenticate"] == 'Bearer realm="reelchord"'
    assert response["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "change", [{"revoked_at": timezone.now()}, {"expires_at": timezone.now() - timedelta(1)}]
)
def test_a_revoked_or_expired_key_is_refused(acme, change):
    ApiKey.objects.update(**change)
    assert acme.get("jobs").json()["code"] == "authentication_failed"


def test_a_key_is_kept_as_a_hash_only(acme):
    row = ApiKey.objects.get()
    assert row.digest == digest(acme.secret)
    assert acme.secret not in str(ApiKey.objects.values().get())


def test_a_key_that_may_only_read_cannot_submit_or_cancel(acme):
    job = acme.post("jobs", acme.request()).json()["id"]
    acme.secret = make_key(acme.account, "jobs:read")
    assert acme.get("jobs").status_code == 200
    assert acme.post("jobs", acme.request()).json()["code"] == "permission_denied"
    assert acme.post(f"jobs/{job}/cancel").status_code == 403


@pytest.mark.parametrize("path", PATHS[1:])
def test_another_accounts_job_does_not_exist(acme, rival, path):
    job = acme.post("jobs", acme.request()).json()["id"]
    assert acme.get(path.format(id=job)).status_code == 200
    response = rival.get(path.format(id=job))
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_another_accounts_jobs_are_not_listed_and_cannot_be_cancelled(acme, rival):
    job = acme.post("jobs", acme.request()).json()["id"]
    assert rival.get("jobs").json()["results"] == []
    assert rival.post(f"jobs/{job}/cancel").status_code == 404
    assert Job.objects.get().state == "queued"


def test_while_the_database_is_away_the_answer_is_unavailable_and_when_to_ask_again(acme, monkeypatch):
    from django.db import OperationalError

    def away(*_: object, **__: object) -> None:
        raise OperationalError("connection refused at 10.0.0.7")

    monkeypatch.setattr("jobs.api.views.submission.submit", away)
    monkeypatch.setattr("jobs.api.problems.connection.close", lambda: None)
    response = acme.post("jobs", acme.request())
    assert (response.status_code, response.json()["code"]) == (503, "unavailable")
    assert int(response["Retry-After"]) > 0
    assert "10.0.0.7" not in response.content.decode()
