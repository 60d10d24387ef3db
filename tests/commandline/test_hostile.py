"""Mutated commands: each is refused, or becomes an argument list in which every path is ours.

The argument lists are looked at by `watchman.py`, which shares nothing with the parser.
"""

import shlex
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, note, settings
from hypothesis import strategies as st

from adapters.ffmpeg.commandline import Caps, CommandRefused, Program, parse, regenerate
from tests.commandline.hostile import HOSTILE
from tests.commandline.recipes import RECIPES, WEB
from tests.commandline.watchman import suspicious

JOB, FFMPEG = Path("/job"), Path("/opt/ffmpeg")
CAPS = Caps(duration_seconds=60, file_bytes=1 << 20, threads=2, reverse_seconds=1e9)
INPUTS = {"in_1": WEB + "x.mp4", "in_2": WEB + "y.srt", "in_3": WEB + "z.cube", "in_4": WEB + "font.ttf"}
WORDS = sorted({word for recipe in RECIPES for word in shlex.split(recipe.text)})
HOSTILE_WORDS = sorted(
    {
        word
        for commands in HOSTILE.values()
        for command in commands
        if len(command) < 300
        and "\0" not in command
        and command.count("'") % 2 == 0
        and command.count('"') % 2 == 0
        for word in shlex.split(command)
    }
)
FRAGMENTS = [
    "/etc/passwd", "../../x", "file:/etc/passwd", "http://evil.example/", "tcp://evil:1", "concat:a|/etc/passwd",
    "pipe:0", "md5:/tmp/x", "movie=/etc/passwd", ",movie=/etc/passwd", ";amovie=/etc/passwd[x]", "[a];movie=x[b]",
    ":textfile=/etc/passwd", "\\:textfile=/etc/passwd", "'\\:textfile=/etc/passwd", "\\\\:textfile=/tmp/x",
    ":stats_file=/tmp/x", ":f=/tmp/x", "=/etc/passwd", "/text=/etc/passwd", ":/text=/etc/passwd", "@", "%{e:1}",
    "%{metadata:x}", "%{pts}", "\\", "\\\\", "\\'", "'", '"', ":", "=", ",", ";", "[", "]", "[0:v]", "{{in_1}}",
    "{{in_2}}", "{{in_3}}", "{{in_4}}", "{{out_1}}", "%d", "%v", "%s", "$(id)", "`id`", "|", "&&", ">", "\n", "\t",
    "\r", "\0", "\x1b", "\u2028", "\ud7ff", "ü", "\uff11", "\u0663", "\u00a0", "-", "--", "-/vf", "-i", "/", "~", "*",
    "C:\\x", "https://[", "-map", "9" * 30,
    "1e999", "0x", "NaN", "inf", "-1", "fontfile=", "subtitles=", "lut3d=", "drawtext=text=",
]  # fmt: skip


def _pairs() -> list[list[str]]:
    """Options of the recipes with their values: what a command may well have once more."""
    pairs = []
    for recipe in RECIPES:
        words = shlex.split(recipe.text)
        for option, value in pairwise(words):
            if option.startswith("-") and option not in ("-i", "-f", "-map", "-"):
                pairs.append([option] if value.startswith("-") else [option, value])
    return sorted({tuple(pair): pair for pair in pairs}.values())


PAIRS = _pairs()


@st.composite
def commands(draw: st.DrawFn) -> list[str]:
    """A recipe's words with more options, and at most three wounds: words replaced, put in, cut for a fragment."""
    words = shlex.split(draw(st.sampled_from(RECIPES)).text)
    for pair in draw(st.lists(st.sampled_from(PAIRS), max_size=4)):
        words[-1:-1] = pair
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, max(0, len(words) - 1)))
        word = draw(
            st.one_of(st.sampled_from(WORDS), st.sampled_from(HOSTILE_WORDS), st.sampled_from(FRAGMENTS))
        )
        match draw(st.sampled_from(("replace", "insert", "delete", "cut", "cut", "cut"))):
            case "replace":
                words[place : place + 1] = [word]
            case "insert":
                words[place:place] = [word]
            case "delete":
                del words[place : place + 1]
            case _:
                old = words[place] if words else ""
                at = draw(st.integers(0, len(old)))
                words[place : place + 1] = [old[:at] + draw(st.sampled_from(FRAGMENTS)) + old[at:]]
    return words


def look(command: str | list[str]) -> str:
    """What became of the command; fails if it became something with a path that is not ours."""
    try:
        program = parse(command, inputs=INPUTS, outputs={"out_1": "named.mp4"})
    except CommandRefused as refused:
        assert 1 <= len(refused.refusals) <= 20
        for refusal in refused:
            assert refusal.sentence.endswith((".", "?"))
            assert 0 <= refusal.start <= refusal.end
            assert refusal.pointer.startswith(("/command", "/arguments"))
        return "refused"
    assert Program.from_json(program.to_json()) == program
    sources = [JOB / "in" / f"{number}.bin" for number in range(len(program.sources))]
    regenerated = regenerate(
        program, sources=sources, out=JOB / "out", ffmpeg=FFMPEG, caps=CAPS, durations=[1.0] * len(sources)
    )
    for argv in regenerated.argvs:
        assert suspicious(argv, JOB, FFMPEG) == []
    ours = [*regenerated.files, *regenerated.links, *regenerated.folders]
    assert all(path.is_relative_to(JOB / "out") for path in ours)
    assert set(regenerated.links.values()) <= set(sources)
    return "taken"


@settings(max_examples=250, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
@given(commands())
@example(["-i", "{{in_1}}", "-vf", "drawtext=text='a\\:textfile=/etc/passwd'", "o.mp4"])
@example(["-i", "{{in_1}}", "-vf", "drawtext=text=a\\\\:textfile=/etc/passwd", "o.mp4"])
@example(["-i", "{{in_1}}", "-vf", "subtitles={{in_2}}\\:force_style=x", "o.mp4"])
@example(["-i", "{{in_1}}", "-metadata", "title=file:/etc/passwd", "o.mp4"])
def test_mutated_arguments_are_refused_or_ours(words: list[str]) -> None:
    note(shlex.join(words))
    look(words)


@settings(max_examples=150, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
@given(commands(), st.sampled_from(FRAGMENTS), st.integers(0, 10_000))
def test_mutated_text_is_refused_or_ours(words: list[str], fragment: str, place: int) -> None:
    text = shlex.join(words)
    at = place % (len(text) + 1)
    look(text[:at] + fragment + text[at:])


@settings(max_examples=100, deadline=None, print_blob=True)
@given(st.text(max_size=200))
def test_any_text_is_refused_or_ours(text: str) -> None:
    look(text)


def test_recipes_themselves_are_ours() -> None:
    """So that the watchman is known to let good ones pass: otherwise it might refuse everything unseen."""
    for recipe in RECIPES:
        program = parse(recipe.text, inputs=recipe.urls)
        sources = [JOB / "in" / f"{number}.bin" for number in range(len(program.sources))]
        for argv in regenerate(
            program,
            sources=sources,
            out=JOB / "out",
            ffmpeg=FFMPEG,
            caps=CAPS,
            durations=[1.0] * len(sources),
        ).argvs:
            assert suspicious(argv, JOB, FFMPEG) == [], recipe.name


@pytest.mark.parametrize(
    "argv",
    [
        ("-i", "file:/job/in/0.bin", "-vf", "movie=/etc/passwd", "file:/job/out/0/output.mp4"),
        ("-i", "file:/job/in/0.bin", "-filter:v", "movie=filename=/etc/passwd", "file:/job/out/0/output.mp4"),
        (
            "-i",
            "file:/job/in/0.bin",
            "-filter:v",
            "drawtext=text=x:textfile=/etc/passwd",
            "file:/job/out/0/output.mp4",
        ),
        (
            "-i",
            "file:/job/in/0.bin",
            "-filter:v",
            "drawtext=fontfile=/etc/passwd",
            "file:/job/out/0/output.mp4",
        ),
        ("-i", "file:/etc/passwd", "file:/job/out/0/output.mp4"),
        ("-i", "file:/job/in/0.bin", "file:/job/out/0/../../x"),
        ("-i", "file:/job/in/0.bin", "-x264-params", "stats=/tmp/x:a", "file:/job/out/0/output.mp4"),
        ("-i", "file:/job/in/0.bin", "-attach", "x", "file:/job/out/0/output.mp4"),
        ("-i", "file:/job/in/0.bin", "-preset", "/etc/passwd", "file:/job/out/0/output.mp4"),
    ],
)
def test_watchman_sees_what_is_not_ours(argv: tuple[str, ...]) -> None:
    assert suspicious((str(FFMPEG), *argv), JOB, FFMPEG) != []
