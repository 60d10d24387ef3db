"""Keeping a stack up in the foreground: what goes wrong is shown, what ended is started again."""

import json
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from config.embedded.child import Child

WATCH_SECONDS = 0.5
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 30.0
# One that ran this long before it ended did not end because of how it starts.
SETTLED_SECONDS = 60.0
SHOWN_CHARACTERS = 300  # of a warning; the log has all of it
WARNING_LEVELS = frozenset({"warning", "error", "critical"})
PLAIN_WARNINGS = ("[WARNING]", "[ERROR]", "[CRITICAL]", "Traceback (most recent call last)")

Show = Callable[[str, str], None]


@dataclass(slots=True)
class _Watched:
    child: Child
    shown_bytes: int
    started_at: float
    pause_seconds: float
    restart_at: float | None = None


def watch(children: list[Child], show: Show) -> None:
    """Look after running `children` until interrupted (KeyboardInterrupt).

    `show` hears (name, line) of every warning in their logs, and of every end and new start.
    """
    watched = [_Watched(child, _size(child.log), time.monotonic(), FIRST_PAUSE_SECONDS) for child in children]
    while True:
        for one in watched:
            _show_warnings(one, show)
            _keep_running(one, show)
        time.sleep(WATCH_SECONDS)


def _keep_running(one: _Watched, show: Show) -> None:
    now = time.monotonic()
    if one.restart_at is not None and now >= one.restart_at:
        one.restart_at = None
        one.started_at = now
        one.child.start()
        show(one.child.name, "started again")
    elif one.restart_at is None and not one.child.running:
        if now - one.started_at > SETTLED_SECONDS:
            one.pause_seconds = FIRST_PAUSE_SECONDS
        one.restart_at = now + one.pause_seconds
        one.child.kill()  # what it leaves behind (a web worker, say) would hold its port
        show(one.child.name, f"ended with {one.child.exit_code}; starts again in {one.pause_seconds:g} s")
        show(one.child.name, one.child.log_tail(5))
        one.pause_seconds = min(2 * one.pause_seconds, LONGEST_PAUSE_SECONDS)


def _show_warnings(one: _Watched, show: Show) -> None:
    with one.child.log.open("rb") as log:
        log.seek(one.shown_bytes)
        fresh = log.read()
    whole_lines = fresh[: fresh.rfind(b"\n") + 1]
    one.shown_bytes += len(whole_lines)
    for line in whole_lines.decode(errors="replace").splitlines():
        warning = as_warning(line)
        if warning:
            show(one.child.name, warning)


def as_warning(line: str) -> str:
    """What of a log's line a person should see; "" for what is no warning.

    Reads Reelchord's own lines (a JSON object with `level` and `event`) and the plain ones of gunicorn.
    """
    if not line.startswith("{"):
        return line if any(mark in line for mark in PLAIN_WARNINGS) else ""
    try:
        entry = json.loads(line)
    except ValueError:
        return ""
    if entry.get("level") not in WARNING_LEVELS:
        return ""
    hidden = {"level", "event", "timestamp", "logger"}
    details = " ".join(f"{key}={value}" for key, value in entry.items() if key not in hidden)
    text = f"{entry['level']}: {entry.get('event', '')} {details}"
    return textwrap.shorten(text, SHOWN_CHARACTERS, placeholder=" ...")


def _size(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0
