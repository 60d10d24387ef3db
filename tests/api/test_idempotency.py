"""The same request twice makes one job."""

from datetime import timedelta

from django.db.models import F

from jobs import pruning
from jobs.models import IdempotencyKey, Job

KEY = {"Idempotency-Key": "order-7"}


def test_the_same_key_and_body_answer_with_the_first_job(acme):
    first = acme.post("jobs", acme.request(), **KEY)
    second = acme.post("jobs", acme.request(), **KEY)
    assert (first.status_code, second.status_code) == (202, 202)
    assert second.json() == first.json()
    assert second["Location"] == first["Location"]
    assert second["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first
    assert Job.objects.count() == 1


def test_the_same_key_with_another_body_is_refused(acme):
    acme.post("jobs", acme.request(), **KEY)
    response = acme.post("jobs", acme.request(reference="other"), **KEY)
    assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_reused")
    assert Job.objects.count() == 1


def test_a_key_whose_first_request_is_still_at_work_is_a_conflict(acme):
    acme.post("jobs", acme.request(), **KEY)
    IdempotencyKey.objects.update(status=None)
    response = acme.post("jobs", acme.request(), **KEY)
    assert (response.status_code, response.json()["code"]) == (409, "idempotency_key_in_use")


def test_a_key_abandoned_by_a_killed_server_can_be_used_again(acme):
    acme.post("jobs", acme.request(), **KEY)
    IdempotencyKey.objects.update(status=None, created_at=F("created_at") - timedelta(minutes=2))
    assert acme.post("jobs", acme.request(), **KEY).status_code == 202


def test_a_request_that_was_refused_gives_its_key_back(acme):
    assert acme.post("jobs", {}, **KEY).status_code == 400
    assert acme.post("jobs", acme.request(), **KEY).status_code == 202


def test_two_accounts_may_use_the_same_key(acme, rival):
    assert acme.post("jobs", acme.request(), **KEY).status_code == 202
    assert rival.post("jobs", rival.request(), **KEY).status_code == 202
    assert Job.objects.count() == 2


def test_a_key_older_than_a_day_is_forgotten(acme):
    acme.post("jobs", acme.request(), **KEY)
    IdempotencyKey.objects.update(created_at=F("created_at") - timedelta(hours=25))
    assert pruning.prune_idempotency_keys() == 1
    acme.post("jobs", acme.request(), **KEY)
    assert Job.objects.count() == 2


def test_a_key_that_cannot_be_one_is_refused(acme):
    response = acme.post("jobs", acme.request(), **{"Idempotency-Key": "x" * 256})
    assert (response.status_code, response.json()["code"]) == (400, "invalid_idempotency_key")
