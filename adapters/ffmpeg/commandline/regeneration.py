"""From a Program to what runs: fresh argument lists in which every path is ours."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from adapters.ffmpeg.command import HEAD
from adapters.ffmpeg.commandline.endless import input_seconds, reversed_inputs
from adapters.ffmpeg.commandline.errors import CommandRefused, Refusal
from adapters.ffmpeg.commandline.graph import Graph, Reference, write_graph
from adapters.ffmpeg.commandline.places import output_arguments
from adapters.ffmpeg.commandline.tree import Command, Input, Output, Program, Setting
from adapters.ffmpeg.commandline.urls import suffix
from adapters.ffmpeg.commandline.values.numbers import number
from adapters.ffmpeg.inputs import DEMUXERS, SUBTITLE_DEMUXERS, input_arguments, list_arguments, list_script

_DEMUXERS = f"{DEMUXERS},{SUBTITLE_DEMUXERS}"
# Signs that FFmpeg reads as more than a name somewhere (%, :, quotes, $ in names of segments) are no part of it.
_OUR_PATH = re.compile(r"/[A-Za-z0-9._/@+=,~-]*")


@dataclass(frozen=True, slots=True)
class Caps:
    """What a command may make at most, whatever it says."""

    duration_seconds: float
    """Of each output."""
    file_bytes: int
    """Of each file; FFmpeg stops there with a valid, shorter file. What an output that is a folder may hold
    together is for the supervisor to watch."""
    threads: int | None = None
    reverse_seconds: float = 120.0
    """`reverse` keeps every picture in memory, so its input must be known to be no longer."""


@dataclass(frozen=True, slots=True)
class Made:
    """Where an output is written: `entry` is the file to open first, `folder` holds it and nothing else's files."""

    command: int
    output: Output
    folder: Path
    entry: Path


@dataclass(frozen=True, slots=True)
class Regenerated:
    """Make the folders, write the files, link the links (new path to a source's path), run each argv in its order."""

    argvs: tuple[tuple[str, ...], ...]
    folders: tuple[Path, ...]
    files: Mapping[Path, str]
    links: Mapping[Path, Path]
    outputs: tuple[Made, ...]


def regenerate(
    program: Program,
    *,
    sources: Sequence[Path],
    out: Path,
    ffmpeg: Path,
    caps: Caps,
    durations: Sequence[float | None] = (),
) -> Regenerated:
    """The argument lists for `program`, whose sources lie at `sources`, with all that is written beneath `out`.

    All paths absolute. `durations` are those of the sources in seconds, as probed; only reversing needs them.
    Outputs that are kept go to `out`/0, `out`/1 ...; `out`/scratch is for what passes and lists need. Raises
    ValueError for a wrong number of sources or an odd path; CommandRefused for a film to be
    reversed that is too long.
    """
    if len(sources) != len(program.sources):
        raise ValueError(f"{len(program.sources)} sources are needed, {len(sources)} given")
    if not all(_OUR_PATH.fullmatch(str(path)) for path in (*sources, out)):
        raise ValueError("paths are absolute, of letters, digits and a few signs")
    _check_reversed(program, caps, durations)
    return _Writer(program, tuple(sources), out, ffmpeg, caps).write()


class _Writer:
    def __init__(
        self, program: Program, sources: tuple[Path, ...], out: Path, ffmpeg: Path, caps: Caps
    ) -> None:
        self._program = program
        self._sources = sources
        self._out = out
        self._scratch = out / "scratch"
        self._ffmpeg = ffmpeg
        self._caps = caps
        self._files: dict[Path, str] = {}
        self._links: dict[Path, Path] = {}
        self._subtitles: dict[Reference, Path] = {}
        self._preparations: list[tuple[str, ...]] = []
        self._made: list[Made] = []

    def write(self) -> Regenerated:
        argvs = [self._command(position, command) for position, command in enumerate(self._program.commands)]
        folders = (self._scratch, *(made.folder for made in self._made))
        return Regenerated(
            (*self._preparations, *argvs), folders, self._files, self._links, tuple(self._made)
        )

    def _command(self, position: int, command: Command) -> tuple[str, ...]:
        arguments = [str(self._ffmpeg), *HEAD]
        for place, input_ in enumerate(command.inputs):
            arguments += self._input(f"{position}_{place}", input_)
        for graph in command.graphs:
            arguments += ("-filter_complex", self._graph(graph))
        for output in command.outputs:
            arguments += self._output(position, output)
        return tuple(arguments)

    def _input(self, name: str, input_: Input) -> tuple[str, ...]:
        options = self._settings(input_.settings)
        if input_.graph is not None:
            return (*options, "-f", "lavfi", "-i", self._graph(input_.graph))
        if input_.kind == "file":
            return input_arguments(self._sources[input_.sources[0]], demuxers=_DEMUXERS, options=options)
        script = self._scratch / f"list_{name}.ffconcat"
        members = [self._sources[source] for source in input_.sources]
        each = 1 / Fraction(number(input_.rate)).limit_denominator(1001) if input_.rate else None
        self._files[script] = list_script(members, demuxers=_DEMUXERS, picture_seconds=each)
        return list_arguments(script, demuxers=_DEMUXERS, options=options)

    def _output(self, position: int, output: Output) -> tuple[str, ...]:
        folder = self._out / str(len(self._made))
        arguments, entry = output_arguments(
            output, folder=folder, scratch=self._scratch, caps=self._caps_of(output)
        )
        if entry is not None:
            self._made.append(Made(position, output, folder, entry))
        encodes = output.shape not in ("image", "sequence") and output.muxer not in ("srt", "webvtt", "ass")
        threads = ("-threads", str(self._caps.threads)) if self._caps.threads and encodes else ()
        settings = tuple(s for s in output.settings if s.name not in ("t", "to", "fs"))
        return (*self._settings(settings), *threads, *arguments)

    def _caps_of(self, output: Output) -> tuple[float, int]:
        own = output.get("fs")
        size = int(number(own.value)) if own is not None and isinstance(own.value, str) else 0
        return self._caps.duration_seconds, min(size or self._caps.file_bytes, self._caps.file_bytes)

    def _settings(self, settings: Sequence[Setting]) -> tuple[str, ...]:
        arguments: list[str] = []
        for setting in settings:
            arguments.append(f"-{setting.key}")
            if isinstance(setting.value, Graph):
                arguments.append(self._graph(setting.value))
            elif setting.value is not None:
                arguments.append(self._value(setting))
            if setting.name == "pass":
                arguments += ("-passlogfile", str(self._scratch / "pass"))
        return tuple(arguments)

    def _value(self, setting: Setting) -> str:
        value = str(setting.value)
        if setting.name == "x265-params" and any(pair.startswith("pass=") for pair in value.split(":")):
            # x265 would write its statistics into the folder that the process runs in.
            return f"{value}:stats={self._scratch / 'x265.log'}"
        return value

    def _graph(self, graph: Graph) -> str:
        return write_graph(graph, self._asset)

    def _asset(self, reference: Reference) -> Path:
        """Where a filter finds the file of a reference."""
        source = self._sources[reference.source]
        if reference.role == "lut":
            link = (
                self._scratch / f"lut_{reference.source}{suffix(self._program.sources[reference.source].url)}"
            )
            self._links[link] = source
            return link
        return self._subtitle_file(reference, source) if reference.role == "subtitles" else source

    def _subtitle_file(self, reference: Reference, source: Path) -> Path:
        """Subtitles in a file of our own making.

        The filters that draw them open their file without any whitelist, and would follow a playlist that calls
        itself subtitles. So a run of its own, with all guards, turns them into one ASS file first.
        """
        if reference not in self._subtitles:
            target = self._scratch / f"subtitles_{len(self._subtitles)}.ass"
            encoding = ("-sub_charenc", reference.encoding) if reference.encoding else ()
            self._subtitles[reference] = target
            self._preparations.append(
                (
                    str(self._ffmpeg),
                    *HEAD,
                    *input_arguments(source, demuxers=_DEMUXERS, options=encoding),
                    "-map", f"0:s:{reference.stream or 0}", "-c:s", "ass",
                    "-fs", str(self._caps.file_bytes), "-f", "ass", f"file:{target}",
                )
            )  # fmt: skip
        return self._subtitles[reference]


def _check_reversed(program: Program, caps: Caps, durations: Sequence[float | None]) -> None:
    for command in program.commands:
        if not reversed_inputs(command):
            continue
        for input_ in command.inputs:
            if input_.graph is not None:
                continue
            known = [durations[source] if source < len(durations) else None for source in input_.sources]
            total = sum(seconds for seconds in known if seconds is not None)
            whole = None if None in known else total
            bounds = [seconds for seconds in (input_seconds(input_), whole) if seconds is not None]
            if not bounds or min(bounds) > caps.reverse_seconds:
                sentence = f"A film of at most {caps.reverse_seconds:g} s can be reversed: all of it is kept in memory."
                hint = "Read less with -t before -i, or put trim in front of reverse."
                raise CommandRefused((Refusal("endless", sentence, hint, "/command", None, 0, 0),))
