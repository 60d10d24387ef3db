"""Who is suspended, or has used up a plan, gets no new job, and is told why."""

from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from jobs import allowance
from jobs.models import Account, Job
from tests.factories import make_account, make_job, make_key

pytestmark = pytest.mark.django_db


def submit(account: Account):
    client = APIClient(raise_request_exception=False)
    body = {"source": {"url": "https://example.com/film.mp4"}, "preset": "hls-720p"}
    headers = {"Authorization": f"Bearer {make_key(account)}"}
    return client.post("/api/v1/jobs", body, format="json", headers=headers)


def test_a_suspended_account_is_refused_with_its_reason(acme):
    acme.suspended_at, acme.suspension_reason = datetime.now(UTC), "a payment has failed"
    acme.save()
    answer = submit(acme)
    assert answer.status_code == 403
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json() == {
        "type": "urn:reelchord:problem:account_suspended",
        "title": "The account is suspended.",
        "status": 403,
        "code": "account_suspended",
        "detail": "The account is suspended: a payment has failed.",
        "instance": "/api/v1/jobs",
    }
    assert not Job.objects.exists()


def test_a_suspended_account_cannot_have_old_jobs_run_again(acme):
    job = make_job(acme, "https://example.com/film.mp4")
    Job.objects.filter(id=job.id).update(state="dead_letter")
    acme.suspended_at = datetime.now(UTC)
    acme.save()
    client = APIClient(raise_request_exception=False)
    headers = {"Authorization": f"Bearer {make_key(acme)}"}
    answer = client.post(f"/api/v1/jobs/{job.id}/requeue", {}, format="json", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "account_suspended")


def test_a_quota_is_a_number_of_jobs_in_a_calendar_month(acme):
    acme.quota_jobs = 2
    acme.save()
    assert [submit(acme).status_code for _ in range(3)] == [202, 202, 403]
    assert submit(acme).json()["code"] == "quota_exceeded"
    assert submit(make_account("globex")).status_code == 202, "another account's jobs do not count"


def test_last_months_jobs_do_not_count(acme):
    job = make_job(acme, "s3://sources/a.mp4")
    acme.quota_jobs = 1
    with pytest.raises(allowance.NotAllowed):
        allowance.check(acme)
    month = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    earlier = type(job.id)(int=(int(month.timestamp() * 1000) - 1) << 80)
    Job.objects.filter(id=job.id).delete()
    Job.objects.create(id=earlier, account=acme, ladder={}, destination="s3://outputs/", timeout_seconds=60)
    allowance.check(acme)


def test_without_a_quota_nothing_is_asked_of_the_database(acme, django_assert_num_queries):
    with django_assert_num_queries(0):
        allowance.check(acme)


def test_the_command_says_it_too(acme):
    acme.suspended_at = datetime.now(UTC)
    acme.save()
    with pytest.raises(CommandError, match=r"suspended: by the operator\."):
        call_command("submit", "https://example.com/film.mp4", "--account", acme.slug)
