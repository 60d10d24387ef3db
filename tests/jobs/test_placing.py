"""A command's outputs at URLs of the customer's own: exactly there, whole, and told in the evidence."""

import hashlib

import pytest

from jobs import stores, submission
from jobs.api.requests import JobRequest
from jobs.models import Attempt, Job, Output
from jobs.states import JobState, OutputState, StepKind, StepState
from tests.factories import claim, drive, make_account, next_step, run_step, s3_client, stored, upload

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def acme(s3, valkey):
    return make_account("acme")


@pytest.fixture
def folder(settings, tmp_path, acme):
    """A folder of the account's on the disk, beside its place in S3."""
    (tmp_path / acme.slug).mkdir()
    settings.FILE_ROOTS = [str(tmp_path)]
    settings.DESTINATION_ROOTS = [*settings.DESTINATION_ROOTS, f"file://{tmp_path}/{{account}}/"]
    stores.storages.cache_clear()
    yield tmp_path / acme.slug
    stores.storages.cache_clear()


def check(account, **request) -> JobRequest:
    checked = JobRequest(data=request, context={"account": account})
    checked.is_valid()
    return checked


def post(account, **request) -> Job:
    checked = check(account, **request)
    assert not checked.errors
    return submission.submit(account, checked.validated_data, actor="test")


def read(key: str) -> bytes:
    return s3_client().get_object(Bucket="outputs", Key=key)["Body"].read()


def delivered(job: Job) -> list[dict[str, object]]:
    return Attempt.objects.get(job=job, step__kind=StepKind.MANIFEST, state="succeeded").evidence["delivered"]


def test_a_file_lies_at_exactly_the_url_that_was_given(acme, short_clip):
    wanted = f"s3://outputs/{acme.slug}/exact/name.mp4"
    url = upload(acme, short_clip)
    job = drive(
        post(
            acme,
            inputs={"in_1": url},
            outputs={"out_1": wanted},
            command="-t 1 -i {{in_1}} -c copy {{out_1}}",
        )
    )
    output = Output.objects.get(job=job)
    content = read(f"{acme.slug}/exact/name.mp4")
    assert job.state == JobState.SUCCEEDED
    assert hashlib.sha256(content).hexdigest() == output.sha256
    assert s3_client().head_object(Bucket="outputs", Key=f"{acme.slug}/exact/name.mp4")["ContentType"] == (
        "video/mp4"
    )
    # A copy: what is committed lies where every output does, and no row names the copy.
    assert output.url == f"s3://outputs/{acme.slug}/{job.id}/command/1/name.mp4"
    assert delivered(job) == [{"url": wanted, "sha256": output.sha256, "size_bytes": output.size_bytes}]


def test_the_jobs_answer_shows_where_it_was_delivered(acme, short_clip):
    from tests.api.conftest import Client
    from tests.factories import make_key

    wanted = f"s3://outputs/{acme.slug}/exact/name.mp4"
    job = post(acme, command=f"ffmpeg -t 1 -i {upload(acme, short_clip)} -c copy {wanted}")
    client = Client(acme, make_key(acme))
    assert client.get(f"jobs/{job.id}").json()["delivered"] == []
    drive(job)
    assert client.get(f"jobs/{job.id}").json()["delivered"] == delivered(job)


def test_what_was_there_before_is_replaced(acme, short_clip):
    s3_client().put_object(Bucket="outputs", Key=f"{acme.slug}/name.mp4", Body=b"yesterday's")
    wanted = f"s3://outputs/{acme.slug}/name.mp4"
    job = drive(post(acme, command=f"ffmpeg -t 1 -i {upload(acme, short_clip)} -c copy {wanted}"))
    assert hashlib.sha256(read(f"{acme.slug}/name.mp4")).hexdigest() == Output.objects.get(job=job).sha256


def test_what_was_there_before_stays_when_the_command_fails(acme, short_clip):
    s3_client().put_object(Bucket="outputs", Key=f"{acme.slug}/name.mp4", Body=b"yesterday's")
    command = f"ffmpeg -i {upload(acme, short_clip)} -vf crop=4000:4000 s3://outputs/{acme.slug}/name.mp4"
    assert drive(post(acme, command=command)).state == JobState.FAILED
    assert read(f"{acme.slug}/name.mp4") == b"yesterday's"


def test_the_parts_of_a_playlist_lie_beside_it(acme, short_clip):
    command = (
        f"ffmpeg -t 2 -i {upload(acme, short_clip)} -c:v libx264 -preset ultrafast -g 25 -c:a aac -f hls -hls_time 1"
        f" -hls_playlist_type vod s3://outputs/{acme.slug}/live/stream.m3u8"
    )
    job = drive(post(acme, command=command))
    playlist = read(f"{acme.slug}/live/stream.m3u8").decode()
    parts = [line for line in playlist.splitlines() if line and not line.startswith("#")]
    assert parts == ["segment_00000.ts", "segment_00001.ts"]
    assert all(read(f"{acme.slug}/live/{part}") for part in parts)
    [told] = delivered(job)
    assert (told["url"], told["files"]) == (f"s3://outputs/{acme.slug}/live/stream.m3u8", 3)


def test_from_one_kind_of_storage_to_another(acme, short_clip, folder):
    wanted = f"file://{folder}/film.mp4"
    job = drive(post(acme, command=f"ffmpeg -t 1 -i {upload(acme, short_clip)} -c copy {wanted}"))
    assert job.state == JobState.SUCCEEDED
    content = (folder / "film.mp4").read_bytes()
    assert hashlib.sha256(content).hexdigest() == Output.objects.get(job=job).sha256
    assert [path.name for path in folder.iterdir()] == ["film.mp4"]


def test_within_the_file_storage(acme, short_clip, folder):
    job = drive(
        post(
            acme,
            command=f"ffmpeg -t 1 -i {upload(acme, short_clip)} -c copy file://{folder}/a/film.mp4",
            destination=f"file://{folder}/",
        )
    )
    assert job.state == JobState.SUCCEEDED
    assert (folder / "a" / "film.mp4").read_bytes() == (
        folder / str(job.id) / "command/1/film.mp4"
    ).read_bytes()


def test_a_join_that_runs_twice_leaves_what_one_leaves(acme, short_clip):
    """The worker died between the copy and the commit: the next attempt does all of it again."""
    from jobs import assembly, attempts

    wanted = f"s3://outputs/{acme.slug}/name.mp4"
    job = post(acme, command=f"ffmpeg -t 1 -i {upload(acme, short_clip)} -c copy {wanted}")
    drive(job, until=StepKind.MANIFEST)
    step = next_step(job, StepKind.MANIFEST)
    held = claim(step)
    lost = attempts.Running(held, workspace=None)
    from jobs import placing

    placing.place(lost, Job.objects.get(id=job.id))
    first = read(f"{acme.slug}/name.mp4")
    type(step).objects.filter(id=step.id).update(state=StepState.READY)
    again = claim(step)
    attempts.perform(again, assembly.work)
    assert Job.objects.get(id=job.id).state == JobState.SUCCEEDED
    assert read(f"{acme.slug}/name.mp4") == first
    assert delivered(job)[0]["url"] == wanted


def test_an_attempt_that_lost_its_lease_copies_nothing(acme, short_clip):
    from jobs import attempts, placing
    from jobs.leases import LeaseLost

    wanted = f"s3://outputs/{acme.slug}/name.mp4"
    job = post(acme, command=f"ffmpeg -t 1 -i {upload(acme, short_clip)} -c copy {wanted}")
    drive(job, until=StepKind.MANIFEST)
    running = attempts.Running(claim(next_step(job)), workspace=None)
    running.lose()
    with pytest.raises(LeaseLost):
        placing.place(running, Job.objects.get(id=job.id))
    assert set(stored(acme)) == {f"{job.id}/command/1/name.mp4"}


def test_a_place_that_cannot_be_written_fails_the_job_and_keeps_the_files(acme, short_clip, folder):
    (folder / "film.mp4").mkdir()  # a folder where the file shall be
    wanted = f"file://{folder}/film.mp4"
    job = post(acme, command=f"ffmpeg -t 1 -i {upload(acme, short_clip)} -c copy {wanted}")
    drive(job)
    assert (job.state, job.fault_code) == (JobState.FAILED, "url_refused")
    assert Output.objects.get(job=job).state == OutputState.COMMITTED


def test_what_a_second_place_breaks_the_first_ones_evidence_stays(acme, short_clip, folder):
    (folder / "b.mp4").mkdir()
    first = f"s3://outputs/{acme.slug}/a.mp4"
    job = post(
        acme,
        command=f"ffmpeg -t 1 -i {upload(acme, short_clip)} -c copy {first} -c copy file://{folder}/b.mp4",
    )
    drive(job, until=StepKind.MANIFEST)
    run_step(next_step(job))
    attempt = Attempt.objects.get(job=job, step__kind=StepKind.MANIFEST)
    assert attempt.state == "failed"
    assert [told["url"] for told in attempt.evidence["delivered"]] == [first]


@pytest.mark.parametrize(
    ("outputs", "pointer", "code"),
    [
        ({"out_1": "https://host.example/a.mp4"}, "/outputs/out_1", "url_refused"),
        ({"out_1": "s3://outputs/rival/a.mp4"}, "/outputs/out_1", "url_refused"),
        ({"out_1": "s3://outputs/{slug}/../rival/a.mp4"}, "/outputs/out_1", "url_refused"),
        ({"out_1": "s3://outputs/{slug}//a.mp4"}, "/outputs/out_1", "url_refused"),
        ({"out_1": "s3://outputs/{slug}/%2e%2e/a.mp4"}, "/outputs/out_1", "url_refused"),
        ({"out_1": "file:///etc/cron.d/a.mp4"}, "/outputs/out_1", "url_refused"),
        (["s3://outputs/rival/a.mp4"], "/outputs/0", "url_refused"),
    ],
)
def test_a_place_outside_the_accounts_roots_is_refused_at_the_door(acme, outputs, pointer, code):
    items = outputs.items() if isinstance(outputs, dict) else None
    outputs = {name: url.replace("{slug}", acme.slug) for name, url in items} if items else outputs
    checked = check(
        acme, inputs=["https://a.example/b.mp4"], outputs=outputs, command="-i {{in_1}} {{out_1}}"
    )
    assert list(checked.errors) == [pointer]
    assert [error.code for error in checked.errors[pointer]] == [code]


def test_a_place_that_the_command_itself_names_is_checked_as_well(acme):
    url = "s3://outputs/rival/a.mp4"
    text = check(acme, command=f"ffmpeg -i https://a.example/b.mp4 {url}")
    words = check(acme, arguments=["-i", "https://a.example/b.mp4", url])
    assert (list(text.errors), list(words.errors)) == (["/command"], ["/arguments"])


def test_two_outputs_that_end_with_one_name_are_refused(acme):
    one, other = (f"s3://outputs/{acme.slug}/{part}/same.mp4" for part in "ab")
    checked = check(
        acme,
        outputs={"out_1": one, "out_2": other},
        command="ffmpeg -i https://a.example/b.mp4 {{out_1}} {{out_2}}",
    )
    assert list(checked.errors) == ["/outputs/out_2"]
    # Also one with a place, and one without.
    checked = check(acme, command=f"ffmpeg -i https://a.example/b.mp4 {one} same.mp4")
    assert list(checked.errors) == ["/command"]
