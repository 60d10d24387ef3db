"""The workers: what each serves, and what its GPU has shown."""

import pytest

from jobs.models import Worker

NO = "\N{EN DASH}"
pytestmark = pytest.mark.django_db


@pytest.fixture
def on_gpu():
    return Worker.objects.create(
        name="gpu@tester",
        queues=["transcode-gpu"],
        slots=1,
        proven_encoders=["h264_nvenc"],
        unproven={"av1_nvenc": "No capable devices found", "h264_vaapi": "No VA display found <b>"},
        proven_at="2001-01-02T03:04:05Z",
    )


def test_the_list_shows_which_gpu_encoders_a_worker_has_proven(on_gpu, operator, text_of):
    Worker.objects.create(name="cpu@tester", queues=["transcode-cpu"], slots=2)
    Worker.objects.create(name="dud@tester", queues=["transcode-gpu"], slots=1)
    seen = text_of(operator.get("jobs/worker/"))
    assert f"gpu@tester live transcode-gpu 1 {NO} h264_nvenc" in seen
    assert f"dud@tester live transcode-gpu 1 {NO} none works" in seen
    assert f"cpu@tester live transcode-cpu 2 {NO} {NO}" in seen


def test_the_page_of_a_worker_says_why_an_encoder_does_not_work(on_gpu, operator, text_of):
    html = operator.get("jobs/worker/gpu_40tester/change/")
    assert "No VA display found &lt;b&gt;" in html
    seen = text_of(html)
    assert "h264_nvenc Encodes. av1_nvenc No capable devices found" in seen
    assert "GPU proven (UTC) 02 Jan 2001 03:04" in seen
