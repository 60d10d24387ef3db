"""A manifest that grows: shown with the first rung that makes a film, and fuller with each that follows."""

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import m3u8
import pytest

from adapters.storage.base import Unavailable
from adapters.storage.s3 import S3Storage
from jobs import manifests, publication, stores
from jobs.models import Job, Output
from jobs.planner.plan import Plan
from jobs.planner.specs import Rung
from jobs.states import JobState, OutputState, RenditionState, StepKind
from tests.factories import (
    SMALL_LADDER,
    drive,
    make_job,
    next_step,
    run_step,
    s3_client,
    stored,
    upload,
)

pytestmark = pytest.mark.django_db(transaction=True)

GROWING = replace(SMALL_LADDER, packaging="hls+dash", publish="progressive")


def finish_rendition(job: Job, key: str) -> None:
    assert run_step(job.renditions.get(key=key).step) == "done"
    job.refresh_from_db()


def listed(job: Job) -> tuple[list[str], list[str]]:
    """The variants and the sound that the shown master lists."""
    assert job.manifest is not None
    key = job.manifest.url.removeprefix("s3://outputs/")
    body = s3_client().get_object(Bucket="outputs", Key=key)["Body"].read().decode()
    master = m3u8.loads(body)
    return [one.uri for one in master.playlists], [one.uri for one in master.media]


@pytest.fixture
def planned(acme, short_clip) -> Job:
    return drive(make_job(acme, upload(acme, short_clip), GROWING), until=StepKind.RENDITION)


def test_the_manifest_appears_with_the_first_film_and_grows(planned, acme, ffmpeg):
    job = planned
    finish_rendition(job, "180p")
    assert job.manifest is None, "its sound is still missing"
    finish_rendition(job, "audio")
    first = job.manifest
    assert (job.state, first.path) == (JobState.RUNNING, "manifest/audio-1.1/master.m3u8")
    assert listed(job) == (["180p.m3u8"], ["audio.m3u8"])
    finish_rendition(job, "120p")
    assert job.manifest.path == "manifest/120p-1.1/master.m3u8"
    assert listed(job) == (["180p.m3u8", "120p.m3u8"], ["audio.m3u8"])
    drive(job)
    assert (job.state, job.manifest.path) == (JobState.SUCCEEDED, "manifest/1/master.m3u8")
    # Each version is one that plays, and stays.
    for output in Output.objects.filter(job=job, kind="manifest"):
        assert output.state == OutputState.COMMITTED
        url = stores.public_url(output.url)
        argv = [ffmpeg, "-nostdin", "-v", "error", "-i", url, "-map", "0:v:0", "-t", "1", "-f", "null", "-"]
        assert subprocess.run(argv, capture_output=True, timeout=60).returncode == 0
    assert Output.objects.filter(job=job, kind="manifest").count() == 6


def test_two_that_end_at_once_are_both_shown(planned, monkeypatch):
    """The second to commit finds its version outdated, writes it again, and gives the first one up."""
    job = planned
    finish_rendition(job, "audio")
    grow, meanwhile = publication._grow, ["120p"]

    def slowly(running, *rest):
        growth = grow(running, *rest)
        if meanwhile and running.claim.key == "180p":
            finish_rendition(job, meanwhile.pop())
        return growth

    monkeypatch.setattr(publication, "_grow", slowly)
    finish_rendition(job, "180p")
    assert job.manifest.path == "manifest/180p-1.2/master.m3u8"
    assert listed(job) == (["180p.m3u8", "120p.m3u8"], ["audio.m3u8"])
    given_up = Output.objects.filter(job=job, path__startswith="manifest/180p-1.1/")
    assert set(given_up.values_list("state", flat=True)) == {OutputState.DISCARDED}


def test_a_storage_that_takes_no_manifest_costs_no_encode(planned, monkeypatch):
    job = planned
    finish_rendition(job, "audio")
    store = S3Storage.store

    def refuse(storage: S3Storage, file: Path, url: str, **rest: Any) -> None:
        if url.endswith("master.m3u8"):
            raise Unavailable("S3 answered 503.")
        store(storage, file, url, **rest)

    monkeypatch.setattr(S3Storage, "store", refuse)
    finish_rendition(job, "180p")
    assert job.manifest is None
    assert job.renditions.get(key="180p").state == RenditionState.SUCCEEDED
    texts = Output.objects.filter(job=job, path__startswith="manifest/")
    assert set(texts.values_list("state", flat=True)) == {OutputState.DISCARDED}
    monkeypatch.undo()
    finish_rendition(job, "120p")
    assert listed(job) == (["180p.m3u8", "120p.m3u8"], ["audio.m3u8"])


def test_segments_are_cut_where_the_file_was_made_and_grow_too(acme, clip):
    ladder = replace(GROWING, segments="separate")
    job = drive(make_job(acme, upload(acme, clip), ladder), until=StepKind.RENDITION)
    for key in ("audio", "180p", "120p"):
        finish_rendition(job, key)
    drive(job)
    assert job.state == JobState.SUCCEEDED
    pieces = {key.removeprefix(f"{job.id}/") for key in stored(acme) if key.endswith(".m4s")}
    assert pieces == {f"{key}/1/segments/0000{n}.m4s" for key in ("180p", "120p", "audio") for n in (1, 2)}
    key = job.manifest.url.removeprefix("s3://outputs/").replace("master", "180p")
    playlist = m3u8.loads(s3_client().get_object(Bucket="outputs", Key=key)["Body"].read().decode())
    assert [one.uri for one in playlist.segments] == [
        "../../180p/1/segments/00001.m4s",
        "../../180p/1/segments/00002.m4s",
    ]


def test_a_job_that_fails_shows_no_manifest(acme, short_clip):
    ladder = replace(GROWING, rungs=(*GROWING.rungs, Rung("90p", height=90, crf=30, speed="ultrafast")))
    job = drive(make_job(acme, upload(acme, short_clip), ladder), until=StepKind.RENDITION)
    for key in ("audio", "180p", "120p"):
        finish_rendition(job, key)
    assert job.manifest is not None
    broken = job.renditions.get(key="90p")
    broken.spec["encode"]["video"]["width"] = 161  # 4:2:0 has no odd widths
    broken.save()
    assert run_step(next_step(job, StepKind.RENDITION)) == "failed"
    drive(job)
    assert (job.state, job.manifest) == (JobState.FAILED, None)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ([], False),
        (["180p"], False),
        (["audio"], False),
        (["120p", "audio"], False),
        (["180p", "audio"], True),
        (["180p", "120p", "audio"], True),
    ],
)
def test_a_film_is_a_required_picture_with_all_required_sound(planned, keys, expected):
    assert manifests.is_playable(Plan.from_json(planned.plan), keys) is expected
