"""Every recipe is read, stored and read again, regenerated, and run by the real FFmpeg; argv and result are golden.

After a change that is meant, `GOLDEN=write` writes the file anew: read the difference.
"""

import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from adapters.ffmpeg.commandline import Program, Regenerated, parse
from adapters.ffmpeg.inputs import DEMUXERS, SUBTITLE_DEMUXERS
from tests.commandline.conftest import Ran, run
from tests.commandline.recipes import RECIPES, Recipe

GOLDEN = Path(__file__).parent / "golden" / "recipes.json"
IDS = [recipe.name for recipe in RECIPES]
HEAD = [
    "ffmpeg", "-nostdin", "-hide_banner", "-nostats", "-loglevel", "level+warning", "-y",
    "-progress", "pipe:1", "-stats_period", "0.5",
]  # fmt: skip
GUARDS = [
    "-max_alloc", "1073741824", "-protocol_whitelist", "file", "-format_whitelist", "DEMUXERS",
    "-max_pixels", "67108864",
]  # fmt: skip


def normal(regenerated: Regenerated, job: Path, ffmpeg: Path) -> list[str]:
    """The argument lists without what is the same in all of them: HEAD, and GUARDS before each input."""
    lists = []
    for argv in regenerated.argvs:
        words = [
            word.replace(str(job), "/job")
            .replace(str(ffmpeg), "ffmpeg")
            .replace(f"{DEMUXERS},{SUBTITLE_DEMUXERS}", "DEMUXERS")
            for word in argv
        ]
        assert words[: len(HEAD)] == HEAD
        text = "\0".join(words[len(HEAD) :])
        lists.append(text.replace("\0".join(GUARDS), "GUARDS").replace("\0", " "))
    return lists


def summary(file: Path, ffprobe: Path) -> str:
    """`h264 320x180, aac 1; 1.0 s`, as far as the file says."""
    answer = subprocess.run(
        [ffprobe, "-v", "quiet", "-show_streams", "-show_format", "-of", "json", file],
        capture_output=True,
        check=False,
    ).stdout
    document = json.loads(answer or b"{}")
    streams = []
    for stream in document.get("streams", []):
        size = f" {stream['width']}x{stream['height']}" if stream.get("width") else ""
        channels = f" {stream['channels']}" if stream.get("channels") else ""
        streams.append(f"{stream.get('codec_name', '?')}{size}{channels}")
    duration = document.get("format", {}).get("duration")
    return ", ".join(sorted(streams)) + (f"; {float(duration):.1f} s" if duration else "")


def made(ran: Ran, ffprobe: Path) -> list[dict[str, object]]:
    outputs: list[dict[str, object]] = []
    for output in ran.regenerated.outputs:
        files = sorted(output.folder.iterdir())
        assert files and all(file.stat().st_size for file in files)
        first = next((file for file in files if file.suffix not in (".m3u8", ".mpd")), files[0])
        outputs.append(
            {
                "label": output.output.label,
                "files": [f"{file.parent.name}/{file.name}" for file in files],
                "first": summary(first, ffprobe),
            }
        )
    return outputs


@pytest.mark.parametrize("recipe", RECIPES, ids=IDS)
def test_recipe_is_read_stored_and_runs(
    recipe: Recipe, clips: Path, ffmpeg: Path, ffprobe: Path, tmp_path: Path
) -> None:
    if recipe.needs_font and not (clips / "font.ttf").exists():
        pytest.skip("no font on this machine")
    program = parse(recipe.text, inputs=recipe.urls)
    stored = json.loads(json.dumps(program.to_json()))
    assert Program.from_json(stored) == program

    ran = run(Program.from_json(stored), clips, tmp_path, ffmpeg)

    found = {"argv": normal(ran.regenerated, tmp_path, ffmpeg), "made": made(ran, ffprobe)}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "out"]
    golden = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
    if os.environ.get("GOLDEN") == "write":
        golden[recipe.name] = found
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(json.dumps({name: golden[name] for name in IDS if name in golden}, indent=1) + "\n")
    assert found == golden[recipe.name]


def test_golden_file_has_every_recipe_and_no_other() -> None:
    assert list(json.loads(GOLDEN.read_text())) == IDS
    assert len(IDS) == len(set(IDS)) > 60


def test_list_of_arguments_means_the_same_as_the_text() -> None:
    text = 'ffmpeg -i {{in_1}} -vf "scale=160:-2, fps=10" -metadata title="a b" {{out_1}}'
    arguments = ["-i", "{{in_1}}", "-vf", "scale=160:-2, fps=10", "-metadata", "title=a b", "{{out_1}}"]
    names = {"inputs": {"in_1": "https://x.example/a.mp4"}, "outputs": {"out_1": "a.mp4"}}
    assert parse(text, **names).commands == parse(arguments, **names).commands


def test_reading_a_long_recipe_costs_milliseconds() -> None:
    recipe = next(recipe for recipe in RECIPES if recipe.name == "hls-ladder")
    parse(recipe.text)
    started = time.perf_counter()
    for _ in range(10):
        parse(recipe.text)
    assert (time.perf_counter() - started) / 10 < 0.05  # 1 ms on a quiet core
