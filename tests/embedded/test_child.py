"""A child of the stack: ready in time, stopped in time, and gone with its launcher."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from config.embedded.child import Child, NotReady

ROOT = Path(__file__).resolve().parents[2]
DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(60)
"""


def python(code: str, log: Path) -> Child:
    return Child("python", [sys.executable, "-c", code], log=log)


def eventually(holds: Callable[[], bool], seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def is_gone(pid: int) -> bool:
    """No such process, or a zombie that nobody has reaped yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_a_child_dies_when_its_launcher_is_killed(tmp_path: Path) -> None:
    launcher = f"""
import time
from pathlib import Path
from config.embedded.child import Child
child = Child("sleep", ["/bin/sleep", "60"], log=Path({str(tmp_path / "log")!r}))
child.start()
print(child.pid, flush=True)
time.sleep(60)
"""
    with subprocess.Popen(
        [sys.executable, "-c", launcher], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        # Past the shim: from here on only the kernel can tell it.
        assert eventually(lambda: Path(f"/proc/{pid}/comm").read_text() == "sleep\n")
        process.kill()
    assert eventually(lambda: is_gone(pid))


def test_a_child_that_ignores_the_stop_signal_is_killed_after_its_grace(tmp_path: Path) -> None:
    child = python(DEAF, tmp_path / "log")
    child.start()
    child.wait_until(lambda: "deaf" in child.log_since_start(), seconds=20)
    child.stop(grace_seconds=0.1)
    assert child.exit_code == -signal.SIGKILL


def test_what_a_child_left_behind_is_killed_with_it(tmp_path: Path) -> None:
    code = "import subprocess; print(subprocess.Popen(['sleep', '60']).pid, flush=True)"
    child = python(code, tmp_path / "log")
    child.start()
    assert child.wait(seconds=20) == 0
    pid = int(child.log_tail())
    assert not is_gone(pid)
    child.stop(grace_seconds=5)
    assert eventually(lambda: is_gone(pid))


def test_a_child_that_ends_early_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    child = python("print('no room left'); raise SystemExit(7)", tmp_path / "log")
    child.start()
    with pytest.raises(NotReady, match=r"python ended with 7\.\nno room left"):
        child.wait_until(lambda: False, seconds=20)


def test_a_child_that_is_never_ready_is_reported_after_the_deadline(tmp_path: Path) -> None:
    child = python("import time; time.sleep(60)", tmp_path / "log")
    child.start()
    with pytest.raises(NotReady, match=r"python was not ready within 0\.05 s"):
        child.wait_until(lambda: False, seconds=0.05)
    child.kill()


def test_a_child_starts_again_and_tells_this_start_from_the_last(tmp_path: Path) -> None:
    child = python("import os; print(os.getpid())", tmp_path / "log")
    said = []
    for _ in range(2):
        child.start()
        pid = child.pid
        assert child.wait(seconds=20) == 0
        said.append(child.log_since_start())
        assert said[-1] == f"{pid}\n"
    assert (tmp_path / "log").read_text() == "".join(said)


def test_a_child_gets_no_environment_but_its_own(tmp_path: Path) -> None:
    child = Child("env", ["/usr/bin/env"], log=tmp_path / "log", environment={"LANG": "C.UTF-8"})
    child.start()
    assert child.wait(seconds=20) == 0
    assert child.log_since_start() == "LANG=C.UTF-8\n"


def test_stopping_what_never_started_is_fine(tmp_path: Path) -> None:
    child = python("", tmp_path / "log")
    child.stop(grace_seconds=1)
    assert child.pid is None
    assert list(tmp_path.iterdir()) == []
