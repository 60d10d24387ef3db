"""Bad input is the normal case: each has a fault of its own, and leaves nothing behind."""

import pytest

from jobs.models import Output, Step
from jobs.states import JobState, StepState
from tests.factories import drive, make_job, stored, upload

pytestmark = pytest.mark.django_db(transaction=True)

HTML = b"<!DOCTYPE html>\n<html><body>Sign in to continue</body></html>"


def _job_of(acme, content: bytes, name: str = "clip.mp4"):
    return drive(make_job(acme, upload(acme, content, name)))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(b"", "source_empty", id="empty"),
        pytest.param(HTML, "source_not_media", id="a web page"),
        pytest.param(b"\xef\xbb\xbf \n" + HTML, "source_not_media", id="a web page with a byte order mark"),
        pytest.param(bytes(range(256)) * 64, "source_unreadable", id="noise"),
    ],
)
def test_what_is_no_media_fails_at_once_and_says_so(acme, content, code):
    job = _job_of(acme, content)
    assert (job.state, job.fault_code, job.fault_bucket) == (JobState.FAILED, code, "failed_input")
    assert job.fault_message.endswith(".")


def test_a_missing_source_is_not_found_and_never_retried(acme):
    job = drive(make_job(acme, f"s3://sources/{acme.slug}/nothing.mp4"))
    assert (job.state, job.fault_bucket) == (JobState.FAILED, "not_found")
    assert job.attempts.count() == 1


def test_a_file_cut_off_before_its_index_is_unreadable(acme, clip):
    job = _job_of(acme, clip.read_bytes()[:200_000])
    assert (job.state, job.fault_bucket) == (JobState.FAILED, "failed_input")


def test_a_truncated_faststart_file_is_caught_although_ffmpeg_exits_with_0(acme, shared_media):
    job = drive(make_job(acme, upload(acme, shared_media / "bbb_truncated_faststart.mp4")))
    assert (job.state, job.fault_code) == (JobState.FAILED, "source_truncated")
    assert Output.objects.filter(job=job, state="committed").count() == 0


def test_a_failed_job_leaves_no_step_behind_and_no_object(acme):
    job = _job_of(acme, b"")
    states = set(Step.objects.filter(job=job).values_list("state", flat=True))
    assert states <= {StepState.FAILED, StepState.CANCELLED}
    assert stored(acme) == {}


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("bear.mp3", {}),
        ("bbb_2ch_44kHz.wav", {}),
        ("bikes_640x272_10s.mp4", {"180p": (424, 180), "120p": (282, 120)}),
        ("phone_vertical_hlg10_rot90_vfr.mp4", {"180p": (180, 320), "120p": (120, 214)}),
        ("bbb_odd_853x479.mp4", {"180p": (320, 180), "120p": (214, 120)}),
    ],
)
def test_audio_only_silent_rotated_and_odd_sources_become_ladders(acme, shared_media, name, sizes):
    job = drive(make_job(acme, upload(acme, shared_media / name, name)))
    assert job.state == JobState.SUCCEEDED, (job.fault_code, job.fault_detail)
    planned = {r.key: r.spec["encode"]["video"] for r in job.renditions.all()}
    assert {key: (v["width"], v["height"]) for key, v in planned.items() if v} == sizes
