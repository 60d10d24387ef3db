"""Files that make FFmpeg open others: stopped by the whitelists alone, by the box alone, and in a job by both.

Each construct first has to work where nothing stands in its way.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from adapters.ffmpeg import process
from adapters.ffmpeg.inputs import input_arguments
from adapters.ffmpeg.supervisor import Box, Completed, Limits, supervise
from audit.recorder import read_stderr
from jobs.models import Job, Output
from jobs.states import JobState
from tests.attacks.constructs import CONSTRUCTS, INNER, Construct, Places, inner
from tests.attacks.honeypots import HoneyFile, HoneyServer
from tests.factories import drive, make_job, stored, upload

NAMES = ("0.bin", "clip.mp4", "clip.m3u8", "clip.idx")
LIMITS = Limits(
    wall_seconds=10, stall_seconds=10, output_bytes=1 << 20, grace_seconds=1, memory_bytes=1 << 30
)
by_construct = pytest.mark.parametrize("construct", CONSTRUCTS, ids=lambda construct: construct.name)


@dataclass(frozen=True)
class Scene:
    """The honeypots, and FFmpeg's two programs, of different versions."""

    folder: Path
    honey: HoneyFile
    bare: HoneyFile
    server: HoneyServer
    programs: tuple[Path, Path]
    udp: socket.socket

    @property
    def places(self) -> Places:
        port = self.udp.getsockname()[1]
        return Places(self.folder, self.honey.path, self.bare.path, self.server.url, port)

    def put(self, construct: Construct, name: str) -> Path:
        file = self.folder / (construct.own_name or name)
        if construct.own_name is None:
            file.write_text(construct.content(self.places, name))
            (self.folder / INNER).write_text(inner(self.places))
        return file

    def touched(self) -> list[str]:
        """What was opened or contacted, since the last time that this was asked."""
        found = [file.path.name for file in (self.honey, self.bare) if file.was_opened]
        if self.server.connections:
            found.append(f"{self.server.connections} connections")
            self.server.connections = 0
        return found

    def run(self, program: Path, arguments: tuple[str, ...]) -> tuple[Completed, str]:
        head = ("-v", "error") if "ffprobe" in program.name else ("-nostdin", "-v", "error")
        tail = () if "ffprobe" in program.name else ("-f", "null", "-")
        stderr = self.folder.parent / "stderr"
        completed = supervise(
            (str(program), *head, *arguments, *tail),
            workspace=self.folder,
            box=Box(readable=(self.folder,)),
            stderr_file=stderr,
            limits=LIMITS,
            on_output=lambda data: True,
            stop_reason=lambda: None,
        )
        return completed, stderr.read_text("utf-8", "replace")


@pytest.fixture
def scene(
    tmp_path: Path, honey: HoneyFile, bare: HoneyFile, server: HoneyServer, ffmpeg: Path, ffprobe: Path
) -> Iterator[Scene]:
    folder = tmp_path / "mine"
    folder.mkdir()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        made = Scene(folder, honey, bare, server, (ffmpeg, ffprobe), udp)
        made.touched()
        yield made


def unguarded(construct: Construct, file: Path, scene: Scene) -> tuple[str, ...]:
    options = tuple(word.format(secret=scene.honey.path) for word in construct.careless)
    return (*options, "-i", str(file))


@contextmanager
def without_a_box() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "chosen", lambda: "none")
        yield


@by_construct
def test_it_works_where_nothing_stands_in_its_way(construct: Construct, scene: Scene) -> None:
    file = scene.put(construct, "0.bin")
    with without_a_box():
        for program in scene.programs:
            scene.run(program, unguarded(construct, file, scene))
    assert bool(scene.touched()) is construct.works


@by_construct
def test_the_box_alone_stops_it(construct: Construct, scene: Scene) -> None:
    file = scene.put(construct, "0.bin")
    for program in scene.programs:
        scene.run(program, unguarded(construct, file, scene))
        assert scene.touched() == []


@by_construct
def test_the_whitelists_alone_stop_it_whatever_its_name(construct: Construct, scene: Scene) -> None:
    with without_a_box():
        for name in NAMES if construct.own_name is None else (construct.own_name,):
            file = scene.put(construct, name)
            for program in scene.programs:
                completed, stderr = scene.run(program, input_arguments(file))
                assert scene.touched() == []
                assert completed.exit_code, stderr
                assert "secret:" not in stderr


def test_no_name_of_a_file_is_special(scene: Scene, clip: Path) -> None:
    """Names are ours; should one of a customer's ever get here, it is but a name."""
    with without_a_box():
        for name in (
            "-dash.mp4",
            "a:b.mp4",
            "http:x.mp4",
            "img%03d.mp4",
            "glob*.mp4",
            "concat:a|b",
            " ",
            "ü\n.mp4",
        ):
            file = scene.folder / name
            os.link(clip, file) if _same_disk(clip, file) else file.write_bytes(clip.read_bytes())
            completed, stderr = scene.run(scene.programs[1], input_arguments(file))
            assert completed.exit_code == 0, stderr
            file.unlink()


def _same_disk(one: Path, other: Path) -> bool:
    return one.stat().st_dev == other.parent.stat().st_dev


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("hls", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n0.bin\n#EXT-X-STREAM-INF:BANDWIDTH=2\n0.bin\n"),
        ("concat", "ffconcat version 1.0\nfile 0.bin\nfile 0.bin\n"),
    ],
)
def test_a_file_that_names_itself_costs_nothing(kind: str, content: str, scene: Scene) -> None:
    file = scene.folder / "0.bin"
    file.write_text(content)
    for program in scene.programs:
        completed, _ = scene.run(program, input_arguments(file))
        assert completed.exit_code
        assert completed.stop_reason is None
        assert completed.wall_seconds < 5
        assert completed.peak_rss_bytes < 100 << 20


# --- as jobs ---
def make_of(acme, content: bytes) -> Job:
    return drive(make_job(acme, upload(acme, content, "clip.mp4")))


def said_about(job: Job) -> str:
    """All that is kept about a job, and may be shown: faults, evidence, probes."""
    rows = [*Job.objects.filter(id=job.id).values(), *job.attempts.values(), *job.sources.values()]
    texts = [read_stderr(attempt.stderr).decode() for attempt in job.attempts.all() if attempt.stderr]
    return repr(rows) + "".join(texts)


@by_construct
@pytest.mark.django_db(transaction=True)
def test_a_job_of_it_fails_and_tells_nothing(construct: Construct, acme, scene: Scene) -> None:
    if construct.own_name:
        pytest.skip("a source's name never reaches the disk")
    job = make_of(acme, construct.content(scene.places, "0.bin").encode())
    assert scene.touched() == []
    assert (job.state, job.fault_bucket) == (JobState.FAILED, "failed_input")
    assert stored(acme) == {}
    assert not Output.objects.filter(job=job).exists()
    assert "secret:" not in said_about(job)
