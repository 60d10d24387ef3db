"""A five-rung ladder through the service with two slots, beside its FFmpeg commands run two at a time."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.bench.bed import SLOTS, Argv, Bed, elsewhere, run_bare
from tests.bench.results import Goal, Row
from tests.bench.sources import beginning, long_clip

PRESET = "hls-1080p"
POLL_SECONDS = 0.02


def measure(bed: Bed, *, pairs: int, seconds: int | None = None) -> list[Row]:
    """`seconds` cuts the source: then the fixed costs weigh more than the goal allows for."""
    clip = long_clip() if seconds is None else beginning(long_clip(), seconds)
    source = bed.upload(clip)
    service, script = [], []
    for _ in range(pairs):
        began = time.monotonic()
        job = bed.submit(source, PRESET)
        bed.wait([job], poll_seconds=POLL_SECONDS)
        service.append(time.monotonic() - began)
        script.append(_two_at_a_time(bed.commands(job), clip, bed.folder))
    title = f"ladder {PRESET}, {clip.stem}, submit to final"
    goal = Goal("ratio", at_most=1.05) if seconds is None else None
    return [Row("ladder", title, "s", service, "same commands, two at a time", script, "ratio", goal)]


def _two_at_a_time(commands: list[Argv], clip: Path, folder: Path) -> float:
    moved = [elsewhere(command, clip, folder) for command in commands]
    began = time.monotonic()
    with ThreadPoolExecutor(SLOTS) as pool:
        list(pool.map(run_bare, moved))
    return time.monotonic() - began
