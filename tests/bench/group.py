"""A five-rung ladder as a group beside the same ladder as separate encodes, and beside one FFmpeg for all of it.

All three in turns, on two slots. The bare command is the group's own with the sound as one output more: nothing
that FFmpeg could do with less work is known to us.
"""

import os
import subprocess
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from jobs.planner.presets import AAC, h264
from jobs.planner.specs import Ladder
from tests.bench.bed import Argv, Bed
from tests.bench.results import Compared, Goal, Row
from tests.bench.sources import beginning, long_clip

# A look at the database costs the encode next to it CPU: fifty in a second were 1.6 % of its wall clock. The end is
# read from there, so that it does not have to be seen when it comes.
POLL_SECONDS = 0.5
CASCADE_MIN_SSIM = 0.98
CAPS_KBPS = {1080: 5000, 720: 2800, 480: 1400, 360: 800, 240: 400}
# What is promised of the group beside separate encodes, at each speed: CPU and wall.
GOALS = {"veryfast": (0.70, 0.72), "medium": (0.82, 0.85)}
OF_THE_BARE_COMMAND = 1.03

Cost = tuple[float, float]
"""CPU and wall, in seconds."""


def measure(bed: Bed, *, pairs: int, speed: str, seconds: int | None = None) -> list[Row]:
    """`seconds` cuts the source: then the fixed costs weigh more than the goals allow for, and there are none."""
    clip = long_clip() if seconds is None else beginning(long_clip(), seconds)
    source = bed.upload(clip)
    together: list[Cost] = []
    apart: list[Cost] = []
    bare: list[Cost] = []
    inside: list[Cost] = []
    commands: list[Argv] = []

    def run_together() -> None:
        wall, job = _through_the_service(bed, source, _ladder(speed, "group"))
        commands[:] = bed.commands(job)
        together.append((bed.cpu_seconds(job), wall))
        inside.append((bed.cpu_seconds(job), bed.longest_process_seconds(job)))

    def run_bare() -> None:
        bare.append(_run_bare(_in_one(commands), clip, bed.folder))

    def run_apart() -> None:
        wall, job = _through_the_service(bed, source, _ladder(speed, "separate"))
        apart.append((bed.cpu_seconds(job), wall))

    turns = (run_together, run_bare, run_apart)
    for number in range(pairs):
        # There and back: a machine that gets slower all the while is on nobody's side.
        for turn in turns if number % 2 == 0 else reversed(turns):
            turn()
    rows = []
    for position, what in enumerate(("CPU", "wall")):
        for title, beside, most in (
            ("separate encodes", apart, GOALS[speed][position]),
            ("one bare FFmpeg", bare, OF_THE_BARE_COMMAND),
        ):
            goal = Goal("ratio", at_most=most) if seconds is None else None
            rows.append(
                _row(f"{speed}, {clip.stem}, {what}", position, together, title, beside, "ratio", goal)
            )
    beyond = f"{speed}, {clip.stem}, beyond FFmpeg"
    return [*rows, _row(beyond, 1, together, "its own FFmpeg process", inside, "difference", None)]


def _row(
    title: str,
    position: int,
    ours: list[Cost],
    what: str,
    beside: list[Cost],
    compared: Compared,
    goal: Goal | None,
) -> Row:
    service, others = ([cost[position] for cost in costs] for costs in (ours, beside))
    return Row("group", f"group, {title}", "s", service, what, others, compared, goal)


def _ladder(speed: str, strategy: str) -> dict[str, Any]:
    rungs = tuple(replace(h264(height, cap), speed=speed) for height, cap in CAPS_KBPS.items())
    wish = asdict(Ladder("hls", rungs, AAC))
    bound = {"cascade_min_ssim": CASCADE_MIN_SSIM} if strategy == "group" else {}
    return {
        "packaging": "hls",
        "rungs": [
            {name: value for name, value in rung.items() if value is not None} for rung in wish["rungs"]
        ],
        "audio": {name: value for name, value in wish["audio"].items() if value is not None},
        "strategy": strategy,
        **bound,
    }


def _through_the_service(bed: Bed, source: str, ladder: dict[str, Any]) -> tuple[float, UUID]:
    began = time.time()
    job = bed.submit(source, ladder)
    bed.wait([job], poll_seconds=POLL_SECONDS)
    return bed.finished_at(job) - began, job


def _in_one(commands: list[Argv]) -> Argv:
    """The group's command, with what the others (the sound) put out behind it."""
    [group] = {command for command in commands if "-filter_complex" in command}
    others = [command for command in commands if "-filter_complex" not in command]
    return (*group, *(word for command in others for word in command[command.index("-i") + 2 :]))


def _run_bare(argv: Argv, clip: Path, folder: Path) -> Cost:
    """What a plain script does."""
    own = tempfile.mkdtemp(dir=folder)
    at = argv.index("-i") + 1
    words = [f"file:{own}/{Path(word).name}" if word.startswith("file:") else word for word in argv]
    words[at] = f"file:{clip}"
    null = subprocess.DEVNULL
    before, began = os.times(), time.monotonic()
    subprocess.run(words, check=True, stdin=null, stdout=null, stderr=null)
    wall, after = time.monotonic() - began, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return cpu, wall
