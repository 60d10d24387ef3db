"""`manage.py submit`: the API's checks and service, from a terminal."""

import time
from concurrent.futures import ThreadPoolExecutor
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from audit.models import AuditEvent
from jobs import stores
from jobs.models import Job, Preset
from jobs.states import JobState
from tests.factories import SMALL_LADDER, drive, make_account, upload

pytestmark = pytest.mark.django_db(transaction=True)

REFUSED = """\
The command is refused.

ffmpeg -i s3://sources/acme/a.mp4 -frobnicate 7 -vf movie=/etc/passwd out.mp4
                                  ^^^^^^^^^^^
The option -frobnicate is not known.

ffmpeg -i s3://sources/acme/a.mp4 -frobnicate 7 -vf movie=/etc/passwd out.mp4
                                                    ^^^^^
The filter movie opens a file by itself; give the file as a further input."""


@pytest.fixture
def acme(s3, valkey):
    Preset.objects.get_or_create(
        name="tiny", version=1, defaults={"title": "Tiny", "ladder": SMALL_LADDER.to_json()}
    )
    return make_account("acme")


def submit(account, source: str, *options: str) -> list[str]:
    """The command's lines on standard output."""
    out = StringIO()
    call_command(
        "submit",
        source,
        "--account",
        account.slug,
        "--preset",
        "tiny",
        *options,
        stdout=out,
        stderr=StringIO(),
    )
    return out.getvalue().splitlines()


def submit_and_wait(account, source: str) -> list[str]:
    """`submit --wait` on a thread of its own, while this one works the job off, as a fleet would.

    Not the other way round: the broker's connections belong to the thread that sends, and would outlive it.
    """

    def wait() -> list[str]:
        try:
            return submit(account, source, "--wait")
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait)
        deadline = time.monotonic() + 30
        while not Job.objects.exists() and not waiting.done() and time.monotonic() < deadline:
            time.sleep(0.02)
        drive(Job.objects.get())
        return waiting.result(timeout=30)


def test_it_prints_the_id_of_a_job_like_any_other(acme):
    [line] = submit(acme, f"s3://sources/{acme.slug}/a.mp4")
    job = Job.objects.get(id=line)
    assert (job.state, job.preset.name, job.destination) == (
        JobState.QUEUED, "tiny", f"s3://outputs/{acme.slug}/",
    )  # fmt: skip
    assert AuditEvent.objects.filter(job_id=job.id, actor="command:submit").exists()


def test_waiting_ends_with_the_manifests_url(acme, short_clip):
    lines = submit_and_wait(acme, upload(acme, short_clip))
    job = Job.objects.get()
    assert lines == [str(job.id), stores.public_url(job.manifest.url)]


def test_waiting_for_a_job_that_fails_ends_with_its_fault_in_words(acme):
    source = upload(acme, b"<!doctype html>sorry", "page.mp4")
    with pytest.raises(CommandError) as error:
        submit_and_wait(acme, source)
    assert "The job ended as failed." in str(error.value)
    assert "The source is not a media file. (source_not_media)" in str(error.value)
    assert error.value.returncode == 1


@pytest.mark.parametrize(
    ("source", "options", "words"),
    [
        ("ftp://host/a.mp4", [], "/source/url: "),
        ("s3://sources/globex/a.mp4", [], "/source/url: The URL is outside"),
        ("/etc/passwd", [], "/source/url: The URL is outside"),
        ("https://example.com/a.mp4", ["--destination", "s3://elsewhere/"], "/destination: "),
        ("https://example.com/a.mp4", ["--preset", "huge"], "/preset: Unknown; known are: "),
        ("https://example.com/a.mp4", ["--account", "nobody"], "--account: there is no 'nobody'"),
    ],
)
def test_bad_input_is_refused_with_its_place(acme, source, options, words):
    with pytest.raises(CommandError, match=words.replace("/", "/")):
        submit(acme, source, *options)
    assert not Job.objects.exists()


def submit_command(account, command: str, *options: str) -> list[str]:
    out = StringIO()
    call_command(
        "submit", "--account", account.slug, "--command", command, *options, stdout=out, stderr=StringIO()
    )
    return out.getvalue().splitlines()


def test_a_command_becomes_a_command_job(acme):
    [line] = submit_command(acme, f"ffmpeg -i s3://sources/{acme.slug}/a.mp4 -c copy out.mp4")
    job = Job.objects.get(id=line)
    assert job.command["command"] == f"ffmpeg -i s3://sources/{acme.slug}/a.mp4 -c copy out.mp4"
    assert (job.ladder, job.preset, job.interface) == (None, None, "")


def test_waiting_for_a_command_ends_with_the_urls_of_its_outputs(acme, short_clip):
    source, place = upload(acme, short_clip), f"s3://outputs/{acme.slug}/exact/b.m4a"
    command = f"ffmpeg -t 1 -i {source} -c copy z.mp4 -vn -c:a copy {place}"

    def wait() -> list[str]:
        try:
            return submit_command(acme, command, "--wait")
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait)
        deadline = time.monotonic() + 30
        while not Job.objects.exists() and not waiting.done() and time.monotonic() < deadline:
            time.sleep(0.02)
        job = drive(Job.objects.get())
        lines = waiting.result(timeout=30)
    assert lines == [
        str(job.id),
        stores.public_url(f"s3://outputs/{acme.slug}/{job.id}/command/1/z.mp4"),
        stores.public_url(place),
    ]


def test_a_refused_command_shows_the_token_with_the_reason_and_what_to_do(acme):
    with pytest.raises(CommandError) as error:
        submit_command(acme, "ffmpeg -i s3://sources/acme/a.mp4 -frobnicate 7 -vf movie=/etc/passwd out.mp4")
    assert error.value.returncode == 1
    assert str(error.value) == REFUSED
    assert not Job.objects.exists()


def test_a_command_that_is_none_is_told_so_without_a_traceback(acme):
    for command in ("", "rm -rf /", "ffmpeg -i 'unclosed", "ffmpeg", "ffmpeg -i x\x00 y"):
        with pytest.raises(CommandError) as error:
            submit_command(acme, command)
        assert str(error.value)


def test_a_source_that_the_account_may_not_read_is_refused_as_the_api_does(acme):
    with pytest.raises(CommandError, match="/command: The URL is outside the places"):
        submit_command(acme, "ffmpeg -i s3://sources/globex/a.mp4 out.mp4")


@pytest.mark.parametrize("options", [["s3://sources/a.mp4"], ["--preset", "tiny"]])
def test_a_command_stands_alone(acme, options):
    with pytest.raises(CommandError, match="in itself"):
        submit_command(acme, "ffmpeg -i https://a.example/a.mp4 out.mp4", *options)


def test_without_a_source_and_without_a_command_there_is_nothing_to_do(acme):
    with pytest.raises(CommandError, match="Give a source, or a command"):
        call_command("submit", "--account", acme.slug)
