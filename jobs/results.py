"""What a command made, output by output: the files that are stored, under the names that its customer gave."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.ffmpeg.commandline.tree import Output as Wanted
from adapters.ffmpeg.commandline.tree import Program
from jobs.models import Job, Output
from jobs.states import OutputState


@dataclass(frozen=True, slots=True)
class Result:
    """One output of the command that is kept. `files` has at least one, the one to open first at the front."""

    label: str
    destination: str | None
    """The URL that the customer wants it at, as the request has it; None where a name was enough."""
    files: tuple[Output, ...]

    @property
    def entry(self) -> Output:
        return self.files[0]

    def name_of(self, file: Output) -> str:
        """Within this output: its own name, or that of a part of it."""
        name = _name(file)
        return name if len(self.files) == 1 and name == self.label else name.partition("/")[2] or name


def results(job: Job) -> list[Result]:
    """In the order of the command. Raises CommandRefused where the rules of today do not know it any more."""
    program = Program.from_json(job.command)
    wanted = [one for command in program.commands for one in command.outputs if one.shape != "none"]
    files = {_name(row): row for row in _stored(job)}
    found = []
    for number, one in enumerate(wanted):
        rows = _files_of(number, one, files)
        if rows:
            found.append(Result(one.label or _name(rows[0]), one.destination, rows))
    return found


def named(command: Mapping[str, Any], found: Iterable[Result]) -> dict[str, Result]:
    """By the names that the request has for its outputs; those that it has none for are left out."""
    given = command["outputs"]
    names = given if isinstance(given, Mapping) else {f"out_{n}": text for n, text in enumerate(given, 1)}
    by_text = {result.destination or result.label: result for result in found}
    return {name: by_text[text] for name, text in names.items() if text in by_text}


def _stored(job: Job) -> Iterable[Output]:
    rows = Output.objects.filter(job=job, state=OutputState.COMMITTED, kind=Output.Kind.RENDITION)
    return rows.defer("index").order_by("path")


def _name(row: Output) -> str:
    """Behind the folders of the rendition and of the epoch."""
    return row.path.split("/", 2)[2]


def _files_of(number: int, wanted: Wanted, files: Mapping[str, Output]) -> tuple[Output, ...]:
    """As `jobs.commands` names them: a single file by its label, those of a folder beneath its number."""
    if wanted.shape in ("file", "image"):
        row = files.get(wanted.label or "")
        return (row,) if row else ()
    folder = f"{number}/"
    rows = [row for name, row in files.items() if name.startswith(folder)]
    return tuple(sorted(rows, key=lambda row: (_name(row) != f"{folder}{wanted.label}", row.path)))
