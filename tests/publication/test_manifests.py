"""What the join publishes for each packaging: real files in S3, read back by others."""

import hashlib
import subprocess
from dataclasses import replace
from pathlib import Path

import m3u8
import pytest
from mpegdash.parser import MPEGDASHParser

from jobs import stores
from jobs.models import Attempt, Job, Output
from jobs.planner.specs import AudioRung, Rung
from jobs.states import AttemptState, JobState, StepKind
from tests.factories import SMALL_LADDER, drive, make_job, next_step, run_step, s3_client, stored, upload

pytestmark = pytest.mark.django_db(transaction=True)


def read(job: Job, path: str) -> bytes:
    """An object of the job, by its path beneath the job's folder."""
    key = f"{job.destination}{job.id}/{path}".removeprefix("s3://outputs/")
    return s3_client().get_object(Bucket="outputs", Key=key)["Body"].read()


def paths(job: Job, account) -> set[str]:
    return {key.removeprefix(f"{job.id}/") for key in stored(account)}


def decode(ffmpeg: Path, manifest: Output, *arguments: str) -> str:
    """FFmpeg's hashes of what it plays from the public URL; killed if it does not end.

    `-http_seekable 0`: over HTTP, FFmpeg 9.0.2 asks for neighbouring ranges of a file at once, and then ends after
    the first segment, with exit code 0; other packagers' playlists too. FFmpeg 8.1 and Chromium do not.
    """
    argv = [str(ffmpeg), "-nostdin", "-v", "error"]
    argv += ["-http_seekable", "0"] if manifest.path.endswith(".m3u8") else []
    argv += ["-i", str(stores.public_url(manifest.url)), *arguments, "-f", "streamhash", "-"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def expect_rows_to_describe_their_objects(job: Job) -> None:
    for output in Output.objects.filter(job=job, state="committed"):
        body = read(job, output.path)
        assert (output.sha256, output.size_bytes) == (hashlib.sha256(body).hexdigest(), len(body)), (
            output.path
        )


def test_dash_is_one_mpd_beside_the_files(acme, short_clip, ffmpeg):
    job = drive(make_job(acme, upload(acme, short_clip), replace(SMALL_LADDER, packaging="dash")))
    assert (job.state, job.manifest.path) == (JobState.SUCCEEDED, "manifest/1/manifest.mpd")
    assert job.manifest.content_type == "application/dash+xml"
    assert paths(job, acme) == {
        "180p/1/180p.mp4",
        "120p/1/120p.mp4",
        "audio/1/audio.mp4",
        "manifest/1/manifest.mpd",
    }
    video, audio = MPEGDASHParser.parse(read(job, job.manifest.path).decode()).periods[0].adaptation_sets
    assert [one.base_urls[0].base_url_value for one in video.representations] == [
        "../../180p/1/180p.mp4",
        "../../120p/1/120p.mp4",
    ]
    assert [one.frame_rate for one in video.representations] == ["25", "25"]
    assert audio.representations[0].audio_sampling_rate == "48000"
    assert len(decode(ffmpeg, job.manifest, "-map", "0").split()) == 3


def test_both_manifests_name_the_same_files_and_the_master_is_the_jobs(acme, short_clip, ffmpeg):
    job = drive(make_job(acme, upload(acme, short_clip), replace(SMALL_LADDER, packaging="hls+dash")))
    assert job.manifest.path == "manifest/1/master.m3u8"
    kinds = dict(Output.objects.filter(job=job).values_list("path", "kind"))
    assert {
        path.rpartition("/")[2]: kind for path, kind in kinds.items() if path.startswith("manifest/")
    } == {
        "180p.m3u8": "playlist",
        "180p.iframes.m3u8": "playlist",
        "120p.m3u8": "playlist",
        "120p.iframes.m3u8": "playlist",
        "audio.m3u8": "playlist",
        "manifest.mpd": "manifest",
        "master.m3u8": "manifest",
    }
    mpd = Output.objects.get(job=job, path="manifest/1/manifest.mpd")
    by_hls = decode(ffmpeg, job.manifest, "-map", "0:p:0:v")
    by_dash = decode(ffmpeg, mpd, "-map", "0:v:0")
    assert by_hls == by_dash
    expect_rows_to_describe_their_objects(job)


def test_separate_segments_are_objects_beneath_the_manifests_own_folder(acme, clip, ffmpeg):
    """Two segments of 4 and 1.28 s for each rendition, and its initialization; the files stay what was encoded."""
    ladder = replace(SMALL_LADDER, packaging="hls+dash", segments="separate")
    job = drive(make_job(acme, upload(acme, clip), ladder))
    assert job.state == JobState.SUCCEEDED
    pieces = {path for path in paths(job, acme) if path.endswith(("init.mp4", ".m4s"))}
    names = ("init.mp4", "00001.m4s", "00002.m4s")
    folders = {path.rpartition("/")[0] for path in pieces}
    assert len(folders) == 3
    assert pieces == {f"{folder}/{name}" for folder in folders for name in names}
    assert "BYTERANGE" not in read(job, "manifest/1/180p.m3u8").decode()
    assert set(Output.objects.filter(job=job, path__in=pieces).values_list("kind", flat=True)) == {"segment"}
    expect_rows_to_describe_their_objects(job)
    whole = Output.objects.get(job=job, path="180p/1/180p.mp4")
    mpd = Output.objects.get(job=job, path="manifest/1/manifest.mpd")
    assert decode(ffmpeg, job.manifest, "-map", "0:p:0:v") == decode(ffmpeg, whole, "-map", "0:v")
    assert decode(ffmpeg, mpd, "-map", "0:v:0") == decode(ffmpeg, whole, "-map", "0:v")


def test_a_file_that_was_replaced_in_the_storage_is_not_cut(acme, short_clip):
    ladder = replace(SMALL_LADDER, segments="separate", rungs=SMALL_LADDER.rungs[:1], audio=None)
    job = drive(make_job(acme, upload(acme, short_clip), ladder), until=StepKind.MANIFEST)
    output = Output.objects.get(job=job, kind="rendition")
    # Cut by the join: what the attempt itself may have cut is taken away.
    Output.objects.filter(job=job, kind="segment").delete()
    key = output.url.removeprefix("s3://outputs/")
    s3_client().put_object(Bucket="outputs", Key=key, Body=bytes(output.size_bytes))
    assert run_step(next_step(job, StepKind.MANIFEST)) == "retried"
    attempt = Attempt.objects.get(job=job, step__kind=StepKind.MANIFEST)
    assert (attempt.state, attempt.fault_code) == (AttemptState.FAILED, "invalid_output")
    assert "other bytes" in attempt.fault_detail


def test_the_sources_language_is_what_a_player_shows(acme, short_clip, ffmpeg, tmp_path):
    source = tmp_path / "german.mp4"
    argv = [
        ffmpeg,
        "-v",
        "error",
        "-i",
        short_clip,
        "-map",
        "0",
        "-c",
        "copy",
        "-metadata:s:a:0",
        "language=ger",
        source,
    ]
    subprocess.run(argv, check=True, timeout=60)
    ladder = replace(SMALL_LADDER, packaging="hls+dash", rungs=SMALL_LADDER.rungs[:1])
    job = drive(make_job(acme, upload(acme, source), ladder))
    (audio,) = m3u8.loads(read(job, "manifest/1/master.m3u8").decode()).media
    assert (audio.name, audio.language, audio.channels) == ("Deutsch", "de", "1")
    assert 'lang="de"' in read(job, "manifest/1/manifest.mpd").decode()


def test_sound_alone_has_a_manifest_too(acme, short_clip, ffmpeg):
    ladder = replace(
        SMALL_LADDER, packaging="hls+dash", rungs=(), audio=AudioRung(bitrate_kbps=64, channels=1)
    )
    job = drive(make_job(acme, upload(acme, short_clip), ladder))
    assert job.state == JobState.SUCCEEDED
    mpd = Output.objects.get(job=job, path="manifest/1/manifest.mpd")
    assert decode(ffmpeg, mpd, "-map", "0:a").startswith("0,a,")
    assert decode(ffmpeg, job.manifest, "-map", "0:a").startswith("0,a,")


def test_every_language_of_the_source_is_offered(acme, short_clip, ffmpeg, tmp_path):
    source = tmp_path / "languages.mp4"
    streams = ["-map", "0:v", "-map", "0:a", "-map", "0:a", "-c", "copy"]
    languages = ["-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=fre"]
    argv = [ffmpeg, "-v", "error", "-i", short_clip, *streams, *languages, source]
    subprocess.run(argv, check=True, timeout=60)
    ladder = replace(SMALL_LADDER, packaging="hls+dash", rungs=SMALL_LADDER.rungs[:1], audio_languages="all")
    job = drive(make_job(acme, upload(acme, source), ladder))
    assert job.state == JobState.SUCCEEDED
    media = m3u8.loads(read(job, "manifest/1/master.m3u8").decode()).media
    assert [(one.group_id, one.name, one.language, one.default, one.autoselect) for one in media] == [
        ("audio", "English", "en", "YES", "YES"),
        ("audio", "Français", "fr", "NO", "YES"),
    ]
    sets = MPEGDASHParser.parse(read(job, "manifest/1/manifest.mpd").decode()).periods[0].adaptation_sets
    roles = [(one.lang, one.roles[0].value) for one in sets if one.content_type == "audio"]
    assert roles == [("en", "main"), ("fr", "alternate")]


def test_a_copied_hdr_picture_is_told_from_its_file(acme, ffmpeg, tmp_path):
    source = tmp_path / "pq.mp4"
    picture = ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=2", "-pix_fmt", "yuv420p10le"]
    colours = ["-color_trc", "smpte2084", "-color_primaries", "bt2020", "-colorspace", "bt2020nc"]
    x265 = "log-level=0:keyint=25:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc"
    argv = [
        ffmpeg,
        "-v",
        "error",
        *picture,
        *colours,
        "-c:v",
        "libx265",
        "-tag:v",
        "hvc1",
        "-x265-params",
        x265,
    ]
    subprocess.run([*argv, source], check=True, timeout=60, stderr=subprocess.DEVNULL)
    ladder = replace(SMALL_LADDER, packaging="hls+dash", rungs=(Rung("same", encoder="copy"),), audio=None)
    job = drive(make_job(acme, upload(acme, source), ladder))
    assert job.state == JobState.SUCCEEDED
    (variant,) = m3u8.loads(read(job, "manifest/1/master.m3u8").decode()).playlists
    assert (variant.stream_info.video_range, variant.stream_info.codecs) == ("PQ", "hvc1.2.4.L60.90")
    mpd = read(job, "manifest/1/manifest.mpd").decode()
    assert '<EssentialProperty schemeIdUri="urn:mpeg:mpegB:cicp:TransferCharacteristics" value="16" />' in mpd
