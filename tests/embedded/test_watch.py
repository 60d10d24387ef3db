"""The foreground's eye: what is shown, and that what ended comes back."""

import sys
from pathlib import Path

import pytest

from config.embedded import watch as watch_module
from config.embedded.child import Child
from config.embedded.watch import as_warning, watch


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('{"event": "claimed", "level": "info"}', ""),
        ('{"event": "database away", "level": "warning", "error": "x"}', "warning: database away error=x"),
        ('{"event": "boom", "level": "error", "logger": "a", "timestamp": "b"}', "error: boom"),
        ("[2026-01-01 00:00:00 +0000] [7] [INFO] Booting worker", ""),
        (
            "[2026-01-01 00:00:00 +0000] [7] [ERROR] Worker died",
            "[2026-01-01 00:00:00 +0000] [7] [ERROR] Worker died",
        ),
        ('{"half a line', ""),
    ],
)
def test_only_warnings_reach_the_terminal(line: str, shown: str) -> None:
    assert as_warning(line) == shown


def test_a_child_that_ended_is_reported_and_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_module, "WATCH_SECONDS", 0.01)
    monkeypatch.setattr(watch_module, "FIRST_PAUSE_SECONDS", 0.01)
    child = Child("fickle", [sys.executable, "-c", "print('oh no'); exit(3)"], log=tmp_path / "log")
    child.start()
    child.wait(seconds=20)
    heard: list[tuple[str, str]] = []

    def show(name: str, line: str) -> None:
        heard.append((name, line))
        if line == "started again":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        watch([child], show)
    child.kill()
    assert [name for name, _ in heard] == ["fickle"] * 3
    assert heard[0][1].startswith("ended with 3; starts again in")
    assert heard[1][1] == "oh no"


def test_what_an_ended_child_left_running_is_gone_before_it_starts_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_module, "WATCH_SECONDS", 0.01)
    monkeypatch.setattr(watch_module, "FIRST_PAUSE_SECONDS", 0.01)
    held = tmp_path / "held"
    # The one left behind holds a lock, as gunicorn's workers hold their port.
    code = f"""
import fcntl, subprocess, sys
lock = open({str(held)!r}, "w")
fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
subprocess.Popen(["sleep", "60"], pass_fds=[lock.fileno()])
print("locked", flush=True)
"""
    child = Child("holder", [sys.executable, "-c", code], log=tmp_path / "log")
    child.start()
    assert child.wait(seconds=20) == 0

    def show(name: str, line: str) -> None:
        if line == "started again":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        watch([child], show)
    code_of_second_start = child.wait(seconds=20)
    child.kill()
    assert (code_of_second_start, child.log_since_start()) == (0, "locked\n")
