"""Subtitles on their whole way: from a stream of a real source to what players find through the manifests."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from tempfile import gettempdir

import m3u8
import pytest
from mpegdash.parser import MPEGDASHParser

from adapters.packaging import webvtt
from jobs import stores
from jobs.models import Attempt, Job, Output
from jobs.planner.specs import Extra
from jobs.states import JobState, OutputState, RenditionState, StepKind
from tests.factories import COLOURS_NOTE, SMALL_LADDER, drive, make_job, run_step, s3_client, upload

pytestmark = pytest.mark.django_db(transaction=True)

LADDER = replace(SMALL_LADDER, rungs=SMALL_LADDER.rungs[:1], subtitles="all")
ENGLISH = """1
00:00:00,500 --> 00:00:01,500
One <b>bold</b> word

2
00:00:03,500 --> 00:00:04,500
Two,
over two lines

3
00:00:05,000 --> 00:00:09,000
Longer than the film
"""
GERMAN = "1\n00:00:01,000 --> 00:00:02,000\nEins\n"
LATE = "1\n00:01:00,000 --> 00:01:02,000\nNever seen\n"
AS_WEBVTT = """WEBVTT

00:00:00.500 --> 00:00:01.500
One <b>bold</b> word

00:00:03.500 --> 00:00:04.500
Two,
over two lines

00:00:05.000 --> 00:00:05.312
Longer than the film
"""


@pytest.fixture
def subtitled(ffmpeg, clip, tmp_path):
    """The clip with these subtitles, as (text, language, codec, disposition); `options` are FFmpeg's."""

    def make(
        *texts: tuple[str, str, str, str], name: str = "film.mkv", options: tuple[str, ...] = ()
    ) -> Path:
        argv = [str(ffmpeg), "-nostdin", "-v", "error", "-i", str(clip)]
        maps = ["-map", "0"]
        for number, (text, language, codec, disposition) in enumerate(texts):
            file = tmp_path / f"{number}.srt"
            file.write_text(text)
            argv += ["-i", str(file)]
            maps += [
                "-map",
                f"{number + 1}",
                f"-c:s:{number}",
                codec,
                f"-disposition:s:{number}",
                disposition,
            ]
            maps += [f"-metadata:s:s:{number}", f"language={language}"]
        target = tmp_path / name
        subprocess.run(
            [*argv, *maps, "-c:v", "copy", "-c:a", "copy", *options, target], check=True, timeout=60
        )
        return target

    return make


def read(output: Output) -> str:
    key = output.url.removeprefix("s3://outputs/")
    body: bytes = s3_client().get_object(Bucket="outputs", Key=key)["Body"].read()
    return body.decode()


def manifest(job: Job, name: str) -> Output:
    return Output.objects.get(job=job, path=f"manifest/1/{name}")


def words_of(job: Job, key: str) -> Output:
    return Output.objects.get(job=job, rendition__key=key, state=OutputState.COMMITTED)


def listed(job: Job) -> list[tuple[str, str, str, str, str, str]]:
    assert job.manifest is not None
    media = m3u8.loads(read(job.manifest)).media
    return [
        (one.name, one.language, one.default, one.autoselect, one.forced, one.uri)
        for one in media
        if one.type == "SUBTITLES"
    ]


def cues(binary: Path, url: str, *options: str) -> list[str]:
    """When each cue begins, as FFmpeg reads the first subtitles at `url`."""
    entries = ["-select_streams", "s:0", "-show_packets", "-show_entries", "packet=pts_time", "-of", "json"]
    argv = [str(binary), "-v", "error", *options, *entries, "-i", url]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True)
    return [packet["pts_time"] for packet in json.loads(done.stdout)["packets"]]


PLAIN = {"packaging": "hls+dash"}


@pytest.mark.parametrize(
    "how",
    [
        {"packaging": "hls"},
        {"packaging": "dash"},
        PLAIN,
        {**PLAIN, "segments": "separate"},
        {**PLAIN, "publish": "progressive"},
        {**PLAIN, "segments": "separate", "publish": "progressive"},
    ],
    ids=lambda how: "-".join(how.values()),
)
def test_every_packaging_carries_them(acme, subtitled, ffprobe, how):
    source = subtitled((ENGLISH, "eng", "srt", "default"), (GERMAN, "ger", "ass", "forced"))
    job = drive(make_job(acme, upload(acme, source, "film.mkv"), replace(LADDER, **how)))
    assert job.state == JobState.SUCCEEDED
    assert job.plan["notes"] == [COLOURS_NOTE]
    english, german = words_of(job, "subtitles-eng"), words_of(job, "subtitles-ger")
    assert (english.path, english.content_type) == ("subtitles-eng/1/subtitles-eng.vtt", "text/vtt")
    assert read(english) == AS_WEBVTT
    assert [cue.start for cue in webvtt.parse(read(german)).cues] == [1000]
    if "hls" in how["packaging"]:
        assert listed(job) == [
            ("English", "en", "NO", "YES", "NO", "subtitles-eng.m3u8"),
            ("Deutsch", "de", "NO", "YES", "YES", "subtitles-ger.m3u8"),
        ]
        (segment,) = m3u8.loads(read(manifest(job, "subtitles-eng.m3u8"))).segments
        assert (segment.uri, round(segment.duration, 1)) == ("../../subtitles-eng/1/subtitles-eng.vtt", 5.3)
        (variant,) = m3u8.loads(read(job.manifest)).playlists
        assert variant.stream_info.subtitles == "subtitles"
        url = stores.public_url(manifest(job, "subtitles-eng.m3u8").url)
        options = ("-allowed_extensions", "ALL", "-extension_picky", "0")
        assert cues(ffprobe, str(url), *options) == ["0.500000", "3.500000", "5.000000"]
    if "dash" in how["packaging"]:
        sets = MPEGDASHParser.parse(read(manifest(job, "manifest.mpd"))).periods[0].adaptation_sets
        texts = [one for one in sets if one.content_type == "text"]
        assert [(one.lang, one.mime_type, one.roles[0].value) for one in texts] == [
            ("en", "text/vtt", "subtitle"),
            ("de", "text/vtt", "forced-subtitle"),
        ]
        assert texts[0].representations[0].base_urls[0].base_url_value == f"../../{english.path}"


def test_ffmpeg_plays_the_film_with_its_words_through_the_master(acme, subtitled, ffmpeg):
    """FFmpeg 8.1 and 9.0.2 lose the first cue of any WebVTT that they find in a master, in segments or whole."""
    source = subtitled((ENGLISH, "eng", "srt", "default"))
    job = drive(make_job(acme, upload(acme, source, "film.mkv"), LADDER))
    argv = [str(ffmpeg), "-nostdin", "-v", "error", "-http_seekable", "0", "-copyts"]
    argv += ["-i", str(stores.public_url(job.manifest.url)), "-map", "0:s:0", "-f", "webvtt", "-"]
    argv += ["-map", "0:v:0", "-f", "null", "-"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    played = webvtt.parse(done.stdout).cues
    assert [(cue.start, cue.end) for cue in played] == [(3500, 4500), (5000, 5312)]


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("late.mkv", "srt", ("-output_ts_offset", "0.7")),
        ("late.mp4", "mov_text", ("-output_ts_offset", "3")),
        ("plain.mp4", "mov_text", ()),
    ],
)
def test_they_stay_with_the_picture_where_a_source_does_not_start_at_0(acme, subtitled, name, codec, options):
    source = subtitled((ENGLISH, "eng", codec, "default"), name=name, options=options)
    job = drive(make_job(acme, upload(acme, source, name), LADDER))
    assert job.state == JobState.SUCCEEDED
    found = webvtt.parse(read(words_of(job, "subtitles-eng"))).cues
    assert [cue.start for cue in found] == [500, 3500, 5000]


def test_subtitles_that_show_nothing_are_left_out_with_a_note(acme, subtitled):
    source = subtitled((ENGLISH, "eng", "srt", "default"), (LATE, "fre", "srt", "0"))
    job = drive(make_job(acme, upload(acme, source, "film.mkv"), replace(LADDER, publish="progressive")))
    assert job.state == JobState.SUCCEEDED
    assert job.plan["notes"] == [
        COLOURS_NOTE,
        "'subtitles-fre' is left out: it shows nothing during the film.",
    ]
    assert [one[1] for one in listed(job)] == ["en"]
    french = job.renditions.get(key="subtitles-fre")
    assert (french.state, french.outputs.count()) == (RenditionState.SUCCEEDED, 0)
    assert Attempt.objects.get(rendition=french).exit_code == 0


def test_a_progressive_manifest_grows_by_them(acme, subtitled):
    source = subtitled((ENGLISH, "eng", "srt", "default"))
    ladder = replace(LADDER, publish="progressive")
    job = drive(make_job(acme, upload(acme, source, "film.mkv"), ladder), until=StepKind.RENDITION)
    for key, expected in (("180p", None), ("audio", []), ("subtitles-eng", ["en"])):
        assert run_step(job.renditions.get(key=key).step) == "done"
        job.refresh_from_db()
        assert (job.manifest and [one[1] for one in listed(job)]) == expected
    assert drive(job).state == JobState.SUCCEEDED


def test_subtitles_that_cannot_be_made_leave_the_film_alone(acme, subtitled):
    source = subtitled((ENGLISH, "eng", "srt", "default"))
    job = drive(make_job(acme, upload(acme, source, "film.mkv"), LADDER), until=StepKind.RENDITION)
    words = job.renditions.get(key="subtitles-eng")
    words.spec["stream_index"] = 77
    words.save()
    assert drive(job).state == JobState.PARTIAL
    assert listed(job) == []
    assert "SUBTITLES" not in read(job.manifest)


def test_text_that_is_no_utf_8_is_the_sources_fault(acme, ffmpeg, clip, tmp_path):
    latin, film = tmp_path / "latin.srt", tmp_path / "film.mkv"
    latin.write_bytes(GERMAN.replace("Eins", "Gr\u00fc\u00dfe").encode("latin-1"))
    argv = [
        ffmpeg,
        "-nostdin",
        "-v",
        "error",
        "-i",
        clip,
        "-i",
        latin,
        "-map",
        "0",
        "-map",
        "1",
        "-c",
        "copy",
        film,
    ]
    subprocess.run(argv, check=True, timeout=60)
    job = drive(make_job(acme, upload(acme, film, "film.mkv"), LADDER))
    assert job.state == JobState.PARTIAL
    (words,) = job.renditions.filter(kind="subtitles")
    assert (words.state, words.fault_code) == (RenditionState.FAILED, "source_unreadable")


def test_a_title_is_what_the_menu_shows_however_hostile(acme, subtitled):
    title = '#EXTM3U "quoted"\n#EXT-X-ENDLIST <b>&'
    source = subtitled((ENGLISH, "eng", "srt", "0"), options=("-metadata:s:s:0", f"title={title}"))
    ladder = replace(LADDER, packaging="hls+dash")
    job = drive(make_job(acme, upload(acme, source, "film.mkv"), ladder))
    (shown,) = listed(job)
    assert shown[0] == "EXTM3U 'quoted' #EXT-X-ENDLIST <b>&"
    assert "<Label>EXTM3U 'quoted' #EXT-X-ENDLIST &lt;b&gt;&amp;</Label>" in read(
        manifest(job, "manifest.mpd")
    )


def test_whole_files_have_them_beside(acme, subtitled):
    source = subtitled((ENGLISH, "eng", "srt", "default"))
    job = drive(make_job(acme, upload(acme, source, "film.mkv"), replace(LADDER, packaging="mp4")))
    assert (job.state, job.manifest) == (JobState.SUCCEEDED, None)
    assert read(words_of(job, "subtitles-eng")) == AS_WEBVTT


def test_media_info_tells_the_probe_and_the_plan_and_no_path_of_ours(acme, subtitled):
    source = subtitled((ENGLISH, "eng", "srt", "default"))
    ladder = replace(LADDER, extras=(Extra("info", "media_info", required=True),))
    job = drive(make_job(acme, upload(acme, source, "film.mkv"), ladder))
    assert job.state == JobState.SUCCEEDED
    output = words_of(job, "info")
    assert (output.path, output.content_type) == ("info/1/info.json", "application/json")
    text = read(output)
    info = json.loads(text)
    assert [one["codec_name"] for one in info["source"]["probe"]["streams"]][-1] == "subrip"
    assert info["source"]["probe"]["format"]["format_name"] == "matroska,webm"
    assert info["source"]["sha256"] == job.sources.get().sha256
    assert info["plan"] == job.plan
    assert "filename" not in text
    assert not [one for one in ("file:", ".bin", gettempdir(), job.sources.get().url) if one in text]
    attempt = Attempt.objects.get(rendition__key="info")
    assert (attempt.argv, attempt.encoder_identity) == ([], None), "no FFmpeg ran"
