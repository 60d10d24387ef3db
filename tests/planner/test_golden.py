"""Every shipped preset of films on every real file: the whole plan, compared with one that somebody has read.

`UPDATE_GOLDEN=1 pytest tests/planner/test_golden.py` writes them anew: look at the difference before it is committed.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.ffmpeg.command import build_argv
from adapters.ffmpeg.extras import ExtraEncode, build_extra_argv
from adapters.ffmpeg.probe import Probe, parse_probe
from adapters.ffmpeg.subtitles import build_subtitles_argv
from jobs.planner.ladder import PlanFailed, resolve
from jobs.planner.presets import SHIPPED
from jobs.planner.specs import NO_PACKAGING, Ladder

GOLDEN = Path(__file__).parent / "golden"
# Extras alone have golden plans of their own (tests/imaging).
OF_FILMS = [preset for preset in SHIPPED if preset.ladder.packaging != NO_PACKAGING]
# ffprobe reads nothing of these: the ingest refuses them, and no plan is made.
UNREADABLE = {"bbb_truncated_nomoov.mp4", "four_pages.pdf"}


@pytest.fixture(scope="module")
def probes(ffprobe: Path, shared_media: Path) -> dict[str, Probe]:
    """The real files by name."""
    read = {}
    for file in sorted(shared_media.iterdir()):
        if file.suffix == ".tsv" or file.name in UNREADABLE:
            continue
        argv: list[str | Path] = [
            ffprobe,
            "-v",
            "error",
            "-show_format",
            "-show_streams",
            "-of",
            "json",
            file,
        ]
        answer = subprocess.run(argv, capture_output=True, check=True, timeout=60).stdout
        read[file.name] = parse_probe(json.loads(answer))
    assert len(read) >= 10
    return read


def told(ladder: Ladder, probe: Probe) -> Iterator[str]:
    """A plan in lines: what each command line says between its input and its output, and the notes."""
    try:
        plan = resolve(ladder, probe)
    except PlanFailed as error:
        yield f"{error.code}: {error.message}"
        return
    rate = "" if plan.frame_rate is None else f", {plan.frame_rate} fps"
    yield f"{plan.packaging}, segments {plan.segment_seconds} s, GOPs {plan.gop_seconds} s{rate}"
    paths = {"ffmpeg": Path("/ffmpeg"), "source": Path("/source"), "target": Path("/target")}
    for one in plan.renditions:
        argv = build_argv(one.encode, ffmpeg=paths["ffmpeg"], source=paths["source"], target=paths["target"])
        inner = " ".join(argv[argv.index("-i") + 2 : argv.index("-sn")])
        wish = "" if one.required else ", optional"
        yield f"{one.file_name} ({one.kind}, {one.encode.duration_seconds} s{wish}): {inner}"
    for extra in plan.extras:
        assert isinstance(extra.encode, ExtraEncode), "of a film, no shipped preset asks for anything else"
        argv = build_extra_argv(extra.encode, **paths)
        seek = " ".join(argv[argv.index("0.5") + 1 : argv.index("-max_alloc")])
        yield f"{extra.file_name}: {seek} {' '.join(argv[argv.index('-i') + 2 : argv.index('-sn')])}"
    for words in plan.subtitles:
        argv = build_subtitles_argv(words.stream_index, **paths)
        yield f"{words.file_name}: {' '.join(argv[argv.index('-i') + 2 : argv.index('-map_metadata')])}"
    yield from plan.notes


@pytest.mark.parametrize("preset", OF_FILMS, ids=lambda preset: preset.name)
def test_a_preset_plans_every_file_as_it_did(preset, probes):
    parts = []
    for name, probe in probes.items():
        parts += [f"== {name}", *told(preset.ladder, probe), ""]
    text = "\n".join(parts)
    file = GOLDEN / f"{preset.name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(text)
    assert file.read_text() == text


def test_no_golden_plan_is_left_over():
    assert {file.stem for file in GOLDEN.iterdir()} == {preset.name for preset in OF_FILMS}
