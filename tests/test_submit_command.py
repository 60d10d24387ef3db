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


def test_waiting_ends_with_the_manifests_url(acme, clip):
    lines = submit_and_wait(acme, upload(acme, clip))
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
