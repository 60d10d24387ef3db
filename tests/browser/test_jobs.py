"""What Chromium makes of jobs of the real service: that they play, and that the picture is the source's."""

import base64
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path

import pytest

from jobs.models import Job, Output
from jobs.planner.specs import AudioRung, Ladder, Rung
from jobs.states import StepKind
from tests.browser.chromium import MARKS
from tests.factories import drive, make_job, next_step, run_step, s3_client, upload
from tests.ladders import cells, tone_mapping
from tests.ladders.cast import FILMS, Film
from tests.ladders.pictures import Likeness, Picture, compare
from tests.ladders.sources import MADE, Studio

pytestmark = [pytest.mark.django_db(transaction=True), *MARKS]

LADDER = Ladder(
    packaging="hls+dash",
    rungs=(
        Rung("240p", height=240, crf=23, speed="ultrafast"),
        Rung("144p", height=144, crf=23, speed="ultrafast", required=False),
    ),
    audio=AudioRung(bitrate_kbps=96, channels=2),
    audio_languages="all",
    subtitles="all",
    segment_seconds=2,
)
PICTURE = replace(LADDER, audio=None, rungs=LADDER.rungs[:1])
SRT = "1\n00:00:00,500 --> 00:00:01,500\nFirst\n\n2\n00:00:02,500 --> 00:00:03,500\nSecond\n"


@pytest.fixture
def source(ffmpeg, tmp_path) -> Path:
    """Four seconds with two languages and words."""
    studio = Studio(ffmpeg, tmp_path)
    words, target = studio.file("words.srt"), studio.file("source.mkv")
    words.write_text(SRT)
    tones = ("-f", "lavfi", "-i", "sine=f=500:r=48000:d=4", "-f", "lavfi", "-i", "sine=f=900:r=48000:d=4")
    streams = ("-map", "0:v", "-map", "1:a", "-map", "2:a", "-map", "3:s")
    told = (
        "-metadata:s:a:0",
        "language=eng",
        "-metadata:s:a:1",
        "language=ger",
        "-metadata:s:s:0",
        "language=eng",
    )
    picture = ("-f", "lavfi", "-i", "testsrc2=s=426x240:r=25:d=4")
    codecs = ("-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", "-c:s", "subrip")
    studio(*picture, *tones, "-i", words, *streams, *told, *codecs, target)
    return target


def fetch(job: Job, folder: Path) -> Path:
    """All that is committed, beneath `folder`; that of the manifest which counts."""
    for output in Output.objects.filter(job=job, state="committed"):
        target = folder / output.path
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            s3_client().download_file("outputs", output.url.removeprefix("s3://outputs/"), str(target))
    job.refresh_from_db()
    assert job.manifest is not None
    return Path(job.manifest.path).parent


def expect_played(result, seconds: float = 4.0) -> None:
    assert "error" not in result, result
    assert result["seconds"] == pytest.approx(seconds, abs=0.1)
    assert result["audio"] > 10_000


def test_chromium_plays_both_manifests_of_a_job_and_shows_its_subtitles(acme, source, browser, tmp_path):
    manifests = fetch(drive(make_job(acme, upload(acme, source), LADDER)), tmp_path / "job")
    hls = browser.play(tmp_path / "job", f"hls={manifests}/master.m3u8")
    expect_played(hls)
    dash = browser.play(tmp_path / "job", f"dash={manifests}/manifest.mpd")
    expect_played(dash)
    assert dash["frames"] == 100
    assert dash["sizes"] == ["256x144", "426x240"]
    assert dash["cues"] == ["First", "Second"]


@pytest.mark.thorough
def test_chromium_plays_separate_segments(acme, source, browser, tmp_path):
    job = drive(make_job(acme, upload(acme, source), replace(LADDER, segments="separate")))
    manifests = fetch(job, tmp_path / "job")
    for query in (f"hls={manifests}/master.m3u8", f"dash={manifests}/manifest.mpd"):
        expect_played(browser.play(tmp_path / "job", query))


@pytest.mark.thorough
def test_a_version_plays_on_while_the_manifest_grows(acme, source, browser, tmp_path):
    job = make_job(acme, upload(acme, source), replace(LADDER, publish="progressive"))
    drive(job, until=StepKind.RENDITION)
    for key in ("240p", "audio-ger", "audio"):
        assert run_step(job.renditions.get(key=key).step) == "done"
    first = fetch(job, tmp_path / "job")
    with browser.opened(tmp_path / "job", f"dash={first}/manifest.mpd&rate=1"):
        while next_step(job) is not None:
            run_step(next_step(job))
            assert fetch(job, tmp_path / "job") != first
        result = browser.result()
    expect_played(result)
    assert result["sizes"] == ["426x240"]
    last = fetch(job, tmp_path / "job")
    result = browser.play(tmp_path / "job", f"dash={last}/manifest.mpd")
    expect_played(result)
    assert result["sizes"] == ["256x144", "426x240"]


CHEAP = ["unsaid", "turned_anamorphic"]


@pytest.mark.parametrize(
    "name",
    [
        *CHEAP,
        *(
            pytest.param(name, marks=pytest.mark.thorough)
            for name, film in FILMS.items()
            if name in MADE and name not in CHEAP and film is not None
        ),
    ],
)
def test_chromium_shows_the_picture_that_the_source_has(name, acme, browser, ffmpeg, ffmpeg_other, tmp_path):
    """Its own decoder and notion of colours, against a reference that knows nothing of our files."""
    film, source = FILMS[name], MADE[name](Studio(ffmpeg, tmp_path))
    made = cells.make(acme, PICTURE, source, tmp_path / "job")
    assert made.job.manifest is not None
    wanted = cells.reference(film, source, cells.Tools(ffmpeg, ffmpeg_other, ffmpeg))
    found = seen(browser, tmp_path / "job" / "240p/1/240p.mp4", film, wanted)
    leave = 2 if film.has_fields else 0
    assert (found.shift, found.ssim >= 0.955, found.colour_error <= 6 + leave) == (0, True, True), found


@pytest.mark.thorough
def test_without_its_colours_named_a_small_rung_of_an_hd_film_has_others(
    acme, browser, ffmpeg, ffmpeg_other, tmp_path
):
    """The same film as `unsaid` above, with what the rendition says of its colours taken away again."""
    film, studio = FILMS["unsaid"], Studio(ffmpeg, tmp_path)
    source = MADE["unsaid"](studio)
    cells.make(acme, PICTURE, source, tmp_path / "job")
    wanted = cells.reference(film, source, cells.Tools(ffmpeg, ffmpeg_other, ffmpeg))
    named, nameless = tmp_path / "job" / "240p/1/240p.mp4", studio.file("nameless.mp4")
    unknown = "setparams=colorspace=unknown:color_primaries=unknown:color_trc=unknown"
    studio("-i", named, "-vf", unknown, "-c:v", "libx264", "-crf", "10", nameless)
    as_made, as_was = (seen(browser, file, film, wanted).colour_error for file in (named, nameless))
    assert as_made + 1.5 < as_was


def seen(browser, file: Path, film: Film, wanted: list[Picture]) -> Likeness:
    """Three moments of a file, as Chromium draws them, beside the reference."""
    moments = [Fraction(1, 50) + n / film.rate for n in (0, 11, 21)]
    shots = ",".join(f"{float(one):.4f}" for one in moments)
    result = browser.play(file.parent, f"hls={file.name}&shots={shots}")
    assert "error" not in result, result
    shown = [
        Picture(moment, base64.b64decode(shot)) for moment, shot in zip(moments, result["shots"], strict=True)
    ]
    mapped = partial(tone_mapping.to_sdr, hdr=film.hdr) if film.hdr else None
    return compare(shown, wanted, slack=film.slack_seconds, mapped=mapped, samples=3)
