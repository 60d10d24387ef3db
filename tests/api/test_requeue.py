"""POST /api/v1/jobs/{id}/requeue."""

import pytest

from jobs.models import Job, Rendition
from jobs.states import JobState, StepKind
from tests.factories import drive, make_job, upload


@pytest.fixture
def failed(s3, valkey, short_clip, transactional_db):
    """A customer with a job whose optional rung failed."""
    from tests.api.conftest import _client

    client = _client("acme")
    job = drive(make_job(client.account, upload(client.account, short_clip)), until=StepKind.RENDITION)
    rendition = Rendition.objects.get(job=job, key="120p")
    rendition.spec["encode"]["video"]["width"] = 321
    rendition.save()
    assert drive(job).state == JobState.PARTIAL
    return client, job


def test_a_partial_job_runs_again_with_other_parameters_and_succeeds(failed):
    acme, job = failed
    body = {"renditions": ["120p"], "parameters": {"crf": 35, "speed": "superfast"}}
    response = acme.post(f"jobs/{job.id}/requeue", body)
    assert (response.status_code, response.json()["state"]) == (202, "running")
    drive(job)
    shown = acme.get(f"jobs/{job.id}").json()
    rendition = next(one for one in shown["renditions"] if one["key"] == "120p")
    assert (shown["state"], shown["fault"], rendition["attempts"]) == ("succeeded", None, 2)
    assert acme.post(f"jobs/{job.id}/requeue").json()["code"] == "job_not_requeueable"


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"renditions": ["9000p"]}, "/renditions/0", "rendition_not_missing"),
        ({"pool": "moon"}, "/pool", "pool_unknown"),
        ({"encoder_revision": "ffmpeg-0"}, "/encoder_revision", "encoder_revision_unavailable"),
        ({"parameters": {"crf": 99}}, "/parameters/crf", "out_of_range"),
        ({"parameters": {"crf": "low"}}, "/parameters/crf", "type"),
        ({"parameters": {"height": 2160}}, "/parameters/height", "unknown"),
        ({"rendition": "120p"}, "/rendition", "unknown"),
    ],
)
def test_a_wish_that_cannot_be_met_is_named_with_its_place(failed, body, pointer, code):
    acme, job = failed
    response = acme.post(f"jobs/{job.id}/requeue", body)
    assert response.status_code == 400, response.content
    assert [(error["pointer"], error["code"]) for error in response.json()["errors"]] == [(pointer, code)]
    assert Job.objects.get(id=job.id).state == JobState.PARTIAL


def test_another_accounts_job_cannot_be_requeued(failed, rival):
    _, job = failed
    assert rival.post(f"jobs/{job.id}/requeue").status_code == 404
