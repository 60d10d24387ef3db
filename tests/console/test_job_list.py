"""The list of jobs: every state, at a constant price, and whatever an operator looks for."""

import re

import pytest

from audit.models import AuditEvent
from jobs import faults, submission
from jobs.console.job_list import JobAdmin
from jobs.models import Job, Output, Source
from jobs.states import JobState
from jobs.transitions import change
from tests.factories import claim, make_account, make_job, next_step

pytestmark = pytest.mark.django_db


def jobs_shown(html: str) -> list[str]:
    """The ids of the rows, from top to bottom."""
    return re.findall(r"/admin/jobs/job/([0-9a-f-]{36})/change/", html)


def make_failed_job(account, code: str = "source_not_media") -> Job:
    job = make_job(account, f"s3://sources/{account.slug}/page.mp4")
    with change(job.id, actor="test") as moves:
        moves.job(JobState.FAILED, fault=faults.fault(code, "<!doctype html>"))
    job.refresh_from_db()
    return job


def test_a_row_says_what_the_job_is_and_how_it_stands(acme, operator, text_of):
    make_job(acme, f"s3://sources/{acme.slug}/holiday.mp4")
    ingesting = make_job(acme, f"s3://sources/{acme.slug}/wedding.mp4")
    claim(next_step(ingesting))
    make_failed_job(acme)
    seen = text_of(operator.get("jobs/job/"))
    for words in (
        "holiday.mp4",
        "queued",
        "ingesting",
        "failed",
        "not a media file",
        acme.slug,
        "own ladder",
    ):
        assert words in seen


def test_a_list_costs_the_same_number_of_queries_whatever_its_length(acme, operator, queries):
    make_job(acme, "s3://sources/a.mp4")
    few = queries(lambda: operator.get("jobs/job/"))
    for number in range(12):
        make_job(acme, f"s3://sources/{number}.mp4")
    make_failed_job(acme)
    assert queries(lambda: operator.get("jobs/job/")) == few


def test_names_and_references_of_strangers_are_shown_and_not_run(acme, operator):
    job = make_job(acme, f"s3://sources/{acme.slug}/<script>alert(1)</script>.mp4")
    Job.objects.filter(id=job.id).update(reference='"><img src=x onerror=alert(2)>')
    html = operator.get("jobs/job/")
    assert "<script>alert(1)" not in html
    assert "<img src=x" not in html
    assert "&lt;img src=x onerror=alert(2)&gt;" in html


@pytest.mark.parametrize(
    ("state", "expected"),
    [("live", {"queued"}), ("troubled", {"failed"}), ("cancelled", {"cancelled"}), ("dead_letter", set())],
)
def test_the_state_filter_speaks_of_groups_and_of_single_states(acme, operator, state, expected):
    make_job(acme, "s3://sources/a.mp4")
    make_failed_job(acme)
    submission.cancel(make_job(acme, "s3://sources/b.mp4").id, actor="test")
    shown = jobs_shown(operator.get("jobs/job/", state=state))
    assert set(Job.objects.filter(id__in=shown).values_list("state", flat=True)) == expected


def test_jobs_are_narrowed_by_account_preset_and_time_together(acme, operator):
    mine = make_job(acme, "s3://sources/a.mp4")
    make_job(make_account("globex"), "s3://sources/b.mp4")
    today = mine.id.int >> 80  # milliseconds since 1970: the id's own time
    assert today > 0
    assert jobs_shown(operator.get("jobs/job/", account=acme.slug, preset="-", created="1h")) == [
        str(mine.id)
    ]
    assert jobs_shown(operator.get("jobs/job/", created="2001-02-03")) == []
    assert jobs_shown(operator.get("jobs/job/", preset="hls-720p")) == []


def test_a_single_day_holds_the_jobs_of_that_day(acme, operator):
    mine = make_job(acme, "s3://sources/a.mp4")
    mine.refresh_from_db()
    day = f"{mine.created_at:%Y-%m-%d}"
    html = operator.get("jobs/job/", created=day, account=acme.slug)
    assert str(mine.id) in jobs_shown(html)
    assert f'value="{day}"' in html, "the form shows the day that was asked for"


@pytest.mark.parametrize("query", [{"created": "soon"}, {"before": "yesterday"}, {"created": "1969-01-01"}])
def test_a_filter_that_makes_no_sense_leads_back_to_the_list(operator, query):
    response = operator.client.get("/admin/jobs/job/", query)
    assert (response.status_code, response["Location"]) == (302, "/admin/jobs/job/?e=1")


def test_a_job_is_found_by_id_reference_source_fault_and_checksum(acme, operator):
    job = make_failed_job(acme)
    Job.objects.filter(id=job.id).update(reference="Episode 17")
    Source.objects.filter(job=job).update(sha256="ab" * 32)
    make_job(acme, "s3://sources/other.mp4")
    for term in (str(job.id), job.id.hex, "episode 17", "page.mp4", "not a media", "<!doctype", "AB" * 32):
        assert jobs_shown(operator.get("jobs/job/", q=term)) == [str(job.id)], term
    assert str(job.id) in jobs_shown(operator.get("jobs/job/", q=str(job.id)[:13]))
    assert jobs_shown(operator.get("jobs/job/", q="nothing of this name")) == []


def test_a_job_is_found_by_the_checksum_of_what_it_made(acme, operator):
    job = make_job(acme, "s3://sources/a.mp4")
    held = claim(next_step(job))
    Output.objects.create(
        job=job, attempt_id=held.attempt_id, kind="rendition", path="x", url="s3://x", content_type="video/mp4",
        sha256="cd" * 32, size_bytes=1,
    )  # fmt: skip
    assert jobs_shown(operator.get("jobs/job/", q="cd" * 32)) == [str(job.id)]


def test_older_pages_follow_by_key_and_show_each_job_once(acme, operator, monkeypatch):
    monkeypatch.setattr(JobAdmin, "list_per_page", 2)
    made = [str(make_job(acme, f"s3://sources/{number}.mp4").id) for number in range(5)]
    seen: list[str] = []
    query = {"account": acme.slug}
    while True:
        html = operator.get("jobs/job/", **query)
        seen += jobs_shown(html)
        older = re.search(r'href="\?([^"]*)">Older</a>', html)
        if older is None:
            break
        query = dict(pair.split("=") for pair in older[1].replace("&amp;", "&").split("&"))
    assert seen == made[::-1]
    assert ">Newest</a>" in html


def test_the_list_is_never_counted(acme, operator):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    make_job(acme, "s3://sources/a.mp4")
    with CaptureQueriesContext(connection) as captured:
        operator.get("jobs/job/")
    assert not [query["sql"] for query in captured if "COUNT(" in query["sql"]]


def test_an_empty_list_says_so_in_its_own_words(operator):
    assert "There are no jobs yet." in operator.get("jobs/job/")
    assert "Nothing matches." in operator.get("jobs/job/", state="failed")


# --- cancel -----------------------------------------------------------------------------------------------
def cancel(console, *jobs: Job, **how) -> str:
    data = {"action": "cancel_jobs", "_selected_action": [str(job.id) for job in jobs], **how}
    response = console.post("jobs/job/", data, follow=True)
    return response.content.decode()


def test_cancelling_stops_the_jobs_and_the_trail_names_the_operator(acme, operator):
    jobs = [make_job(acme, f"s3://sources/{number}.mp4") for number in range(2)]
    assert "Cancelled 2 jobs." in cancel(operator, *jobs)
    for job in jobs:
        job.refresh_from_db()
        event = AuditEvent.objects.get(job_id=job.id, subject="job", to_state="cancelled")
        assert (job.state, event.actor) == (JobState.CANCELLED, "operator:olga")


def test_cancelling_what_has_ended_is_told_and_changes_nothing(acme, operator):
    ended, live = make_failed_job(acme), make_job(acme, "s3://sources/a.mp4")
    page = cancel(operator, ended, live)
    assert "Cancelled 1 job." in page
    assert "1 job had ended already (failed): nothing to cancel." in page
    ended.refresh_from_db()
    assert ended.state == JobState.FAILED


def test_a_forged_select_all_cancels_no_more_than_a_page(acme, operator, monkeypatch):
    monkeypatch.setattr(JobAdmin, "list_per_page", 2)
    jobs = [make_job(acme, f"s3://sources/{number}.mp4") for number in range(4)]
    cancel(operator, jobs[0], select_across="1")
    assert Job.objects.filter(state=JobState.CANCELLED).count() == 2


def test_who_may_only_look_cannot_cancel(acme, viewer):
    job = make_job(acme, "s3://sources/a.mp4")
    cancel(viewer, job)
    assert viewer.post(f"jobs/job/{job.id}/cancel/").status_code == 403
    assert "Cancel this job" not in viewer.get(f"jobs/job/{job.id}/change/", cancel="")
    job.refresh_from_db()
    assert job.state == JobState.QUEUED


def test_cancelling_from_the_page_is_asked_twice_and_needs_a_post(acme, operator):
    job = make_job(acme, "s3://sources/a.mp4")
    assert 'href="?cancel"' in operator.get(f"jobs/job/{job.id}/change/")
    asking = operator.get(f"jobs/job/{job.id}/change/", cancel="")
    assert "Cancel this job" in asking
    assert 'http-equiv="refresh"' not in asking, "it must not reload under the answer"
    operator.get(f"jobs/job/{job.id}/cancel/", status=403)
    assert operator.post(f"jobs/job/{job.id}/cancel/").status_code == 302
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert "Cancel this job" not in operator.get(f"jobs/job/{job.id}/change/", cancel="")
