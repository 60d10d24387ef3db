"""From a customer's command to a Program: the only door."""

from collections.abc import Mapping, Sequence

from adapters.ffmpeg.commandline.errors import Unfit
from adapters.ffmpeg.commandline.names import Names
from adapters.ffmpeg.commandline.problems import Problems
from adapters.ffmpeg.commandline.reader import CommandReader
from adapters.ffmpeg.commandline.sources import Sources
from adapters.ffmpeg.commandline.tokens import Token, enumerate_arguments, split
from adapters.ffmpeg.commandline.tree import Command, Program

MAX_COMMANDS = 4


def parse(
    command: str | Sequence[str],
    *,
    inputs: Mapping[str, str] | Sequence[str] = (),
    outputs: Mapping[str, str] | Sequence[str] = (),
) -> Program:
    """Read a command, as one text or as a list of arguments (with or without the word `ffmpeg` in front).

    `inputs` names URLs (a list: in_1, in_2 ...), which the command uses as `{{name}}`, by name, by the last part
    of the URL, or as the URL itself; URLs that only stand in the command are inputs as well. `outputs` likewise:
    names to be stored under, or URLs. Raises CommandRefused with up to 20 reasons.
    """
    is_text = isinstance(command, str)
    tokens = split(command) if isinstance(command, str) else enumerate_arguments(command)
    problems = Problems(command if isinstance(command, str) else None)
    sources, names = Sources(inputs), Names(outputs)
    groups = _groups(tokens, problems)
    commands = tuple(CommandReader(group, sources, names, problems).read() for group in groups)
    problems.attempt(tokens[-1], lambda: _check_labels(commands))
    problems.raise_any()
    request = {
        "command": command if is_text else list(command),
        "inputs": dict(inputs) if isinstance(inputs, Mapping) else list(inputs),
        "outputs": dict(outputs) if isinstance(outputs, Mapping) else list(outputs),
    }
    return Program(commands, sources.result(), request)


def _groups(tokens: Sequence[Token], problems: Problems) -> list[list[Token]]:
    """The tokens of each command, without the word `ffmpeg`. Raises CommandRefused if one is none."""
    groups: list[list[Token]] = [[]]
    for token in tokens:
        if token.is_separator:
            groups.append([])
        else:
            groups[-1].append(token)
    if len(groups) > MAX_COMMANDS:
        problems.add(Unfit(f"there are more than {MAX_COMMANDS} commands", code="too_long"), tokens[-1])
        problems.raise_any()
    for number, group in enumerate(groups):
        first = group[0] if group else None
        name = first.text.rpartition("/")[2] if first else ""
        if name in ("ffmpeg", "ffmpeg.exe"):
            del group[0]
        elif first is not None and (number or not first.text.startswith("-")):
            error = Unfit(f"'{first.text[:40]}' is not ffmpeg", hint="Only ffmpeg runs here.", code="syntax")
            problems.add(error, first)
        if not group:
            problems.add(Unfit("the command is empty", code="incomplete"), first)
    problems.raise_any()
    return groups


def _check_labels(commands: Sequence[Command]) -> None:
    """Raises Unfit if two outputs would be stored under one name."""
    seen = set()
    for output in (output for command in commands for output in command.outputs):
        name = output.destination or output.label
        if name is not None and name in seen:
            raise Unfit(f"two outputs have the name '{name[:80]}'", code="invalid_name")
        seen.add(name)
