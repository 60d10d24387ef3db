"""`/v1/tasks`: a client of that API posts, polls and is told, without a change."""

import json
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from jobs import stores, submission
from jobs.models import Job, Source
from jobs.states import JobState
from tests.api.conftest import _client
from tests.factories import drive, make_key, s3_client, upload
from webhooks.models import Delivery, Endpoint
from webhooks.payloads import Message
from webhooks.shapes import body


@pytest.fixture
def post(db):
    from rest_framework.test import APIClient

    def send(client, document, path="tasks", **headers):
        headers = {"Authorization": f"Bearer {client.secret}", **headers}
        return APIClient(raise_request_exception=False).post(
            f"/v1/{path}", document, format="json", headers=headers
        )

    return send


def get(client, id, path="tasks", **headers):
    from rest_framework.test import APIClient

    headers = headers or {"Authorization": f"Bearer {client.secret}"}
    return APIClient(raise_request_exception=False).get(f"/v1/{path}/{id}", headers=headers)


def test_a_task_is_a_command_job_of_its_account(acme, post):
    command = f"ffmpeg -i {acme.source()} -c:v libx264 output.mp4"
    response = post(acme, {"command": command})
    job = Job.objects.get()
    assert (response.status_code, response.json()) == (200, {"task_id": str(job.id)})
    assert (job.account, job.interface, job.state) == (acme.account, "tasks", JobState.QUEUED)
    assert job.command["command"] == command
    assert Source.objects.get().url == acme.source()
    assert not Endpoint.objects.exists()
    assert get(acme, job.id).json() == {
        "task_id": str(job.id),
        "status": "pending",
        "output_url": None,
        "duration": None,
        "error": None,
        "outputs": [],
    }


def test_members_that_other_services_know_are_passed_over(acme, post):
    document = {
        "command": f"-i {acme.source()} -c copy output.mp4",
        "with_metadata": True,
        "webhook_url": None,
    }
    assert post(acme, document).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_completed_task_has_its_output_with_its_duration(s3, valkey, short_clip, post):
    acme = _client("acme")
    source = upload(acme.account, short_clip)
    id = post(acme, {"command": f"ffmpeg -t 1 -i {source} -c copy -an z.mp4 -t 1 -vn -c:a copy a.m4a"}).json()
    job = drive(Job.objects.get(id=id["task_id"]))
    folder = f"s3://outputs/{acme.account.slug}/{job.id}/command/1/"
    answer = get(acme, job.id).json()
    sizes = {
        name: s3_client().head_object(Bucket="outputs", Key=f"{acme.account.slug}/{job.id}/command/1/{name}")[
            "ContentLength"
        ]
        for name in ("z.mp4", "a.m4a")
    }
    assert answer == {
        "task_id": str(job.id),
        "status": "completed",
        # The first of the command, not of the alphabet.
        "output_url": stores.public_url(f"{folder}z.mp4"),
        "duration": pytest.approx(1, abs=0.1),
        "error": None,
        "outputs": [
            {"url": stores.public_url(f"{folder}{name}"), "filename": name, "size": sizes[name]}
            for name in ("z.mp4", "a.m4a")
        ],
    }


@pytest.mark.django_db(transaction=True)
def test_without_a_public_url_the_output_has_a_signed_one(s3, valkey, short_clip, post, settings):
    from urllib.request import urlopen

    acme = _client("acme")
    source = upload(acme.account, short_clip)
    settings.PUBLIC_URLS = {}
    id = post(acme, {"command": f"ffmpeg -t 1 -i {source} -c copy out.mp4"}).json()["task_id"]
    drive(Job.objects.get(id=id))
    url = get(acme, id).json()["output_url"]
    assert "X-Amz-Signature=" in url
    with urlopen(url) as answer:  # noqa: S310 - the storage of this test
        assert answer.read(8)[4:] == b"ftyp"


@pytest.mark.django_db(transaction=True)
def test_a_failed_task_says_why(s3, valkey, short_clip, post):
    acme = _client("acme")
    id = post(
        acme, {"command": f"ffmpeg -i {upload(acme.account, short_clip)} -vf crop=4000:4000 out.mp4"}
    ).json()
    job = drive(Job.objects.get(id=id["task_id"]))
    answer = get(acme, job.id).json()
    assert answer["status"] == "failed"
    assert answer["error"] == job.fault_message != ""
    assert (answer["output_url"], answer["outputs"]) == (None, [])


def test_a_cancelled_task_has_failed(acme, post):
    id = post(acme, {"command": f"ffmpeg -i {acme.source()} out.mp4"}).json()["task_id"]
    submission.cancel(id, actor="test")
    assert get(acme, id).json()["status"] == "failed"


def test_a_task_that_is_worked_on_is_running(acme, post):
    id = post(acme, {"command": f"ffmpeg -i {acme.source()} out.mp4"}).json()["task_id"]
    for state in (JobState.INGESTING, JobState.PLANNING, JobState.RUNNING, JobState.ASSEMBLING):
        Job.objects.filter(id=id).update(state=state)
        assert get(acme, id).json()["status"] == "running"


@pytest.mark.parametrize(
    ("document", "error"),
    [
        ({}, "/command: This field is required."),
        ({"command": 7}, "/command: This must be a string."),
        ([], "Invalid data. Expected a dictionary, but got list."),
        ({"command": "rm -rf /"}, "/command: 'rm' is not ffmpeg. Only ffmpeg runs here."),
        (
            {"command": "ffmpeg -i /etc/passwd out.mp4"},
            "/command: '/etc/passwd' is neither a URL nor one of the job's inputs. "
            "Give a URL (https, http, s3, file) or the name of one of the job's inputs.",
        ),
        (
            {"command": "ffmpeg -i s3://sources/rival/secret.mp4 out.mp4"},
            "/command: The URL is outside the places that account '{slug}' may read.",
        ),
        (
            {"command": "ffmpeg -i https://a.example/b.mp4 out.mp4", "webhook_url": "http://a.example/hook"},
            "/webhook_url: Messages go to https:// URLs and mailto: addresses.",
        ),
    ],
)
def test_what_is_refused_is_told_in_one_text_with_the_token_and_the_reason(acme, post, document, error):
    response = post(acme, document)
    assert response.status_code == 400
    assert response["Content-Type"] == "application/json"
    assert response.json() == {"error": error.replace("{slug}", acme.account.slug)}
    assert not Job.objects.exists()


def test_every_reason_is_told(acme, post):
    error = post(
        acme, {"command": "ffmpeg -i https://a.example/b.mp4 -frobnicate 1 -dump_attachment x out.mp4"}
    )
    assert error.json()["error"].count("/command: ") == 2


def test_a_body_that_is_no_json_is_an_error_in_the_same_form(acme):
    from rest_framework.test import APIClient

    headers = {"Authorization": f"Bearer {acme.secret}"}
    response = APIClient().post("/v1/tasks", "{", content_type="application/json", headers=headers)
    assert response.status_code == 400
    assert list(response.json()) == ["error"]


def test_without_a_key_nothing_is_answered(acme, post):
    from rest_framework.test import APIClient

    response = APIClient().post("/v1/tasks", {"command": "ffmpeg"}, format="json")
    assert (response.status_code, list(response.json())) == (401, ["error"])
    assert response["WWW-Authenticate"] == 'Bearer realm="reelchord"'
    assert post(acme, {"command": "x"}, Authorization="Bearer rc_wrong").status_code == 401
    # The other API's header is no way in here.
    assert get(acme, uuid4(), **{"X-API-KEY": acme.secret}).status_code == 401


def test_a_key_that_may_only_read_submits_nothing(acme, post):
    acme.secret = make_key(acme.account, "jobs:read")
    response = post(acme, {"command": f"ffmpeg -i {acme.source()} out.mp4"})
    assert response.status_code == 403
    assert list(response.json()) == ["error"]


def test_other_peoples_tasks_and_other_kinds_of_job_are_not_there(acme, rival, post):
    task = post(acme, {"command": f"ffmpeg -i {acme.source()} out.mp4"}).json()["task_id"]
    job = acme.post("jobs", acme.request()).json()["id"]
    command = post(
        acme,
        {
            "input_files": {"in_1": acme.source()},
            "output_files": {"out_1": "a.mp4"},
            "ffmpeg_command": "-i {{in_1}} {{out_1}}",
        },
        "commands",
    ).json()["command_id"]
    for client, id in (
        (rival, task),
        (acme, job),
        (acme, command),
        (acme, uuid4()),
        (acme, "no-id"),
        (acme, 7),
    ):
        response = get(client, id)
        assert (response.status_code, response.json()) == (404, {"error": "Not found."})
    assert get(acme, task).status_code == 200


def test_the_same_idempotency_key_makes_one_task(acme, post):
    document = {"command": f"ffmpeg -i {acme.source()} out.mp4"}
    first = post(acme, document, **{"Idempotency-Key": "a"})
    again = post(acme, document, **{"Idempotency-Key": "a"})
    assert first.json() == again.json()
    assert Job.objects.count() == 1
    other = post(acme, {"command": f"ffmpeg -i {acme.source()} other.mp4"}, **{"Idempotency-Key": "a"})
    assert (other.status_code, list(other.json())) == (422, ["error"])


@pytest.mark.django_db(transaction=True)
def test_the_webhook_is_told_once_at_the_end(s3, valkey, short_clip, post):
    acme = _client("acme")
    source = upload(acme.account, short_clip)
    document = {
        "command": f"ffmpeg -t 1 -i {source} -c copy out.mp4",
        "webhook_url": "https://a.example/hook",
    }
    id = post(acme, document).json()["task_id"]
    endpoint = Endpoint.objects.get()
    assert (endpoint.shape, str(endpoint.job_id), endpoint.url) == ("tasks", id, "https://a.example/hook")
    job = drive(Job.objects.get(id=id))
    [delivery] = Delivery.objects.select_related("event")
    event = delivery.event
    assert event.type == "job.succeeded"
    message = Message(str(event.id), event.type, event.sequence, event.created_at, event.payload)
    assert json.loads(body("tasks", message)) == {
        "task_id": id,
        "status": "completed",
        "output_url": stores.public_url(f"s3://outputs/{acme.account.slug}/{job.id}/command/1/out.mp4"),
        "error": None,
    }


@pytest.mark.django_db(transaction=True)
def test_the_webhook_of_a_task_that_fails_says_why(s3, valkey, short_clip, post):
    acme = _client("acme")
    source = upload(acme.account, b"<html>", "page.mp4")
    document = {"command": f"ffmpeg -i {source} out.mp4", "webhook_url": "https://a.example/hook"}
    job = drive(Job.objects.get(id=post(acme, document).json()["task_id"]))
    event = Delivery.objects.select_related("event").get().event
    message = Message(str(event.id), event.type, event.sequence, event.created_at, event.payload)
    assert json.loads(body("tasks", message)) == {
        "task_id": str(job.id),
        "status": "failed",
        "output_url": None,
        "error": job.fault_message,
    }


def told(shape: str, **data) -> dict[str, object]:
    """The body of a message with this data."""
    return json.loads(body(shape, Message("m1", "job.succeeded", 1, datetime.now(UTC), data)))


def test_a_message_names_the_playlist_and_not_its_first_part():
    parts = [
        {"url": f"s3://o/{name}", "public_url": None, "content_type": type_, "size_bytes": 1048576}
        for name, type_ in (("init.mp4", "video/mp4"), ("stream.m3u8", "application/vnd.apple.mpegurl"))
    ]
    job = {"id": "j1", "state": "succeeded", "outputs": parts}
    assert told("tasks", job=job)["output_url"] == "s3://o/stream.m3u8"
    assert list(told("commands", job=job)["output_files"]) == ["stream.m3u8", "init.mp4"]


@pytest.mark.parametrize(
    ("state", "task", "command"),
    [
        ("succeeded", "completed", "SUCCESS"),
        ("partial", "completed", "SUCCESS"),
        ("failed", "failed", "FAILED"),
        ("dead_letter", "failed", "FAILED"),
        ("cancelled", "failed", "FAILED"),
        ("running", "running", "PROCESSING"),
    ],
)
def test_each_state_of_a_job_has_a_word_in_a_message(state, task, command):
    assert told("tasks", job={"id": "j1", "state": state})["status"] == task
    assert told("commands", job={"id": "j1", "state": state})["status"] == command


def test_a_message_that_is_about_no_job_has_a_body_as_well():
    assert told("tasks", endpoint={"id": "e1"})["task_id"] is None
    assert told("commands", endpoint={"id": "e1"})["command_id"] is None
