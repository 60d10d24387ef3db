"""An attempt's page: the command as it ran, and what FFmpeg said, whole and harmless."""

import shlex

import pytest

from audit.recorder import record_identity, record_stderr
from jobs.console import stderr
from jobs.console.attempts import command
from jobs.models import Attempt
from tests.factories import claim, make_job, next_step

pytestmark = pytest.mark.django_db

HOSTILE = (
    b"[mov @ 0x55aa] [warning] Packet corrupt (stream = 0)\n"
    b"    title           : </pre><script>alert(1)</script> [fatal] No space left on device\n"
    b"    comment         : \x1b]0;owned\x07 \xe2\x80\xaeevil\xff\n"
    b"[h264 @ 0x55bb] [error] Invalid NAL unit size\n"
)


@pytest.fixture
def attempt(acme):
    """An attempt with a command and a stderr, as a rendition's would have them."""
    held = claim(next_step(make_job(acme, "s3://sources/a.mp4")))
    Attempt.objects.filter(id=held.attempt_id).update(
        argv=["/opt/ffmpeg", "-y", "-i", "file:/w/my clip.bin", "-vf", "scale=2:2,setsar=1", "it's.mp4"],
        stderr=record_stderr(HOSTILE),
        exit_code=187,
        wall_seconds=2.0,
        cpu_seconds=3.0,
        peak_rss_bytes=123_456_789,
        fault_code="encoder_failed",
        fault_message="Something went wrong on our side.",
    )
    return Attempt.objects.get(id=held.attempt_id)


def page_of(attempt: Attempt) -> str:
    return f"jobs/attempt/{attempt.id}/change/"


def test_the_page_shows_the_evidence(attempt, operator, text_of):
    seen = text_of(operator.get(page_of(attempt)))
    for words in ("tester", "files", "2.00 s", "3.00 s (1.50 cores)", "123 MB", "187", "encoder_failed"):
        assert words in seen, words
    assert attempt.stderr.sha256 in seen


def test_the_command_can_be_pasted_into_a_shell(attempt):
    text = command(attempt.argv)
    assert shlex.split(text.replace("\\\n", "")) == attempt.argv
    assert text.splitlines()[0] == "/opt/ffmpeg \\"


def test_stderr_that_quotes_a_hostile_file_is_text(attempt, operator):
    html = operator.get(page_of(attempt))
    assert "<script>alert(1)" not in html
    assert "&lt;/pre&gt;&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "\x1b" not in html
    assert "\u202e" not in html
    assert "\N{SYMBOL FOR ESCAPE}]0;owned" in html


def test_lines_are_marked_by_ffmpegs_own_level_and_not_by_a_tags_words(attempt, operator):
    html = operator.get(page_of(attempt))
    assert 'id="line-1" class="rc-warning"' in html
    assert 'id="line-2">' in html
    assert 'id="line-4" class="rc-error"' in html
    assert 'href="#line-4">1 error</a>' in html


def test_the_download_is_the_bytes_themselves_as_plain_text(attempt, operator):
    response = operator.client.get(f"/admin/jobs/attempt/{attempt.id}/stderr.txt")
    assert response.content == HOSTILE
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Disposition"] == f'attachment; filename="{attempt.job_id}-ingest-1.stderr.txt"'


def test_a_very_long_stderr_is_cut_on_the_page_and_whole_in_the_download(attempt, operator):
    long = b"".join(b"[info] line %d\n" % number for number in range(150_000))
    Attempt.objects.filter(id=attempt.id).update(stderr=record_stderr(long))
    html = operator.get(page_of(attempt))
    assert "bytes are left out here" in html
    assert "[info] line 149999" in html
    assert len(html) < 20 * stderr.END_BYTES
    assert operator.client.get(f"/admin/jobs/attempt/{attempt.id}/stderr.txt").content == long


def test_an_attempt_that_ran_no_ffmpeg_says_so(acme, operator):
    held = claim(next_step(make_job(acme, "s3://sources/a.mp4")))
    assert "FFmpeg was not started by this attempt." in operator.get(
        f"jobs/attempt/{held.attempt_id}/change/"
    )
    operator.get(f"jobs/attempt/{held.attempt_id}/stderr.txt", status=404)


def test_evidence_that_was_tampered_with_is_told_and_not_shown(attempt, operator):
    type(attempt.stderr).objects.filter(pk=attempt.stderr.pk).update(sha256="00" * 32)
    html = operator.get(page_of(attempt))
    assert "does not match its SHA-256" in html
    assert "Invalid NAL" not in html


def test_attempts_are_found_by_job_worker_and_fault(attempt, operator):
    for term in (str(attempt.job_id), str(attempt.id), "tester", "encoder_failed"):
        assert str(attempt.id) in operator.get("jobs/attempt/", q=term), term
    assert str(attempt.id) not in operator.get("jobs/attempt/", q="disk_full")
    assert str(attempt.id) in operator.get("jobs/attempt/", state="running", queue="files", created="1h")
    assert str(attempt.id) not in operator.get("jobs/attempt/", bucket="transient")


def test_an_encoders_page_shows_its_build_and_how_much_ran_with_it(attempt, operator, text_of, ffmpeg):
    from adapters.ffmpeg.identity import identify

    row = record_identity(identify(ffmpeg))
    Attempt.objects.filter(id=attempt.id).update(encoder_identity=row)
    seen = text_of(operator.get(f"audit/encoderidentity/{row.pk}/change/"))
    for words in (row.sha256, row.revision, "libavcodec", "--enable-gpl", "Attempts with it 1"):
        assert words in seen, words
    assert row.sha256 in operator.get(page_of(attempt))
