"""Real processes, good and bad, under the supervisor."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.ffmpeg.process import ChildProcess
from adapters.ffmpeg.progress import Progress
from adapters.ffmpeg.sandbox import launcher
from adapters.ffmpeg.supervisor import Completed, Limits, StopReason, run, supervise
from tests.ffmpeg.boxes import box_of

DEADLINE_SECONDS = 20.0
GENEROUS = Limits(wall_seconds=DEADLINE_SECONDS, stall_seconds=DEADLINE_SECONDS, output_bytes=None)


def never() -> None:
    return None


def supervise_python(
    script: str,
    workspace: Path,
    *,
    limits: Limits = GENEROUS,
    stop_reason: Callable[[], StopReason | None] = never,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Completed:
    return run(
        (sys.executable, "-c", script),
        workspace=workspace,
        box=box_of(workspace),
        stderr_file=workspace / "stderr.log",
        limits=limits,
        on_progress=on_progress,
        stop_reason=stop_reason,
    )


def when_exists(path: Path, reason: StopReason) -> Callable[[], StopReason | None]:
    """A stop reason that comes up once the child has got as far as making `path`."""
    return lambda: reason if path.exists() else None


def is_gone(pid: int) -> bool:
    """Ended, though perhaps not yet reaped by whoever inherited it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "nothing happened in time"
        os.sched_yield()


def test_progress_of_a_real_encode_is_seen_up_to_its_end(ffmpeg: Path, tmp_path: Path) -> None:
    seen: list[Progress] = []
    completed = run(
        (
            str(ffmpeg), "-nostdin", "-nostats", "-loglevel", "level+warning", "-progress", "pipe:1",
            "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=2",
            "-c:v", "libx264", "-preset", "ultrafast", "-f", "mp4", "out.mp4",
        ),
        workspace=tmp_path,
        box=box_of(tmp_path),
        stderr_file=tmp_path / "stderr.log",
        limits=GENEROUS,
        on_progress=seen.append,
        stop_reason=never,
    )  # fmt: skip
    assert (completed.exit_code, completed.signal, completed.stop_reason) == (0, None, None)
    assert seen[-1].ended
    assert seen[-1].frame == 50
    assert completed.last_progress == seen[-1]
    assert (tmp_path / "out.mp4").stat().st_size == seen[-1].size_bytes
    assert completed.cpu_seconds > 0
    assert 0 < completed.wall_seconds < DEADLINE_SECONDS
    assert completed.started_at.tzinfo is not None


def test_an_exit_code_and_a_signal_are_told_apart(tmp_path: Path) -> None:
    by_code = supervise_python("raise SystemExit(7)", tmp_path)
    by_signal = supervise_python("import os; os.kill(os.getpid(), 11)", tmp_path)
    assert (by_code.exit_code, by_code.signal) == (7, None)
    assert (by_signal.exit_code, by_signal.signal) == (None, signal.SIGSEGV)


def test_a_child_that_ignores_sigterm_is_killed_after_its_grace(tmp_path: Path) -> None:
    script = (
        "import signal, pathlib, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "pathlib.Path('deaf').touch(); time.sleep(60)"
    )
    limits = Limits(DEADLINE_SECONDS, DEADLINE_SECONDS, None, grace_seconds=0.3)
    completed = supervise_python(
        script, tmp_path, limits=limits, stop_reason=when_exists(tmp_path / "deaf", StopReason.CANCELLED)
    )
    assert completed.stop_reason is StopReason.CANCELLED
    assert completed.signal == signal.SIGKILL


def test_a_child_that_heeds_sigterm_may_finish_in_its_grace(tmp_path: Path) -> None:
    script = (
        "import signal, pathlib, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(255));"
        "pathlib.Path('ready').touch(); time.sleep(60)"
    )
    completed = supervise_python(
        script, tmp_path, stop_reason=when_exists(tmp_path / "ready", StopReason.LEASE_LOST)
    )
    assert completed.stop_reason is StopReason.LEASE_LOST
    assert completed.exit_code == 255


def test_a_worker_that_blocks_sigterm_does_not_make_its_child_deaf(tmp_path: Path) -> None:
    script = "import pathlib, time; pathlib.Path('ready').touch(); time.sleep(60)"
    old = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        completed = supervise_python(
            script, tmp_path, stop_reason=when_exists(tmp_path / "ready", StopReason.WORKER_STOPPING)
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, old)
    assert completed.signal == signal.SIGTERM


def test_a_child_that_shows_no_progress_is_stalled(tmp_path: Path) -> None:
    script = "import time\nwhile True: print('frame=1\\nprogress=continue', flush=True); time.sleep(0.05)"
    limits = Limits(DEADLINE_SECONDS, 0.5, None, grace_seconds=1)
    assert supervise_python(script, tmp_path, limits=limits).stop_reason is StopReason.STALLED


def test_a_child_that_only_rewrites_its_output_is_not_stalled(tmp_path: Path) -> None:
    script = (
        "import pathlib, time\n"
        "end = time.monotonic() + 1.5\n"
        "while time.monotonic() < end: pathlib.Path('out').write_bytes(b'x'); time.sleep(0.05)"
    )
    completed = supervise_python(script, tmp_path, limits=Limits(DEADLINE_SECONDS, 0.5, None))
    assert (completed.exit_code, completed.stop_reason) == (0, None)


def test_a_child_over_the_wall_limit_is_timed_out_though_it_advances(tmp_path: Path) -> None:
    script = (
        "import itertools, time\n"
        "for n in itertools.count(): print(f'frame={n}\\nprogress=continue', flush=True); time.sleep(0.05)"
    )
    limits = Limits(0.5, DEADLINE_SECONDS, None, grace_seconds=1)
    assert supervise_python(script, tmp_path, limits=limits).stop_reason is StopReason.TIMED_OUT


def test_a_child_over_the_wall_limit_that_ignores_sigterm_is_killed_after_its_grace(tmp_path: Path) -> None:
    script = (
        "import signal, pathlib, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "pathlib.Path('deaf').touch(); time.sleep(60)"
    )
    limits = Limits(1.0, DEADLINE_SECONDS, None, grace_seconds=0.5)
    completed = supervise_python(script, tmp_path, limits=limits)
    assert (tmp_path / "deaf").exists()
    assert (completed.stop_reason, completed.signal) == (StopReason.TIMED_OUT, signal.SIGKILL)
    assert 1.5 < completed.wall_seconds < 10
    assert completed.stop_detail == "still running after 1 s, the wall-clock limit"


def test_a_running_child_whose_output_grows_too_large_is_stopped(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(bytes(3_000_000))
    script = (
        "import time\nwith open('out', 'wb') as out:\n while True: out.write(bytes(100_000)); time.sleep(.02)"
    )
    limits = Limits(DEADLINE_SECONDS, DEADLINE_SECONDS, output_bytes=1_000_000, grace_seconds=1)
    assert supervise_python(script, tmp_path, limits=limits).stop_reason is StopReason.OUTPUT_TOO_LARGE


def test_a_child_that_floods_its_stderr_and_ends_at_once_is_too_large(tmp_path: Path) -> None:
    limits = Limits(DEADLINE_SECONDS, DEADLINE_SECONDS, output_bytes=1_000_000)
    completed = supervise_python("import os; os.write(2, bytes(2_000_000))", tmp_path, limits=limits)
    assert completed.exit_code == 0
    assert completed.stop_reason is StopReason.OUTPUT_TOO_LARGE


def test_nothing_of_stdout_is_lost_at_the_end(tmp_path: Path) -> None:
    for size in (1, 65_536, 1_000_003):
        taken = bytearray()

        def take(data: bytes, taken: bytearray = taken) -> bool:
            taken.extend(data)
            return True

        supervise(
            (sys.executable, "-c", f"import sys; sys.stdout.write('x' * {size})"),
            workspace=tmp_path,
            box=box_of(tmp_path),
            stderr_file=tmp_path / "stderr.log",
            limits=GENEROUS,
            on_output=take,
            stop_reason=never,
        )
        assert len(taken) == size


def test_stderr_is_kept_whole(tmp_path: Path) -> None:
    script = "import sys\nfor n in range(100_000): print('line', n, file=sys.stderr)"
    supervise_python(script, tmp_path)
    lines = (tmp_path / "stderr.log").read_text().splitlines()
    assert lines == [f"line {n}" for n in range(100_000)]


def test_the_environment_holds_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
    script = "import json, os, pathlib; pathlib.Path('env').write_text('\\n'.join(os.environ))"
    supervise_python(script, tmp_path)
    assert (tmp_path / "env").read_text() == "LANG"


def test_open_files_of_the_worker_stay_with_the_worker(tmp_path: Path) -> None:
    script = "import os, pathlib; pathlib.Path('fds').write_text(str(len(os.listdir('/proc/self/fd'))))"
    with (tmp_path / "secret").open("w") as secret:
        os.set_inheritable(secret.fileno(), True)
        supervise_python(script, tmp_path)
    assert (tmp_path / "fds").read_text() == "4"  # three streams, and the folder being listed


def test_a_grandchild_does_not_survive_its_parent(tmp_path: Path) -> None:
    script = (
        "import pathlib, subprocess, sys;"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
        "pathlib.Path('grandchild').write_text(str(p.pid))"
    )
    completed = supervise_python(script, tmp_path)
    assert completed.exit_code == 0
    wait_until(lambda: is_gone(int((tmp_path / "grandchild").read_text())))


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_exception_of_a_callback_kills_the_child_first(error: type[BaseException], tmp_path: Path) -> None:
    script = (
        "import os, pathlib, time; pathlib.Path('pid').write_text(str(os.getpid()));"
        "print('progress=continue', flush=True); time.sleep(60)"
    )

    def fail(progress: Progress) -> None:
        raise error

    with pytest.raises(error):
        supervise_python(script, tmp_path, on_progress=fail)
    assert is_gone(int((tmp_path / "pid").read_text()))


def test_an_exception_of_a_signal_handler_kills_the_child_first(tmp_path: Path) -> None:
    script = "import os, pathlib, time; pathlib.Path('pid').write_text(str(os.getpid())); time.sleep(60)"

    def interrupt() -> None:
        if (tmp_path / "pid").exists():
            os.kill(os.getpid(), signal.SIGUSR1)

    def stop(number: int, frame: object) -> None:
        raise SystemExit(1)

    old = signal.signal(signal.SIGUSR1, stop)
    try:
        with pytest.raises(SystemExit):
            supervise_python(script, tmp_path, stop_reason=interrupt)
    finally:
        signal.signal(signal.SIGUSR1, old)
    assert is_gone(int((tmp_path / "pid").read_text()))


def test_a_child_dies_with_a_worker_that_is_killed(tmp_path: Path) -> None:
    child = "import os, pathlib, time; pathlib.Path('child').write_text(str(os.getpid())); time.sleep(60)"
    worker = (
        "import sys; from pathlib import Path\n"
        "from adapters.ffmpeg.supervisor import Limits, run\n"
        "from tests.ffmpeg.boxes import box_of\n"
        f"run((sys.executable, '-c', {child!r}), workspace=Path({str(tmp_path)!r}),"
        f" box=box_of(Path({str(tmp_path)!r})),"
        f" stderr_file=Path({str(tmp_path / 'stderr.log')!r}), limits=Limits(60, 60, None),"
        " on_progress=print, stop_reason=lambda: None)"
    )
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen([sys.executable, "-c", worker], cwd=root) as process:
        pid_file = tmp_path / "child"
        wait_until(lambda: pid_file.exists() and pid_file.read_text() != "")
        pid = int(pid_file.read_text())
        assert not is_gone(pid)
        process.send_signal(signal.SIGKILL)
        wait_until(lambda: is_gone(pid))


def test_a_child_whose_worker_is_already_dead_does_not_start(tmp_path: Path) -> None:
    not_the_parent = 1 if os.getpid() != 1 else 2
    marker = tmp_path / "started"
    script = (
        f"from pathlib import Path; from adapters.ffmpeg.sandbox.launcher import tie_to; tie_to({not_the_parent});"
        f" Path({str(marker)!r}).touch()"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=Path(__file__).resolve().parents[2])
    assert done.returncode == 127
    assert not marker.exists()


def test_a_missing_binary_is_exit_code_127_with_a_reason(tmp_path: Path) -> None:
    completed = supervise(
        ("/nowhere/ffmpeg",),
        workspace=tmp_path,
        box=box_of(tmp_path),
        stderr_file=tmp_path / "stderr.log",
        limits=GENEROUS,
        on_output=lambda data: True,
        stop_reason=never,
    )
    assert completed.exit_code == 127
    assert (tmp_path / "stderr.log").read_text() == (
        "[fatal] launcher: cannot execute /nowhere/ffmpeg: No such file or directory\n"
    )


def test_a_child_that_writes_files_without_end_is_stopped(tmp_path: Path) -> None:
    script = (
        "import os, pathlib, time\n"
        "for number in range(5000): pathlib.Path(str(number)).touch()\n"
        "time.sleep(60)"
    )
    completed = supervise_python(script, tmp_path)
    assert completed.stop_reason is StopReason.OUTPUT_TOO_LARGE
    assert completed.stop_detail == "more than 4000 files written"


def test_a_launcher_ends_when_its_worker_breaks_off_amid_a_request() -> None:
    mine, theirs = socket.socketpair()
    serving = threading.Thread(target=launcher.serve, args=(theirs,), daemon=True)
    serving.start()
    mine.sendall(launcher.LENGTH.pack(1000) + b"the beginning of a request")
    mine.close()
    serving.join(DEADLINE_SECONDS)
    assert not serving.is_alive()
    theirs.close()


def test_peak_memory_is_the_childs_and_not_the_workers(tmp_path: Path) -> None:
    ballast = bytearray(os.urandom(1)) * 200_000_000
    completed = supervise_python("held = b'x' * 60_000_000; print('progress=continue', flush=True)", tmp_path)
    del ballast
    assert 60_000_000 < completed.peak_rss_bytes < 150_000_000


def test_the_end_is_noticed_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def one() -> Completed:
        return supervise(
            ("/bin/true",),
            workspace=tmp_path,
            box=box_of(tmp_path),
            stderr_file=tmp_path / "stderr.log",
            limits=GENEROUS,
            on_output=lambda data: True,
            stop_reason=never,
        )

    fastest = min(one().wall_seconds for _ in range(10))
    with capsys.disabled():
        sys.stdout.write(f"\n/bin/true under the supervisor: {fastest * 1000:.1f} ms\n")
    # The loop's tick is 0.2 s: a wait of a fixed period would show.
    assert fastest < 0.15


def test_leaving_the_context_leaves_neither_process_nor_open_file(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    with (tmp_path / "stderr.log").open("wb") as stderr:
        argv = (sys.executable, "-c", "import time; time.sleep(60)")
        with ChildProcess(argv, workspace=tmp_path, box=box_of(tmp_path), stderr=stderr) as child:
            pid = child.pid
    assert is_gone(pid)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
