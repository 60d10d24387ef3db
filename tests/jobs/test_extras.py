"""Posters, sheets, clips and waves: renditions of their own beside the ladder, which does not wait for them."""

from dataclasses import replace

import pytest

from adapters.ffmpeg.probe import parse_probe
from jobs.models import Attempt, Output, Rendition
from jobs.planner.specs import Extra
from jobs.states import JobState
from tests.factories import SMALL_LADDER, drive, make_job, s3_client, upload

pytestmark = pytest.mark.django_db(transaction=True)

EXTRAS = (
    Extra("poster", "poster", at_seconds=2.0, format="jpeg", height=180),
    Extra("sheet", "sprite_sheet", interval_seconds=1.0, height=90),
    Extra("preview", "preview_clip", duration_seconds=1.0, height=120),
    Extra("moving", "animated_preview", duration_seconds=1.0, format="webp", height=120),
    Extra("wave", "waveform"),
)


@pytest.fixture
def job(acme, clip):
    return drive(make_job(acme, upload(acme, clip), replace(SMALL_LADDER, extras=EXTRAS)))


def test_each_extra_is_a_rendition_with_an_attempt_and_files_of_its_own(job):
    assert job.state == JobState.SUCCEEDED
    files = Output.objects.filter(job=job, rendition__kind="extra").values_list("path", flat=True)
    assert {path.rpartition("/")[2] for path in files} == {
        "poster.jpg",
        "sheet.jpg",
        "sheet.vtt",
        "preview.mp4",
        "moving.webp",
        "wave.png",
    }
    assert Attempt.objects.filter(job=job, rendition__kind="extra", exit_code=0).count() == len(EXTRAS)


def test_pictures_have_the_size_that_was_asked_for(job):
    poster = Output.objects.get(job=job, path="poster/1/poster.jpg")
    picture = parse_probe(poster.probe).video[0]
    assert (picture.width, picture.height, poster.content_type) == (320, 180, "image/jpeg")


def test_the_cues_of_a_sprite_sheet_name_a_tile_for_every_second(job):
    cues = Output.objects.get(job=job, path="sheet/1/sheet.vtt")
    key = cues.url.removeprefix("s3://outputs/")
    text = s3_client().get_object(Bucket="outputs", Key=key)["Body"].read().decode()
    assert text.startswith("WEBVTT\n")
    assert "00:00:01.000 --> 00:00:02.000\nsheet.jpg#xywh=160,0,160,90\n" in text


def test_a_failed_extra_leaves_the_ladder_alone(acme, clip, monkeypatch):
    from jobs import extras

    monkeypatch.setattr(extras, "build_extra_argv", lambda *_, ffmpeg, **__: (str(ffmpeg), "-bad"))
    job = drive(make_job(acme, upload(acme, clip), replace(SMALL_LADDER, extras=EXTRAS[:1])))
    assert job.state == JobState.PARTIAL
    assert job.manifest is not None
    assert Rendition.objects.get(job=job, key="poster").state != "succeeded"
