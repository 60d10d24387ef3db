"""What is refused, with the sentence that the customer reads and the place that it points to: all golden.

After a change that is meant, `GOLDEN=write` writes the file anew: read the difference.
"""

import os
from pathlib import Path

import pytest

from adapters.ffmpeg.commandline import CommandRefused, caret, parse
from tests.commandline.hostile import HOSTILE, A

GOLDEN = Path(__file__).parent / "golden" / "refusals.txt"


def refusals(command: str) -> str:
    with pytest.raises(CommandRefused) as caught:
        parse(command)
    lines = [
        (command or "(nothing)") if len(command) < 300 else f"{command[:60]} ... ({len(command)} characters)"
    ]
    for refusal in caught.value:
        hint = f" -> {refusal.hint}" if refusal.hint else ""
        lines.append(f"    {refusal.code} [{refusal.token}]: {refusal.sentence}{hint}")
        assert 0 <= refusal.start <= refusal.end <= len(command)
        assert refusal.pointer == "/command"
    if len(command) < 300:
        first = caught.value.refusals[0]
        lines += [f"    | {line}" for line in caret(command, first).split("\n")]
    return "\n".join(line.encode("unicode_escape").decode() if "\0" in line else line for line in lines)


@pytest.mark.parametrize("kind", HOSTILE)
def test_command_is_refused_with_its_reason(kind: str) -> None:
    found = f"== {kind}\n\n" + "\n\n".join(refusals(command) for command in HOSTILE[kind])
    sections = {}
    if GOLDEN.exists():
        for section in GOLDEN.read_text().split("\n\n\n"):
            sections[section.partition("\n")[0].removeprefix("== ").strip()] = section.strip("\n")
    if os.environ.get("GOLDEN") == "write":
        sections[kind] = found
        GOLDEN.write_text("\n\n\n".join(sections[name] for name in HOSTILE if name in sections) + "\n")
    assert found == sections[kind]


def test_all_problems_are_said_at_once() -> None:
    command = f'ffmpeg -i /etc/passwd -vf "movie=x" -report -f tee -metadata x {A}'
    with pytest.raises(CommandRefused) as caught:
        parse(command)
    assert [(r.code, command[r.start : r.end]) for r in caught.value] == [
        ("unknown_input", "/etc/passwd"),
        ("refused_filter", "movie"),
        ("refused_option", "-report"),
        ("refused_format", "tee"),
        ("invalid_value", "x"),
    ]


def test_no_more_than_twenty_problems_are_said() -> None:
    with pytest.raises(CommandRefused) as caught:
        parse("ffmpeg " + "-nonsense 1 " * 50)
    assert len(caught.value.refusals) == 20


def test_argument_of_a_list_is_pointed_at() -> None:
    with pytest.raises(CommandRefused) as caught:
        parse(["-i", A, "-vf", "scale=1:1,movie=x", "out.mp4"])
    (refusal,) = caught.value
    assert (refusal.pointer, refusal.token, refusal.start, refusal.end) == ("/arguments/3", 3, 10, 15)
    assert caret("scale=1:1,movie=x", refusal) == "scale=1:1,movie=x\n          ^^^^^"


def test_caret_stays_under_its_token_far_into_a_long_command() -> None:
    command = f"ffmpeg -i {A} -metadata title={'x' * 300} -report -metadata comment={'y' * 300} out.mp4"
    with pytest.raises(CommandRefused) as caught:
        parse(command)
    line, carets = caret(command, caught.value.refusals[0]).split("\n")
    assert line[carets.index("^") : carets.rindex("^") + 1] == "-report"
    assert len(line) <= 102
