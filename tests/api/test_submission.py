"""POST /api/v1/jobs: what is accepted, and how what is not is told."""

import pytest

from jobs.models import Job, Source, Step
from jobs.states import StepKind, StepState


def pointers(response) -> dict[str, str]:
    """pointer > code of each error in a problem document."""
    return {error["pointer"]: error["code"] for error in response.json()["errors"]}


def test_a_job_is_accepted_at_once_with_its_address_and_its_first_steps(acme):
    response = acme.post("jobs", acme.request(reference="film-42", metadata={"a": [1]}))
    job = Job.objects.get()
    assert response.status_code == 202
    assert response.json() == {
        "id": str(job.id),
        "state": "queued",
        "url": f"http://testserver/api/v1/jobs/{job.id}",
    }
    assert response["Location"] == f"http://testserver/api/v1/jobs/{job.id}"
    assert response["Retry-After"] == "2"
    assert (job.account, job.reference, job.metadata) == (acme.account, "film-42", {"a": [1]})
    assert (job.preset.name, job.preset.version) == ("hls-720p", 2)
    assert job.destination == f"s3://outputs/{acme.account.slug}/"
    assert Source.objects.get().url == acme.source()
    steps = {step.kind: (step.state, step.queue) for step in Step.objects.all()}
    assert steps == {
        StepKind.INGEST: (StepState.READY, "files"),
        StepKind.PLAN: (StepState.BLOCKED, "control"),
    }


def test_accepting_a_job_does_not_need_the_broker(acme, settings):
    settings.CELERY_APP = "there.is.no.such.app"
    assert acme.post("jobs", acme.request()).status_code == 202


def test_a_ladder_can_be_spelled_out(acme):
    rung = {"name": "360p", "height": 360, "crf": 24, "maxrate_kbps": 900, "required": False}
    response = acme.post("jobs", acme.request(ladder={"packaging": "hls", "rungs": [rung]}, preset=None) | {})
    assert response.status_code == 400  # null is no omission
    body = {"source": {"url": acme.source()}, "ladder": {"packaging": "hls", "rungs": [rung], "audio": {}}}
    assert acme.post("jobs", body).status_code == 202
    ladder = Job.objects.get().ladder
    assert ladder["rungs"][0]["height"] == 360
    assert ladder["audio"]["encoder"] == "aac"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ([], {"": "invalid"}),
        ("text", {"": "invalid"}),
        ({}, {"/preset": "conflict"}),
        ({"preset": "hls-720p"}, {"/source": "required"}),
        ({"source": "s3://sources/x", "preset": "hls-720p"}, {"/source": "invalid"}),
        ({"source": {"url": 7}, "preset": "hls-720p"}, {"/source/url": "type"}),
        ({"source": {"url": None}, "preset": "hls-720p"}, {"/source/url": "null"}),
        ({"source": {"uri": "x"}, "preset": "hls-720p"}, {"/source/uri": "unknown"}),
        ({"source": {"url": "ftp://host/clip.mp4"}, "preset": "hls-720p"}, {"/source/url": "url_refused"}),
        ({"source": {"url": "clip.mp4"}, "preset": "hls-720p"}, {"/source/url": "url_refused"}),
        ({"source": {"url": "file:///etc/passwd"}, "preset": "hls-720p"}, {"/source/url": "url_refused"}),
        (
            {"source": {"url": "s3://sources/rival/x.mp4"}, "preset": "hls-720p"},
            {"/source/url": "url_refused"},
        ),
        ({"source": {"url": "http://h/a"}}, {"/preset": "conflict"}),
        ({"source": {"url": "http://h/a"}, "preset": "nope"}, {"/preset": "unknown"}),
        ({"source": {"url": "http://h/a"}, "preset": "hls-720p", "webm": True}, {"/webm": "unknown"}),
        (
            {"source": {"url": "http://h/a"}, "preset": "hls-720p", "destination": "s3://outputs/rival/"},
            {"/destination": "url_refused"},
        ),
        (
            {"source": {"url": "http://h/a"}, "preset": "hls-720p", "destination": "https://host/"},
            {"/destination": "url_refused"},
        ),
        (
            {"source": {"url": "http://h/a"}, "preset": "hls-720p", "metadata": []},
            {"/metadata": "not_a_dict"},
        ),
        (
            {"source": {"url": "http://h/a"}, "preset": "hls-720p", "metadata": {"x": "y" * 20_000}},
            {"/metadata": "too_large"},
        ),
        (
            {"source": {"url": "http://h/a"}, "preset": "hls-720p", "timeout_minutes": "5"},
            {"/timeout_minutes": "type"},
        ),
        (
            {"source": {"url": "http://h/a"}, "preset": "hls-720p", "timeout_minutes": 0},
            {"/timeout_minutes": "min_value"},
        ),
        (
            {"source": {"url": "http://h/a"}, "ladder": {"packaging": "vhs", "rungs": []}},
            {"/ladder/packaging": "unknown", "/ladder/rungs": "empty"},
        ),
        (
            {
                "source": {"url": "http://h/a"},
                "ladder": {
                    "packaging": "hls",
                    "rungs": [
                        {"name": "a", "height": 361},
                        {"name": "a", "height": 99999, "crf": 23, "bitrate_kbps": 500},
                        {"name": "b", "height": "720"},
                    ],
                },
            },
            {"/ladder/rungs/2/height": "type"},
        ),
        (
            {
                "source": {"url": "http://h/a"},
                "ladder": {
                    "packaging": "hls",
                    "rungs": [
                        {"name": "a", "height": 361},
                        {"name": "b", "height": 99998, "crf": 23, "bitrate_kbps": 500},
                        {"name": "UPPER", "encoder": "wmv9"},
                    ],
                },
            },
            {
                "/ladder/rungs/0/height": "odd",
                "/ladder/rungs/1/height": "out_of_range",
                "/ladder/rungs/1/crf": "conflict",
                "/ladder/rungs/2/name": "malformed",
                "/ladder/rungs/2/encoder": "unknown",
                "/ladder/rungs/2/height": "required",
            },
        ),
    ],
)
def test_each_mistake_is_named_with_its_place_and_nothing_is_made(acme, body, expected):
    response = acme.post("jobs", body)
    assert response.status_code == 400, response.content
    assert response["Content-Type"] == "application/problem+json"
    document = response.json()
    assert (document["code"], document["status"], document["instance"]) == ("invalid", 400, "/api/v1/jobs")
    assert pointers(response) == expected
    assert all(error["detail"].endswith((".", "?")) for error in document["errors"])
    assert not Job.objects.exists()


@pytest.mark.parametrize("body", ["{", "", "\x00", '{"source": NaN}', "[" * 5000])
def test_a_body_that_is_no_json_is_a_parse_error(acme, body):
    from rest_framework.test import APIClient

    response = APIClient(raise_request_exception=False).post(
        "/api/v1/jobs",
        body,
        content_type="application/json",
        headers={"Authorization": f"Bearer {acme.secret}"},
    )
    assert response.status_code == 400
    assert response.json()["code"] in ("parse_error", "invalid")


def test_a_body_in_another_media_type_is_refused(acme):
    from rest_framework.test import APIClient

    response = APIClient().post(
        "/api/v1/jobs", "<a/>", content_type="text/xml", headers={"Authorization": f"Bearer {acme.secret}"}
    )
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")


def test_a_file_outside_every_root_is_refused_even_with_tricks(acme, settings, tmp_path):
    settings.FILE_ROOTS = [str(tmp_path)]
    settings.SOURCE_ROOTS = [f"file://{tmp_path}/{{account}}/"]
    inside = f"file://{tmp_path}/{acme.account.slug}"
    assert acme.post("jobs", acme.request(source={"url": f"{inside}/clip.mp4"})).status_code == 202
    for trick in ("/../other/clip.mp4", "/%2e%2e/other/clip.mp4", "//clip.mp4", "/clip.mp4?x", "/a%00b"):
        response = acme.post("jobs", acme.request(source={"url": inside + trick}))
        assert pointers(response) == {"/source/url": "url_refused"}, trick


def test_a_body_over_a_mebibyte_is_too_large(acme):
    response = acme.post("jobs", {"source": {"url": "x" * 1_100_000}})
    assert (response.status_code, response.json()["code"]) == (413, "request_too_large")
