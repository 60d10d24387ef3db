"""`/v1/commands`: a client of that API posts, polls and is told, without a change."""

import json
from uuid import uuid4

import pytest

from jobs import stores
from jobs.models import Attempt, Job, Output, Source
from jobs.states import JobState, StepKind
from tests.api.conftest import _client
from tests.factories import drive, make_key, upload
from webhooks.models import Delivery, Endpoint
from webhooks.payloads import Message
from webhooks.shapes import body


def _request(method, client, path, document=None, **headers):
    from rest_framework.test import APIClient

    headers = headers or {"X-API-KEY": client.secret}
    send = getattr(APIClient(raise_request_exception=False), method)
    return send(f"/v1/{path}", document, format="json", headers=headers)


def post(client, document, **headers):
    return _request("post", client, "commands", document, **headers)


def get(client, id, **headers):
    return _request("get", client, f"commands/{id}", **headers)


def wish(client, **changes):
    return {
        "input_files": {"in_1": client.source()},
        "output_files": {"out_1": "a.mp4"},
        "ffmpeg_command": "-i {{in_1}} {{out_1}}",
        **changes,
    }


def test_a_command_is_a_command_job_of_its_account(acme):
    response = post(acme, wish(acme, metadata={"order": 7}, reference_id="film-42"))
    job = Job.objects.get()
    assert (response.status_code, response.json()) == (200, {"command_id": str(job.id), "status": "PENDING"})
    assert (job.account, job.interface, job.state) == (acme.account, "commands", JobState.QUEUED)
    assert (job.metadata, job.reference) == ({"order": 7}, "film-42")
    assert Source.objects.get().url == acme.source()
    answer = get(acme, job.id).json()
    assert answer.pop("created_at") is not None
    assert answer == {
        "command_id": str(job.id),
        "status": "PENDING",
        "command_type": "FFMPEG_COMMAND",
        "total_processing_seconds": None,
        "ffmpeg_command_run_seconds": None,
        "output_files": {},
        "error_status": None,
        "error_message": None,
        "original_request": {
            "ffmpeg_command": "-i {{in_1}} {{out_1}}",
            "input_files": {"in_1": acme.source()},
            "output_files": {"out_1": "a.mp4"},
        },
        "metadata": {"order": 7},
    }


@pytest.mark.django_db(transaction=True)
def test_a_command_that_is_done_has_its_outputs_by_their_names(s3, valkey, short_clip):
    acme = _client("acme")
    upload(acme.account, short_clip)
    document = wish(
        acme,
        output_files={"out_film": "z film.mp4".replace(" ", "-"), "out_still": "a.jpg"},
        ffmpeg_command="-t 1 -i {{in_1}} -vf scale=320:180 -c:v libx264 -preset ultrafast -c:a aac {{out_film}}"
        " -frames:v 1 -vf scale=160:90 {{out_still}}",
        vcpu_count=8,
    )
    job = drive(Job.objects.get(id=post(acme, document).json()["command_id"]))
    answer = get(acme, job.id).json()
    rows = {row.path.rpartition("/")[2]: row for row in Output.objects.filter(job=job)}
    attempt = Attempt.objects.get(job=job, step__kind=StepKind.RENDITION)
    film, still = answer["output_files"]["out_film"], answer["output_files"]["out_still"]
    assert (answer["status"], answer["error_status"], answer["error_message"]) == ("SUCCESS", None, None)
    assert answer["ffmpeg_command_run_seconds"] == attempt.wall_seconds
    assert answer["total_processing_seconds"] > answer["ffmpeg_command_run_seconds"]
    assert film.pop("bitrate_video_kb") > 1 and film.pop("bitrate_audio_kb") > 1
    assert film == {
        "file_id": str(rows["z-film.mp4"].id),
        "storage_url": stores.public_url(rows["z-film.mp4"].url),
        "status": "STORED",
        "filename": "z-film.mp4",
        "size_mbytes": rows["z-film.mp4"].size_bytes / 1048576,
        "duration": pytest.approx(1, abs=0.1),
        "file_type": "video",
        "file_format": "mp4",
        "mime_type": "video/mp4",
        "codec": "h264",
        "pixel_format": "yuv420p",
        "width": 320,
        "height": 180,
        "frame_rate": 25.0,
    }
    assert (still["filename"], still["file_type"], still["codec"], still["width"]) == (
        "a.jpg", "image", "mjpeg", 160,
    )  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_an_output_with_a_url_is_at_that_url(s3, valkey, short_clip):
    acme = _client("acme")
    upload(acme.account, short_clip)
    wanted = f"s3://outputs/{acme.account.slug}/exact/place.mp4"
    document = wish(acme, output_files={"out_1": wanted}, ffmpeg_command="-t 1 -i {{in_1}} -c copy {{out_1}}")
    job = drive(Job.objects.get(id=post(acme, document).json()["command_id"]))
    [output] = get(acme, job.id).json()["output_files"].values()
    assert output["storage_url"] == stores.public_url(wanted)
    assert output["filename"] == "place.mp4"
    assert stores.storages().for_url(wanted).stat(wanted).size_bytes == Output.objects.get(job=job).size_bytes


@pytest.mark.django_db(transaction=True)
def test_the_pictures_of_a_sequence_are_one_output(s3, valkey, short_clip):
    acme = _client("acme")
    upload(acme.account, short_clip)
    document = wish(
        acme,
        output_files={"out_1": "still_%02d.png"},
        ffmpeg_command="-t 3 -i {{in_1}} -vf fps=1,scale=64:-2 {{out_1}}",
    )
    job = drive(Job.objects.get(id=post(acme, document).json()["command_id"]))
    [output] = get(acme, job.id).json()["output_files"].values()
    assert output["storage_url"].endswith("/0/still_01.png")


@pytest.mark.django_db(transaction=True)
def test_several_commands_run_one_after_the_other(s3, valkey, short_clip):
    acme = _client("acme")
    upload(acme.account, short_clip)
    passes = "-t 1 -i {{in_1}} -c:v libx264 -preset ultrafast -b:v 200k -an"
    document = wish(
        acme, ffmpeg_commands=[f"-y {passes} -pass 1 -f null /dev/null", f"{passes} -pass 2 {{{{out_1}}}}"]
    )
    del document["ffmpeg_command"]
    job = drive(Job.objects.get(id=post(acme, document).json()["command_id"]))
    answer = get(acme, job.id).json()
    assert (answer["status"], list(answer["output_files"])) == ("SUCCESS", ["out_1"])
    assert Attempt.objects.get(job=job, step__kind=StepKind.RENDITION).argv.count("&&") == 1


def test_the_paths_of_that_api_itself_take_the_same_requests(acme):
    chained = wish(acme, ffmpeg_commands=["-i {{in_1}} {{out_1}}"])
    del chained["ffmpeg_command"]
    for path, document in (("run-ffmpeg-command", wish(acme)), ("run-chained-ffmpeg-commands", chained)):
        response = _request("post", acme, path, document)
        assert response.status_code == 200
        assert get(acme, response.json()["command_id"]).json()["status"] == "PENDING"
    assert _request("post", acme, "run-ffmpeg-command", {}).json() == {
        "detail": "/output_files: This field is required."
    }


@pytest.mark.django_db(transaction=True)
def test_a_command_that_fails_says_why(s3, valkey, short_clip):
    acme = _client("acme")
    document = wish(acme)  # its source was never uploaded
    job = drive(Job.objects.get(id=post(acme, document).json()["command_id"]))
    answer = get(acme, job.id).json()
    assert (answer["status"], answer["error_status"]) == ("FAILED", "OBJECT_NOT_FOUND")
    assert answer["error_message"] == job.fault_message != ""
    assert answer["ffmpeg_command_run_seconds"] is None
    assert answer["output_files"] == {}


def test_a_command_that_is_worked_on_is_processing(acme):
    id = post(acme, wish(acme)).json()["command_id"]
    for state in (JobState.INGESTING, JobState.PLANNING, JobState.RUNNING, JobState.ASSEMBLING):
        Job.objects.filter(id=id).update(state=state)
        assert get(acme, id).json()["status"] == "PROCESSING"


def test_its_own_limit_of_time_is_the_jobs_timeout(acme, settings):
    seconds = {}
    for asked in (1, 300, 10**9, None):
        id = post(acme, wish(acme, max_command_run_seconds=asked)).json()["command_id"]
        seconds[asked] = Job.objects.get(id=id).timeout_seconds
    assert seconds == {
        1: 1,
        300: 300,
        10**9: 60 * settings.MAX_TIMEOUT_MINUTES,
        None: 60 * settings.TASK_TIMEOUT_MINUTES,
    }


def test_braces_with_backslashes_are_braces(acme):
    """As automation platforms write them, whose own templates have braces."""
    document = wish(acme, ffmpeg_command=r"-i \{\{in_1\}\} \{\{out_1\}\}")
    assert post(acme, document).status_code == 200


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"output_files": "a.mp4"}, '/output_files: Give an object of names, {"in_1": "..."}, or a list.'),
        (
            {"ffmpeg_commands": ["-i {{in_1}} {{out_1}}"]},
            "/ffmpeg_command: Give it, or ffmpeg_commands, one of them.",
        ),
        (
            {"ffmpeg_command": "-i {{in_2}} {{out_1}}"},
            "/ffmpeg_command: There is no input 'in_2'. The job's inputs are: in_1.",
        ),
        (
            {"ffmpeg_command": "-i {{in_1}} {{out_9}}"},
            "/ffmpeg_command: There is no output 'out_9'. The job's outputs are: out_1.",
        ),
        (
            {"input_files": {"in_1": "s3://sources/rival/secret.mp4"}},
            "/input_files/in_1: The URL is outside the places that account '{slug}' may read.",
        ),
        (
            {"output_files": {"out_1": "https://host.example/a.mp4"}},
            "/output_files/out_1: A destination is a place that can be written to: s3:// or file://.",
        ),
        (
            {"output_files": {"out_1": "s3://outputs/rival/a.mp4"}},
            "/output_files/out_1: The URL is outside the places that account '{slug}' may write to.",
        ),
        ({"webhook": "ftp://host/"}, "/webhook: Messages go to https:// URLs and mailto: addresses."),
        ({"max_command_run_seconds": "300"}, "/max_command_run_seconds: This must be a whole number."),
    ],
)
def test_what_is_refused_is_told_in_that_apis_words(acme, changes, detail):
    response = post(acme, wish(acme, **changes))
    assert response.status_code == 400
    assert response["Content-Type"] == "application/json"
    assert response.json() == {"detail": detail.replace("{slug}", acme.account.slug)}
    assert not Job.objects.exists()


def test_both_headers_are_a_way_in_and_no_header_is_none(acme):
    assert post(acme, wish(acme), **{"X-API-KEY": acme.secret}).status_code == 200
    assert post(acme, wish(acme), Authorization=f"Bearer {acme.secret}").status_code == 200
    for headers in (
        {"X-Nothing": "1"},
        {"X-API-KEY": "rc_wrong"},
        # The one that is meant for this is what counts.
        {"X-API-KEY": "rc_wrong", "Authorization": f"Bearer {acme.secret}"},
    ):
        response = post(acme, wish(acme), **headers)
        assert (response.status_code, list(response.json())) == (401, ["detail"])
    assert Job.objects.count() == 2


def test_a_key_that_may_only_read_submits_nothing(acme):
    acme.secret = make_key(acme.account, "jobs:read")
    assert post(acme, wish(acme)).status_code == 403


def test_other_peoples_commands_and_other_kinds_of_job_are_not_there(acme, rival):
    command = post(acme, wish(acme)).json()["command_id"]
    document = {"command": f"ffmpeg -i {acme.source()} out.mp4"}
    headers = {"Authorization": f"Bearer {acme.secret}"}
    task = _request("post", acme, "tasks", document, **headers).json()["task_id"]
    job = acme.post("jobs", acme.request()).json()["id"]
    for client, id in ((rival, command), (acme, task), (acme, job), (acme, uuid4()), (acme, "no-id")):
        response = get(client, id)
        assert (response.status_code, response.json()) == (404, {"detail": "Not found."})
    # The product's own API has them all.
    assert acme.get(f"jobs/{command}").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_the_webhook_is_told_once_at_the_end(s3, valkey, short_clip):
    acme = _client("acme")
    upload(acme.account, short_clip)
    document = wish(
        acme, ffmpeg_command="-t 1 -i {{in_1}} -c copy {{out_1}}", webhook="https://a.example/hook"
    )
    job = drive(Job.objects.get(id=post(acme, document).json()["command_id"]))
    assert Endpoint.objects.get().shape == "commands"
    event = Delivery.objects.select_related("event").get().event
    message = Message(str(event.id), event.type, event.sequence, event.created_at, event.payload)
    output = Output.objects.get(job=job)
    assert json.loads(body("commands", message)) == {
        "command_id": str(job.id),
        "status": "SUCCESS",
        "output_files": {
            "out_1": {
                "storage_url": stores.public_url(output.url),
                "size_mbytes": output.size_bytes / 1048576,
                "duration": output.duration_seconds,
                "mime_type": "video/mp4",
            }
        },
        "error_status": None,
        "error_message": None,
    }
