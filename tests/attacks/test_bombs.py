"""Small files and short commands that would take all memory, all disk, or all time."""

from pathlib import Path

import pytest

from adapters.ffmpeg.commandline import Caps, parse, regenerate
from adapters.ffmpeg.inputs import input_arguments
from adapters.ffmpeg.probe import run_probe
from adapters.ffmpeg.stderr import diagnose
from adapters.ffmpeg.supervisor import Box, Completed, Limits, supervise
from config.embedded import media
from jobs import submission
from jobs.api.requests import JobRequest
from jobs.models import Output
from jobs.states import JobState
from tests.attacks.bombs import BOMBS
from tests.factories import drive, make_job, stored, upload

MIB = 1 << 20
PLENTY_BYTES = 400 * MIB
LIMITS = Limits(
    wall_seconds=30, stall_seconds=30, output_bytes=64 * MIB, grace_seconds=1, memory_bytes=1024 * MIB
)
CAPS = Caps(duration_seconds=2, file_bytes=32 * MIB, threads=2)


def run(*argv: object, folder: Path, limits: Limits = LIMITS) -> tuple[Completed, str]:
    """With the progress that FFmpeg is asked for, so that its memory is looked at while it runs."""
    completed = supervise(
        tuple(map(str, argv)),
        workspace=folder,
        box=Box(readable=(folder,), writable=(folder,)),
        stderr_file=folder.parent / "stderr",
        limits=limits,
        on_output=lambda data: True,
        stop_reason=lambda: None,
    )
    return completed, (folder.parent / "stderr").read_text("utf-8", "replace")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "mine"
    made.mkdir()
    return made


def decode(file: Path, ffmpeg: Path, *, guarded: bool) -> tuple[Completed, str]:
    head = (ffmpeg, "-nostdin", "-v", "error", "-progress", "pipe:1", "-stats_period", "0.02")
    given = input_arguments(file) if guarded else ("-i", file)
    return run(*head, *given, "-frames:v", "2", "-f", "null", "-", folder=file.parent)


@pytest.mark.parametrize("kind", BOMBS)
def test_a_picture_that_claims_gigabytes_costs_none(
    kind: str, folder: Path, ffmpeg: Path, ffprobe: Path
) -> None:
    bomb = folder / "0.bin"
    bomb.write_bytes(BOMBS[kind]())
    assert bomb.stat().st_size < 64 << 10
    for argv in (
        (ffmpeg, "-nostdin", "-v", "error", *input_arguments(bomb), "-f", "null", "-"),
        (ffprobe, "-v", "error", "-show_format", "-show_streams", *input_arguments(bomb)),
    ):
        completed, stderr = run(*argv, folder=folder)
        assert completed.stop_reason is None
        assert completed.peak_rss_bytes < PLENTY_BYTES, f"{completed.peak_rss_bytes // MIB} MiB\n{stderr}"


def test_the_same_picture_takes_gigabytes_where_nothing_bounds_it(folder: Path, ffmpeg: Path) -> None:
    bomb = folder / "0.bin"
    bomb.write_bytes(BOMBS["gif"]())
    completed, _ = decode(bomb, ffmpeg, guarded=False)
    assert completed.peak_rss_bytes > 2 * PLENTY_BYTES
    completed, _ = decode(bomb, ffmpeg, guarded=True)
    assert completed.peak_rss_bytes < PLENTY_BYTES


@pytest.mark.parametrize("kind", BOMBS)
@pytest.mark.django_db(transaction=True)
def test_a_job_of_such_a_picture_fails_by_the_source(kind: str, acme) -> None:
    job = drive(make_job(acme, upload(acme, BOMBS[kind](), "clip.mp4")))
    assert (job.state, job.fault_bucket) == (JobState.FAILED, "failed_input")
    assert stored(acme) == {}


# --- time ---
@pytest.fixture
def gap(folder: Path, ffmpeg: Path) -> Path:
    """A second of film, in the midst of which ten hours pass."""
    target = folder / "gap.mkv"
    shift = "setpts='PTS+gte(N,12)*36000/TB'"
    source = ("-f", "lavfi", "-i", f"testsrc2=s=64x36:r=25:d=1,{shift}", "-fps_mode", "passthrough")
    completed, stderr = run(
        *(ffmpeg, "-v", "error", *source, "-c:v", "libx264", "-preset", "ultrafast", target), folder=folder
    )
    assert completed.exit_code == 0, stderr
    assert target.stat().st_size < 64 << 10
    return target


def test_a_gap_of_ten_hours_is_filled_no_further_than_the_cap(gap: Path, folder: Path, ffmpeg: Path) -> None:
    out = folder / "out"
    program = parse("ffmpeg -i https://a.example/a.mkv -vf fps=60 -c:v libx264 -preset ultrafast out.mp4")
    made = regenerate(program, sources=[gap], out=out, ffmpeg=ffmpeg, caps=CAPS)
    for each in made.folders:
        each.mkdir(parents=True)
    completed, stderr = run(*made.argvs[0], folder=folder)
    assert (completed.exit_code, completed.stop_reason) == (0, None), stderr
    assert completed.wall_seconds < 20
    assert made.outputs[0].entry.stat().st_size < CAPS.file_bytes
    assert seconds_of(made.outputs[0].entry) <= CAPS.duration_seconds + 0.5


def seconds_of(file: Path) -> float:
    return run_probe(media.ffprobe(), file)[0].duration_seconds or 0.0


@pytest.mark.django_db(transaction=True)
def test_a_job_of_ten_hours_in_a_kilobyte_ends_at_its_cap(acme, gap: Path, settings) -> None:
    settings.COMMAND_DURATION_SECONDS = 2
    url = upload(acme, gap, "gap.mkv")
    command = f"ffmpeg -i {url} -vf fps=60 -c:v libx264 -preset ultrafast -f mp4 out.mp4"
    request = JobRequest(data={"command": command}, context={"account": acme})
    assert request.is_valid(), request.errors
    job = drive(submission.submit(acme, request.validated_data, actor="test"))
    assert (job.fault_code, job.fault_detail) == (
        "invalid_output",
        "stopped at 2 s, the longest that is made",
    )
    assert not Output.objects.filter(job=job, state="committed").exists()


ENDLESS = {
    "stream_loop": "-stream_loop -1 -i {clip} -c:v libx264 -preset ultrafast -shortest out.mp4",
    "tpad": "-i {clip} -vf tpad=stop=-1 -c:v libx264 -preset ultrafast -an -t 9:00:00 out.mp4",
    "loop": "-i {clip} -vf loop=loop=-1:size=3 -c:v libx264 -preset ultrafast -an -t 9:00:00 out.mp4",
    "apad": "-i {clip} -af apad -vn -t 9:00:00 out.m4a",
    "aloop": "-i {clip} -af aloop=loop=-1:size=4800 -vn -t 9:00:00 out.m4a",
    "a source": "-f lavfi -i testsrc2=s=64x36 -c:v libx264 -preset ultrafast -t 9:00:00 out.mp4",
    "a tone": "-f lavfi -i sine -t 9:00:00 out.m4a",
    "many frames": "-stream_loop -1 -i {clip} -c:v libx264 -preset ultrafast -an -frames:v 9000000 out.mp4",
}


@pytest.mark.parametrize("what", ENDLESS)
def test_what_never_ends_is_stopped_by_its_cap(what: str, folder: Path, ffmpeg: Path, clip: Path) -> None:
    command = ENDLESS[what].replace("-c:v", "-s 64x36 -c:v")
    program = parse("ffmpeg " + command.format(clip="https://a.example/clip.mp4"))
    source = folder / "clip.mp4"
    source.write_bytes(clip.read_bytes())
    sources = [source] * len(program.sources)
    made = regenerate(program, sources=sources, out=folder / "out", ffmpeg=ffmpeg, caps=CAPS)
    for each in made.folders:
        each.mkdir(parents=True)
    completed, stderr = run(*made.argvs[0], folder=folder)
    assert (completed.exit_code, completed.stop_reason) == (0, None), stderr
    assert seconds_of(made.outputs[0].entry) <= CAPS.duration_seconds + 0.5


def test_a_picture_made_huge_by_an_expression_is_no_larger_than_allowed(
    folder: Path, ffmpeg: Path, clip: Path
) -> None:
    """A number is bounded by the parser; an expression by what it is wrapped in: 25,600 wide would be asked for."""
    source = folder / "clip.mp4"
    source.write_bytes(clip.read_bytes())
    program = parse("ffmpeg -i https://a.example/clip.mp4 -vf scale=iw*20:ih/20 -frames:v 1 out.jpg")
    made = regenerate(program, sources=[source], out=folder / "out", ffmpeg=ffmpeg, caps=CAPS)
    for each in made.folders:
        each.mkdir(parents=True)
    completed, stderr = run(*made.argvs[0], folder=folder)
    assert completed.exit_code == 0, stderr
    assert completed.peak_rss_bytes < PLENTY_BYTES
    [picture] = run_probe(media.ffprobe(), made.outputs[0].entry)[0].video
    assert (picture.width, picture.height) == (8192, 36)


# --- words ---
def test_a_tag_that_reads_like_an_error_is_not_one(folder: Path, ffmpeg: Path, clip: Path) -> None:
    spoof = folder / "spoof.mkv"
    lie = "No space left on device"
    tag = ("-metadata", f"title=x\n[fatal] {lie}\r[fatal] {lie}")
    made, stderr = run(
        ffmpeg,
        "-v",
        "error",
        "-i",
        clip_in(folder, clip),
        "-t",
        "1",
        "-c",
        "copy",
        *tag,
        spoof,
        folder=folder,
    )
    assert made.exit_code == 0, stderr
    said = {}
    for level in ("level+info", "level+warning"):
        tail = ("-vf", "crop=4000:4000", "-f", "null", "-")
        argv = (ffmpeg, "-nostdin", "-hide_banner", "-loglevel", level, *input_arguments(spoof), *tail)
        completed, said[level] = run(*argv, folder=folder)
        cause = diagnose(stop_reason=None, signal=None, exit_code=completed.exit_code, stderr=said[level])
        assert cause.code == "size_invalid"
    assert lie in said["level+info"]
    assert lie not in said["level+warning"]


def clip_in(folder: Path, clip: Path) -> Path:
    (folder / "clip.mp4").write_bytes(clip.read_bytes())
    return folder / "clip.mp4"
