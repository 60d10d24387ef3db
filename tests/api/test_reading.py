"""What a customer sees of a job: lists, pages, one job whole, and the evidence."""

import hashlib

import pytest
import requests

from tests.factories import drive, make_job, upload


@pytest.fixture
def done(s3, valkey, short_clip, transactional_db):
    """A finished job and its owner. (Heartbeats see only what is committed.)"""
    from jobs.models import Account
    from tests.api.conftest import _client

    client = _client("acme")
    account: Account = client.account
    return client, drive(make_job(account, upload(account, short_clip)))


def test_a_finished_job_shows_its_source_renditions_and_manifest(done):
    acme, job = done
    body = acme.get(f"jobs/{job.id}").json()
    assert (body["state"], body["progress"], body["fault"]) == ("succeeded", 1.0, None)
    assert [body["source"][name] for name in ("width", "height", "video_codec")] == [320, 180, "h264"]
    assert body["manifest"]["url"] == f"{job.destination}{job.id}/manifest/1/master.m3u8"
    assert requests.get(body["manifest"]["public_url"], timeout=5).text.startswith("#EXTM3U")
    renditions = {one["key"]: one for one in body["renditions"]}
    assert list(renditions) == ["180p", "120p", "audio"]
    rung = renditions["180p"]
    assert (rung["state"], rung["width"], rung["height"], rung["encoder"], rung["attempts"]) == (
        "succeeded", 320, 180, "libx264", 1,
    )  # fmt: skip
    assert rung["encoder_revision"].startswith("ffmpeg-9")
    assert rung["output"]["bitrate_kbps"] > 10


def test_an_output_can_be_downloaded_and_is_what_its_hash_says(done):
    acme, job = done
    outputs = acme.get(f"jobs/{job.id}/outputs").json()["results"]
    assert {output["kind"] for output in outputs} == {"rendition", "playlist", "manifest"}
    for output in outputs:
        body = requests.get(output["download_url"], timeout=5).content
        assert (hashlib.sha256(body).hexdigest(), len(body)) == (output["sha256"], output["size_bytes"])


def test_the_attempts_show_the_exact_command_and_the_time_in_queue(done):
    acme, job = done
    attempts = acme.get(f"jobs/{job.id}/attempts").json()["results"]
    assert [one["step"] for one in attempts] == [
        "ingest",
        "plan",
        "rendition",
        "rendition",
        "rendition",
        "manifest",
    ]
    encode = attempts[2]
    assert encode["argv"][-1].startswith("file:")
    assert (encode["exit_code"], encode["state"]) == (0, "succeeded")
    assert encode["queue_seconds"] >= 0


def test_stderr_is_plain_text_and_whole(done):
    acme, job = done
    attempts = acme.get(f"jobs/{job.id}/attempts").json()["results"]
    response = acme.get(f"jobs/{job.id}/attempts/{attempts[2]['id']}/stderr")
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert hashlib.sha256(response.content).hexdigest() == attempts[2]["stderr_sha256"]
    assert acme.get(f"jobs/{job.id}/attempts/{attempts[0]['id']}/stderr").status_code == 404


def test_the_audit_trail_begins_with_the_submission_and_ends_with_the_manifest(done):
    acme, job = done
    events = acme.get(f"jobs/{job.id}/audit?page_size=200").json()["results"]
    assert (events[0]["subject"], events[0]["to_state"], events[0]["actor"]) == ("job", "queued", "test")
    assert (events[-1]["subject"], events[-1]["to_state"]) == ("job", "succeeded")


def test_lists_come_newest_first_in_pages_without_a_gap(acme):
    ids = [acme.post("jobs", acme.request()).json()["id"] for _ in range(5)]
    seen, url = [], "jobs?page_size=2"
    while url:
        page = acme.get(url).json()
        seen += [job["id"] for job in page["results"]]
        url = page["next"] and page["next"].partition("/api/v1/")[2]
    assert seen == ids[::-1]


def test_a_list_can_be_filtered_by_state_and_reference(acme):
    acme.post("jobs", acme.request(reference="a"))
    cancelled = acme.post("jobs", acme.request(reference="b")).json()["id"]
    acme.post(f"jobs/{cancelled}/cancel")
    assert [job["id"] for job in acme.get("jobs?state=cancelled").json()["results"]] == [cancelled]
    assert [job["id"] for job in acme.get("jobs?reference=b").json()["results"]] == [cancelled]
    assert acme.get("jobs?state=finished").json()["errors"][0]["pointer"] == "/state"


@pytest.mark.parametrize("count", [1, 5])
def test_a_list_costs_the_same_number_of_queries_however_long_it_is(
    acme, count, django_assert_max_num_queries
):
    for _ in range(count):
        acme.post("jobs", acme.request())
    with django_assert_max_num_queries(3):  # the key (kept for a second), the jobs, their sources
        acme.get("jobs")


def test_cancelling_a_queued_job_shows_it_cancelled_and_a_second_time_is_a_conflict(acme):
    job = acme.post("jobs", acme.request()).json()["id"]
    body = acme.post(f"jobs/{job}/cancel").json()
    assert (body["state"], body["fault"]["code"]) == ("cancelled", "cancelled")
    again = acme.post(f"jobs/{job}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "job_is_final")


def test_an_unknown_job_and_an_unknown_path_are_documents_too(acme):
    for path in ("jobs/01a20479-1ee4-7e30-8dfe-fd75d28caffd", "jobs/not-an-id", "nothing"):
        response = acme.get(path)
        assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json"), path


def test_a_wrong_method_is_told_which_ones_there_are(acme):
    from rest_framework.test import APIClient

    response = APIClient().delete("/api/v1/jobs", headers={"Authorization": f"Bearer {acme.secret}"})
    assert (response.status_code, response["Allow"]) == (405, "GET, POST, HEAD, OPTIONS")


def test_presets_are_listed_with_their_ladders(acme):
    assert {preset["name"] for preset in acme.get("presets").json()} >= {"hls-1080p", "hls-720p", "mp4-720p"}
