"""Processes that want too much, and the guards that each of them meets."""

import os
import resource
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.ffmpeg.memory import MemoryLayer, memory_layers, oom_kills, resident_bytes
from adapters.ffmpeg.process import ChildProcess
from adapters.ffmpeg.rlimits import address_space_bytes, resource_limits
from adapters.ffmpeg.stderr import diagnose
from adapters.ffmpeg.supervisor import Completed, Limits, StopReason, supervise
from jobs.faults import Bucket, fault
from tests.ffmpeg.boxes import box_of

MIB = 1 << 20
CGROUP_V1 = Path("/sys/fs/cgroup/memory")
HOLD = "held = bytearray(b'x') * {bytes}; import pathlib, time; pathlib.Path('held').touch(); time.sleep(60)"


def supervise_python(
    script: str,
    workspace: Path,
    *,
    memory_bytes: int | None,
    output_bytes: int | None = None,
    also_writable: tuple[Path, ...] = (),
) -> Completed:
    return supervise(
        (sys.executable, "-c", script),
        workspace=workspace,
        box=box_of(workspace, *also_writable),
        stderr_file=workspace / "stderr.log",
        limits=Limits(30, 30, output_bytes, grace_seconds=20, memory_bytes=memory_bytes),
        on_output=lambda data: True,
        stop_reason=lambda: None,
    )


def bucket_of(completed: Completed, workspace: Path) -> Bucket:
    diagnosis = diagnose(
        stop_reason=completed.stop_reason,
        signal=completed.signal,
        exit_code=completed.exit_code,
        stderr=(workspace / "stderr.log").read_text(),
        stop_detail=completed.stop_detail,
    )
    return fault(diagnosis.code).bucket


def test_a_process_over_its_memory_is_killed_at_once_by_the_supervisor_who_says_so(tmp_path: Path) -> None:
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    completed = supervise_python(deaf + HOLD.format(bytes=200 * MIB), tmp_path, memory_bytes=100 * MIB)
    assert completed.stop_reason is StopReason.OUT_OF_MEMORY
    assert completed.signal == signal.SIGKILL
    assert completed.wall_seconds < 15  # no grace
    assert completed.stop_detail.startswith("killed by the supervisor: ")
    assert completed.stop_detail.endswith(" MiB resident, the limit is 100")
    assert bucket_of(completed, tmp_path) is Bucket.RESOURCES


def test_the_memory_of_children_counts(tmp_path: Path) -> None:
    child = HOLD.format(bytes=200 * MIB)
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    completed = supervise_python(script, tmp_path, memory_bytes=150 * MIB)
    assert completed.stop_reason is StopReason.OUT_OF_MEMORY


def test_a_process_within_its_memory_is_left_alone(tmp_path: Path) -> None:
    script = "held = bytearray(b'x') * 50_000_000; import time; time.sleep(0.7)"
    completed = supervise_python(script, tmp_path, memory_bytes=200 * MIB)
    assert (completed.exit_code, completed.stop_reason, completed.stop_detail) == (0, None, "")


def test_resident_memory_is_seen_and_that_of_an_ended_process_is_nothing(tmp_path: Path) -> None:
    with (tmp_path / "stderr.log").open("wb") as stderr:
        argv = (sys.executable, "-c", HOLD.format(bytes=100 * MIB))
        with ChildProcess(argv, workspace=tmp_path, box=box_of(tmp_path), stderr=stderr) as child:
            while not (tmp_path / "held").exists():
                os.sched_yield()
            assert 100 * MIB < resident_bytes(child.pid) < 200 * MIB
    assert resident_bytes(child.pid) == 0


def test_a_real_encode_runs_well_within_its_backstops(
    ffmpeg: Path, ffmpeg_other: Path, tmp_path: Path
) -> None:
    for binary in (ffmpeg, ffmpeg_other):
        completed = supervise(
            (
                str(binary), "-nostdin", "-y", "-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=25:duration=2",
                "-c:v", "libx264", "-preset", "veryfast", "-threads", "16", "-f", "mp4", "out.mp4",
            ),
            workspace=tmp_path,
            box=box_of(tmp_path),
            stderr_file=tmp_path / "stderr.log",
            limits=Limits(60, 60, 10 * MIB, memory_bytes=512 * MIB),
            on_output=lambda data: True,
            stop_reason=lambda: None,
        )  # fmt: skip
        assert (completed.exit_code, completed.stop_reason) == (0, None)


# --- the kernel's limits ---


def test_the_backstops_are_set_in_the_process(tmp_path: Path) -> None:
    script = (
        "import resource as r, pathlib; pathlib.Path('limits').write_text(repr([r.getrlimit(n) for n in"
        " (r.RLIMIT_CORE, r.RLIMIT_NOFILE, r.RLIMIT_FSIZE, r.RLIMIT_AS)]))"
    )
    supervise_python(script, tmp_path, memory_bytes=MIB * 512, output_bytes=MIB)
    files, space = MIB + 4096, 4 << 30
    expected = [(0, 0), (256, 256), (files, files), (space, space)]
    assert (tmp_path / "limits").read_text() == repr(expected)


def test_without_a_limit_of_ours_there_is_no_backstop_for_it() -> None:
    limits = resource_limits(Limits(1, 1, None))
    assert limits == {resource.RLIMIT_CORE: 0, resource.RLIMIT_NOFILE: 256}


def test_no_backstop_is_above_what_the_worker_itself_may_use(tmp_path: Path) -> None:
    script = "import resource as r, pathlib; pathlib.Path('n').write_text(str(r.getrlimit(r.RLIMIT_NOFILE)))"
    with (tmp_path / "stderr.log").open("wb") as stderr:
        argv = (sys.executable, "-c", script)
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        limits = {resource.RLIMIT_NOFILE: most + 1000}
        with ChildProcess(
            argv, workspace=tmp_path, box=box_of(tmp_path), stderr=stderr, resource_limits=limits
        ) as child:
            assert child.reap().exit_code == 0
    assert (tmp_path / "n").read_text() == str((most, most))


def test_a_process_that_maps_more_than_the_backstop_gets_no_memory(tmp_path: Path) -> None:
    script = f"import mmap; mmap.mmap(-1, {address_space_bytes(64 * MIB)})"
    completed = supervise_python(script, tmp_path, memory_bytes=64 * MIB)
    assert (completed.exit_code, completed.stop_reason) == (1, None)
    assert "Cannot allocate memory" in (tmp_path / "stderr.log").read_text()


def test_ffmpeg_without_address_space_is_out_of_memory(
    ffmpeg: Path, ffmpeg_other: Path, tmp_path: Path
) -> None:
    for binary in (ffmpeg, ffmpeg_other):
        with (tmp_path / "stderr.log").open("wb") as stderr:
            argv = (
                str(binary), "-nostdin", "-loglevel", "level+warning",
                "-f", "lavfi", "-i", "color=size=7680x4320:rate=25:duration=2", "-c:v", "libx264", "-f", "null", "-",
            )  # fmt: skip
            limits = {resource.RLIMIT_AS: 500 * MIB}
            with ChildProcess(
                argv, workspace=tmp_path, box=box_of(tmp_path), stderr=stderr, resource_limits=limits
            ) as child:
                end = child.reap()
        diagnosis = diagnose(
            stop_reason=None,
            signal=end.signal,
            exit_code=end.exit_code,
            stderr=(tmp_path / "stderr.log").read_text(),
        )
        assert fault(diagnosis.code).bucket is Bucket.RESOURCES, diagnosis


def test_a_file_of_a_size_that_no_look_could_prevent_is_too_large(ffmpeg: Path, tmp_path: Path) -> None:
    completed = supervise(
        (
            str(ffmpeg), "-nostdin", "-y", "-loglevel", "level+warning",
            "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=1", "-f", "rawvideo", "out",
        ),
        workspace=tmp_path,
        box=box_of(tmp_path),
        stderr_file=tmp_path / "stderr.log",
        limits=Limits(60, 60, MIB),
        on_output=lambda data: True,
        stop_reason=lambda: None,
    )  # fmt: skip
    assert (tmp_path / "out").stat().st_size == MIB + 4096
    assert completed.stop_reason is StopReason.OUTPUT_TOO_LARGE


# --- the kernel's killer ---


@pytest.fixture
def small_container() -> Iterator[Path]:
    """A memory group of 40 MiB that this process may put others into (cgroup v1, as root)."""
    group = CGROUP_V1 / f"reelchord-test-{os.getpid()}"
    try:
        group.mkdir()
    except OSError:
        pytest.skip("no memory control group can be made here")
    try:
        (group / "memory.limit_in_bytes").write_text(str(40 * MIB))
        yield group
    finally:
        group.rmdir()


def test_a_process_that_the_kernel_kills_for_memory_was_not_killed_by_just_anybody(
    small_container: Path, tmp_path: Path
) -> None:
    script = (
        f"import os, pathlib; pathlib.Path('{small_container}/cgroup.procs').write_text(str(os.getpid()));"
        "held = bytearray(b'x') * 200_000_000"
    )
    completed = supervise_python(script, tmp_path, memory_bytes=None, also_writable=(small_container,))
    assert completed.signal == signal.SIGKILL
    assert completed.stop_reason is StopReason.OUT_OF_MEMORY
    assert completed.stop_detail == "killed by the kernel: the machine or container ran out"
    assert bucket_of(completed, tmp_path) is Bucket.RESOURCES


def test_a_process_that_somebody_kills_is_just_killed(tmp_path: Path) -> None:
    completed = supervise_python("import os; os.kill(os.getpid(), 9)", tmp_path, memory_bytes=None)
    assert (completed.signal, completed.stop_reason) == (signal.SIGKILL, None)
    assert bucket_of(completed, tmp_path) is Bucket.TRANSIENT


def test_the_oom_killer_finds_the_process_before_the_worker(tmp_path: Path) -> None:
    script = "import pathlib; pathlib.Path('score').write_text(open('/proc/self/oom_score_adj').read())"
    supervise_python(script, tmp_path, memory_bytes=None)
    own = int(Path("/proc/self/oom_score_adj").read_text())
    assert int((tmp_path / "score").read_text()) == max(500, own)


def test_an_operator_can_ask_which_guards_hold_here() -> None:
    layers = memory_layers()
    assert [layer.name for layer in layers] == ["cgroup", "resident", "address_space", "oom_counter"]
    assert layers[1:3] == (
        MemoryLayer("resident", True, "The supervisor looks at VmRSS five times a second and kills."),
        MemoryLayer("address_space", True, "RLIMIT_AS, far above the limit: a backstop."),
    )
    assert layers[3].is_active is (oom_kills() is not None)
    assert all(layer.detail.endswith(".") for layer in layers)
