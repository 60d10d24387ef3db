"""One job's page, from its submission to its end, on real work."""

import pytest

from jobs import stores, submission
from jobs.models import Attempt, Job, Output
from jobs.planner.specs import AudioRung, Ladder, Rung
from jobs.states import JobState, OutputState, StepKind
from tests.factories import REMUX, SMALL_LADDER, claim, drive, make_job, next_step, upload

pytestmark = pytest.mark.django_db(transaction=True)

HALF = Ladder(
    packaging="hls",
    rungs=(Rung(name="120p", height=120, crf=30, speed="ultrafast"),),
    audio=AudioRung(bitrate_kbps=64, channels=1),
)


def page_of(job: Job) -> str:
    return f"jobs/job/{job.id}/change/"


def test_a_finished_job_shows_its_source_its_renditions_and_where_they_are(acme, clip, operator, text_of):
    job = drive(make_job(acme, upload(acme, clip, "holiday.mp4")))
    html = operator.get(page_of(job))
    seen = text_of(html)
    source = job.sources.get()
    for words in (source.url, source.sha256, "1280x720", "h264", "5.1", "hls", "180p", "320x180", "libx264"):
        assert words in seen, words
    assert f'href="{stores.public_url(job.manifest.url)}"' in html
    for output in Output.objects.filter(job=job, state=OutputState.COMMITTED):
        assert output.sha256 in html
        assert f'href="{stores.public_url(output.url)}"' in html
    for attempt in Attempt.objects.filter(job=job):
        assert f"/admin/jobs/attempt/{attempt.id}/change/" in html
    assert "assembling succeeded worker:tester" in seen, "the audit trail"


def test_a_running_job_shows_its_progress_and_refreshes_itself(acme, short_clip, operator, text_of):
    job = drive(make_job(acme, upload(acme, short_clip)), until=StepKind.RENDITION)
    held = claim(next_step(job))
    from jobs import leases

    leases.renew(held, progress=0.42, speed=1.5, eta_seconds=7)
    html = operator.get(page_of(job))
    assert 'aria-valuenow="42"' in html
    assert "1.50x" in text_of(html)
    assert 'http-equiv="refresh"' in html


def test_a_job_at_rest_does_not_refresh(acme, operator):
    job = make_job(acme, "s3://sources/a.mp4")
    submission.cancel(job.id, actor="test")
    assert 'http-equiv="refresh"' not in operator.get(page_of(job))


def test_a_failed_job_says_what_is_wrong_in_words_for_both_sides(acme, operator, text_of):
    job = drive(make_job(acme, upload(acme, b"<!doctype html><title>Sorry</title>", "page.mp4")))
    seen = text_of(operator.get(page_of(job)))
    assert job.state == JobState.FAILED
    assert job.fault_message in seen
    assert "HTML, text or unknown bytes." in seen, "what only an operator can use"
    assert "source_not_media" in seen


@pytest.mark.parametrize("until", [StepKind.INGEST, StepKind.PLAN, StepKind.RENDITION, StepKind.MANIFEST])
def test_a_job_has_a_page_at_every_stage(acme, short_clip, operator, until):
    job = drive(make_job(acme, upload(acme, short_clip), HALF), until=until)
    operator.get(page_of(job))
    claim(next_step(job))
    operator.get(page_of(job))


def test_a_page_costs_the_same_number_of_queries_whatever_the_ladder(acme, short_clip, operator, queries):
    source = upload(acme, short_clip)
    pages = [page_of(drive(make_job(acme, source, ladder))) for ladder in (HALF, SMALL_LADDER)]
    small, large = (queries(lambda page=page: operator.get(page)) for page in pages)
    assert small == large <= 16


def test_a_job_without_a_manifest_file_has_a_page_too(acme, short_clip, operator):
    job = drive(make_job(acme, upload(acme, short_clip), REMUX))
    assert job.manifest is None
    assert "copy/1/copy.mp4" in operator.get(page_of(job))


def test_metadata_and_source_names_of_strangers_are_shown_and_not_run(acme, operator):
    job = make_job(acme, f"s3://sources/{acme.slug}/<script>alert(1)</script>.mp4")
    Job.objects.filter(id=job.id).update(
        metadata={"note": "</pre><script>alert(2)</script>"}, fault_code="x", fault_message="<b>bold</b>"
    )
    html = operator.get(page_of(job))
    assert "<script>alert" not in html
    assert "<b>bold" not in html


@pytest.mark.parametrize("key", ["01a20473-e548-7a62-a9cf-c29943b7c621", "no-id-at-all"])
def test_a_page_of_no_job_leads_back(operator, key):
    operator.get(f"jobs/job/{key}/change/", status=302)
