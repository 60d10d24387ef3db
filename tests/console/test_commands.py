"""Jobs that are commands, in the console: what was posted, all its sources, and what became of it."""

import pytest

from jobs import submission
from jobs.api.requests import JobRequest
from jobs.models import Job
from tests.factories import drive, upload

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def job(acme, short_clip) -> Job:
    urls = [upload(acme, short_clip, name=name) for name in ("first.mp4", "second.mp4")]
    command = (
        f"ffmpeg -i {urls[0]} -i {urls[1]} -map 0:v -map 1:a -t 0.4 -metadata 'title=<b>' -c copy both.mp4"
    )
    checked = JobRequest(data={"command": command}, context={"account": acme})
    assert checked.is_valid(), checked.errors
    return drive(submission.submit(acme, checked.validated_data, actor="test"))


def test_the_page_shows_the_command_as_posted_and_every_source(job, operator):
    page = operator.get(f"jobs/job/{job.id}/change/")
    assert "Command, as posted" in page
    assert "-map 1:a -t 0.4 -metadata &#x27;title=&lt;b&gt;&#x27; -c copy both.mp4" in page
    assert "Further sources" in page
    assert "second.mp4" in page
    assert "h264, aac" in page


def test_the_list_tells_commands_from_ladders_and_finds_them(job, operator):
    page = operator.get("jobs/job/?preset=!")
    assert str(job.id)[-8:] in page and ">command<" in page
    assert str(job.id)[-8:] not in operator.get("jobs/job/?preset=-")
