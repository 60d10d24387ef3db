"""Run again from the console: one job, the ticked ones, and all that a list shows, counted first."""

import re

import pytest
from django.utils import timezone

from audit.models import AuditEvent
from jobs import faults
from jobs.console import requeueing
from jobs.console.job_list import JobAdmin
from jobs.models import Attempt, Job, Rendition, Step, Worker
from jobs.states import JobState, StepKind
from jobs.transitions import change
from tests.factories import drive, make_account, make_job, upload

pytestmark = pytest.mark.django_db(transaction=True)


def make_failed_job(account, code: str = "object_not_found") -> Job:
    """A job that ended with its source."""
    job = make_job(account, f"s3://sources/{account.slug}/none.mp4")
    with change(job.id, actor="test") as moves:
        moves.stop_everything(fault=None, discard_committed=False)
        moves.job(JobState.FAILED, fault=faults.fault(code))
    job.refresh_from_db()
    return job


@pytest.fixture
def partial(acme, short_clip) -> Job:
    """A job whose optional rung failed for a reason that has been mended since."""
    job = drive(make_job(acme, upload(acme, short_clip)), until=StepKind.RENDITION)
    rendition = Rendition.objects.get(job=job, key="120p")
    spec = rendition.spec
    broken = {**spec, "encode": {**spec["encode"], "video": {**spec["encode"]["video"], "width": 321}}}
    Rendition.objects.filter(id=rendition.id).update(spec=broken)
    drive(job)
    assert job.state == JobState.PARTIAL
    Rendition.objects.filter(id=rendition.id).update(spec=spec)
    return job


def page_of(job: Job) -> str:
    return f"jobs/job/{job.id}/change/"


def run_again(console, job: Job, **wish: str) -> str:
    return console.post(f"jobs/job/{job.id}/run-again/", wish, follow=True).content.decode()


def run_ticked_again(console, *jobs: Job, **how: str) -> str:
    data = {"action": "run_jobs_again", "_selected_action": [str(job.id) for job in jobs], **how}
    return console.post("jobs/job/", data, follow=True).content.decode()


def asked_at(html: str) -> str:
    found = re.search(r'name="asked_at" value="([^"]+)"', html)
    assert found, "the page does not ask"
    return found[1]


def states(*jobs: Job) -> list[str]:
    return [Job.objects.get(id=job.id).state for job in jobs]


# --- one job ----------------------------------------------------------------------------------------------
def test_a_job_is_asked_about_before_it_runs_again_and_the_trail_names_the_operator(acme, operator):
    job = make_failed_job(acme)
    assert 'href="?again"' in operator.get(page_of(job))
    asking = operator.get(page_of(job), again="")
    assert "Run this job again" in asking
    assert states(job) == [JobState.FAILED]
    operator.get(f"jobs/job/{job.id}/run-again/", status=403)
    assert "1 job runs again." in run_again(operator, job)
    event = AuditEvent.objects.get(job_id=job.id, subject="job", from_state="failed")
    assert (states(job), event.actor) == ([JobState.QUEUED], "operator:olga")


def test_only_what_ended_badly_offers_to_run_again(acme, operator):
    live = make_job(acme, "s3://sources/a.mp4")
    for html in (operator.get(page_of(live)), operator.get(page_of(live), again="")):
        assert "?again" not in html
        assert "Run this job again" not in html


def test_the_pool_that_was_chosen_is_where_the_rendition_waits(partial, operator):
    asking = operator.get(page_of(partial), again="")
    assert re.findall(r"<option>(\w+)</option>", asking) == ["cpu", "gpu", "highmem"]
    assert "1 job runs again." in run_again(operator, partial, pool="highmem")
    assert Step.objects.get(job=partial, key="120p").queue == "transcode-highmem"


def test_the_encoders_offered_are_those_of_live_workers(partial, operator):
    identity = Attempt.objects.filter(job=partial, encoder_identity__isnull=False).first().encoder_identity
    worker = Worker.objects.create(
        name="w", queues=["transcode-gpu"], slots=1, encoder_identity=identity, seen_at=timezone.now()
    )
    option = f"<option>{identity.revision}</option>"
    assert option in operator.get(page_of(partial), again="")
    run_again(operator, partial, encoder_revision=identity.revision)
    step = Step.objects.get(job=partial, key="120p")
    assert (step.queue, step.encoder_revision) == ("transcode-gpu", identity.revision)
    Worker.objects.filter(name=worker.name).update(seen_at="2001-01-01T00:00Z")
    assert option not in operator.get("jobs/job/run-again/", state="partial")


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"pool": "moon"}, "Known pools: cpu, gpu, highmem."),
        ({"encoder_revision": "ffmpeg-1.0-00000000"}, "No live worker there runs this encoder."),
    ],
)
def test_a_wish_that_cannot_be_met_is_told_and_changes_nothing(partial, operator, wish, words):
    assert f"1 job did not run again. {words}" in run_again(operator, partial, **wish)
    assert states(partial) == [JobState.PARTIAL]


def test_a_job_that_is_gone_is_told(operator):
    response = operator.post("jobs/job/01a20473-e548-7a62-a9cf-c29943b7c621/run-again/", follow=True)
    assert "It does not exist any more." in response.content.decode()


# --- the ticked ones --------------------------------------------------------------------------------------
def test_ticked_jobs_run_again_and_those_that_cannot_are_told(acme, operator):
    failed = [make_failed_job(acme) for _ in range(2)]
    live = make_job(acme, "s3://sources/a.mp4")
    page = run_ticked_again(operator, *failed, live)
    assert "2 jobs run again." in page
    assert "1 job did not run again. The job is queued: only what ended badly runs again." in page
    assert states(*failed, live) == [JobState.QUEUED] * 3


def test_a_forged_select_all_runs_no_more_than_a_page(acme, operator, monkeypatch):
    monkeypatch.setattr(JobAdmin, "list_per_page", 2)
    jobs = [make_failed_job(acme) for _ in range(4)]
    run_ticked_again(operator, jobs[0], select_across="1")
    assert Job.objects.filter(state=JobState.QUEUED).count() == 2


# --- all that the list shows ------------------------------------------------------------------------------
def test_a_narrowed_list_leads_to_a_page_that_counts_first_and_changes_nothing(acme, operator, text_of):
    jobs = [make_failed_job(acme), make_failed_job(acme), make_failed_job(acme, "source_empty")]
    make_job(acme, "s3://sources/a.mp4")
    shown = operator.get("jobs/job/", account=acme.slug)
    assert f'href="/admin/jobs/job/run-again/?account={acme.slug}"' in shown
    seen = text_of(operator.get("jobs/job/run-again/", account=acme.slug))
    assert "3 jobs that this list shows ended badly and can run again." in seen
    assert f"The list is narrowed by account {acme.slug}" in seen
    assert "State Fault Jobs failed object_not_found 2 failed source_empty 1" in seen
    assert states(*jobs) == [JobState.FAILED] * 3


def test_all_that_filter_and_search_find_runs_again_beyond_the_page_and_nothing_else(
    acme, operator, monkeypatch
):
    monkeypatch.setattr(JobAdmin, "list_per_page", 2)
    meant = [make_failed_job(acme) for _ in range(5)]
    others = [make_failed_job(make_account("globex")), make_failed_job(acme, "source_empty")]
    older = f"/admin/jobs/job/run-again/?account={acme.slug}&amp;q=object_not"
    query = {"account": acme.slug, "q": "object_not"}
    assert f'href="{older}"' in operator.get("jobs/job/", **query, before=str(meant[2].id))
    html = operator.get("jobs/job/run-again/", **query)
    url = f"jobs/job/run-again/?account={acme.slug}&q=object_not"
    response = operator.post(url, {"asked_at": asked_at(html)}, follow=True)
    assert "5 jobs run again." in response.content.decode()
    assert response.redirect_chain == [(f"/admin/jobs/job/?account={acme.slug}&q=object_not", 302)]
    assert states(*meant, *others) == [JobState.QUEUED] * 5 + [JobState.FAILED] * 2
    actors = AuditEvent.objects.filter(subject="job", from_state="failed").values_list("actor", flat=True)
    assert list(actors) == ["operator:olga"] * 5


def test_the_pool_that_was_chosen_is_where_all_of_them_wait(partial, operator):
    html = operator.get("jobs/job/run-again/", state="partial")
    operator.post("jobs/job/run-again/?state=partial", {"asked_at": asked_at(html), "pool": "gpu"})
    assert Step.objects.get(job=partial, key="120p").queue == "transcode-gpu"


def test_more_than_a_batch_runs_in_order_of_id_and_what_is_left_is_counted(
    acme, operator, monkeypatch, text_of
):
    monkeypatch.setattr(requeueing, "BATCH", 2)
    jobs = [make_failed_job(acme) for _ in range(3)]
    html = operator.get("jobs/job/run-again/", state="failed")
    assert "more than 2 jobs that this list shows" in text_of(html)
    assert "Run the first 2 again" in html
    html = operator.post(
        "jobs/job/run-again/?state=failed", {"asked_at": asked_at(html)}, follow=True
    ).content.decode()
    assert "2 jobs run again." in html
    assert "1 job that this list shows" in text_of(html)
    assert states(*jobs) == [JobState.QUEUED, JobState.QUEUED, JobState.FAILED]
    operator.post("jobs/job/run-again/?state=failed", {"asked_at": asked_at(html)})
    assert states(jobs[2]) == [JobState.QUEUED]


def test_a_batch_that_takes_too_long_stops_and_counts_what_is_left(acme, operator, monkeypatch, text_of):
    monkeypatch.setattr(requeueing, "BATCH_SECONDS", -1)
    job = make_failed_job(acme)
    html = operator.get("jobs/job/run-again/", state="failed")
    response = operator.post("jobs/job/run-again/?state=failed", {"asked_at": asked_at(html)}, follow=True)
    assert "1 job that this list shows" in text_of(response.content.decode())
    assert states(job) == [JobState.FAILED]


def test_what_ended_badly_after_the_count_was_shown_stays(acme, operator):
    counted = make_failed_job(acme)
    late = make_job(acme, f"s3://sources/{acme.slug}/none.mp4")
    html = operator.get("jobs/job/run-again/", account=acme.slug)
    drive(late)
    operator.post(f"jobs/job/run-again/?account={acme.slug}", {"asked_at": asked_at(html)})
    assert states(counted, late) == [JobState.QUEUED, JobState.FAILED]


@pytest.mark.parametrize("answer", ["", "now", "2026-13-01T00:00Z", "2026-01-01T00:00"])
def test_a_post_that_was_never_asked_is_asked(acme, operator, answer):
    job = make_failed_job(acme)
    response = operator.post("jobs/job/run-again/?state=failed", {"asked_at": answer})
    assert asked_at(response.content.decode())
    assert states(job) == [JobState.FAILED]


def test_a_list_that_nothing_narrows_is_not_run_again(acme, operator):
    job = make_failed_job(acme)
    for query in ({}, {"q": ""}):
        assert "run-again/" not in operator.get("jobs/job/", **query)
        assert operator.client.get("/admin/jobs/job/run-again/", query).status_code == 302
    now = timezone.now().isoformat()
    response = operator.post("jobs/job/run-again/", {"asked_at": now}, follow=True)
    assert "Narrow the list first" in response.content.decode()
    assert states(job) == [JobState.FAILED]


def test_a_list_of_what_cannot_run_again_says_so(acme, operator):
    make_job(acme, "s3://sources/a.mp4")
    html = operator.get("jobs/job/run-again/", account=acme.slug)
    assert "None of the jobs that this list shows can run again" in html
    assert "<form" not in html.partition("rc-head")[2]


def test_a_filter_that_makes_no_sense_leads_back_to_the_list(operator):
    response = operator.client.get("/admin/jobs/job/run-again/", {"created": "soon"})
    assert (response.status_code, response["Location"]) == (302, "/admin/jobs/job/?e=1")


# --- who may not ------------------------------------------------------------------------------------------
def test_who_may_only_look_runs_nothing_again(acme, viewer):
    job = make_failed_job(acme)
    asking = viewer.get(page_of(job), again="")
    assert "?again" not in asking
    assert "Run this job again" not in asking
    assert "run-again/" not in viewer.get("jobs/job/", state="failed")
    run_ticked_again(viewer, job)
    now = timezone.now().isoformat()
    viewer.get("jobs/job/run-again/", status=403, state="failed")
    for url in (f"jobs/job/{job.id}/run-again/", "jobs/job/run-again/?state=failed"):
        assert viewer.post(url, {"asked_at": now}).status_code == 403
    assert states(job) == [JobState.FAILED]
