"""Rungs of every kind as whole jobs: boxed, encoded, verified, committed."""

import pytest

from adapters.ffmpeg.extras import FORMATS, KINDS
from adapters.ffmpeg.probe import parse_probe
from jobs.models import Attempt, Output
from jobs.planner.presets import SHIPPED
from jobs.planner.specs import AudioRung, Extra, Ladder, Rung
from jobs.states import JobState
from tests.factories import drive, make_job, upload

pytestmark = pytest.mark.django_db(transaction=True)


def outputs(job):
    """The committed renditions by name, each as ffprobe saw it."""
    rows = Output.objects.filter(job=job, kind=Output.Kind.RENDITION)
    return {row.path.rpartition("/")[2]: parse_probe(row.probe) for row in rows if row.probe}


def codecs(probe):
    return [stream.codec for stream in (*probe.video, *probe.audio)]


@pytest.mark.parametrize("encoder", ["libx264", "libx265", "libvpx-vp9"])
def test_two_passes_are_one_attempt(encoder, acme, clip):
    rung = Rung("120p", height=120, encoder=encoder, bitrate_kbps=100, passes=2)
    job = drive(make_job(acme, upload(acme, clip), Ladder("hls", (rung,), None)))
    assert job.state == JobState.SUCCEEDED
    (attempt,) = Attempt.objects.filter(job=job, rendition__isnull=False)
    assert attempt.argv.count("&&") == 1
    assert list(outputs(job)) == ["120p.mp4"]


def test_a_webm_job_leaves_one_file_with_both_streams(acme, clip):
    rung = Rung("120p", height=120, encoder="libvpx-vp9", crf=50)
    ladder = Ladder("webm", (rung,), AudioRung(encoder="libopus", channels=2))
    job = drive(make_job(acme, upload(acme, clip), ladder))
    assert job.state == JobState.SUCCEEDED
    assert {name: codecs(probe) for name, probe in outputs(job).items()} == {"120p.webm": ["vp9", "opus"]}
    assert set(Output.objects.filter(job=job).values_list("content_type", flat=True)) == {"video/webm"}


def test_loudness_and_every_shared_encoder_fit_into_one_ladder(acme, clip):
    rungs = tuple(
        Rung(encoder.partition("-")[0], height=120, encoder=encoder, crf=45)
        for encoder in ("libx264", "libx265", "libsvtav1")
    )
    job = drive(
        make_job(acme, upload(acme, clip), Ladder("hls", rungs, AudioRung(loudness_lufs=-23, channels=2)))
    )
    assert job.state == JobState.SUCCEEDED
    assert {name: codecs(probe) for name, probe in outputs(job).items()} == {
        "libx264.mp4": ["h264"],
        "libx265.mp4": ["hevc"],
        "libsvtav1.mp4": ["av1"],
        "audio.mp4": ["aac"],
    }


def test_the_web_preset_leaves_files_a_preview_and_a_thumbnail(acme, clip):
    (ladder,) = (preset.ladder for preset in SHIPPED if preset.name == "web-1080p-720p-preview")
    job = drive(make_job(acme, upload(acme, clip), ladder))
    assert job.state == JobState.SUCCEEDED
    names = {
        path.rpartition("/")[2] for path in Output.objects.filter(job=job).values_list("path", flat=True)
    }
    assert names == {"720p.mp4", "preview.mp4", "thumbnail.jpg"}


def test_a_source_that_fits_is_copied_and_the_job_says_why(acme, clip):
    (ladder,) = (preset.ladder for preset in SHIPPED if preset.name == "mp4")
    job = drive(make_job(acme, upload(acme, clip), ladder))
    assert job.state == JobState.SUCCEEDED
    assert "Rung '1080p' is a copy: the source is what it asks for already." in job.plan["notes"]
    (probe,) = outputs(job).values()
    assert (probe.video[0].width, probe.video[0].height, probe.audio[0].channels) == (1280, 720, 2)


def test_extras_of_every_kind_and_format_are_made(acme, clip):
    wished = tuple(
        Extra(f"{kind.replace('_', '-')}-{form}", kind, at_seconds=1, duration_seconds=1, format=form)
        for kind in KINDS
        for form in FORMATS[kind]
    )
    for some in (wished[:10], wished[10:]):
        ladder = Ladder("mp4", (Rung("copy", encoder="copy"),), None, extras=some)
        job = drive(make_job(acme, upload(acme, clip), ladder))
        assert job.state == JobState.SUCCEEDED
        paths = Output.objects.filter(job=job).values_list("path", flat=True)
        made = {path.rpartition("/")[2].partition(".")[0] for path in paths}
        assert made == {"copy", *(extra.name for extra in some)}
