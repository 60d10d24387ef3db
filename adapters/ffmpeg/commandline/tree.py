"""A command as a frozen tree. Nothing in it is a path: sources are counted, outputs are labels."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from adapters.ffmpeg.commandline.graph import Graph
from adapters.ffmpeg.commandline.options.muxers import Shape
from adapters.ffmpeg.commandline.specifiers import Map, Specifier
from adapters.ffmpeg.commandline.values.kind import Role


@dataclass(frozen=True, slots=True)
class Setting:
    """One option with its value: None for those without one."""

    name: str
    specifier: Specifier | None
    value: str | Graph | Map | None

    @property
    def key(self) -> str:
        """As FFmpeg writes it: `b:v`."""
        return f"{self.name}:{self.specifier}" if self.specifier else self.name


@dataclass(frozen=True, slots=True)
class Source:
    """A file of the job: `url` is the customer's, and the caller's to check and to fetch."""

    name: str
    url: str
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class Input:
    """What follows `-i`: a source; several, one after the other; or a graph that makes pictures or sound.

    A "list" is FFmpeg's concat demuxer over `sources`, a "sequence" the same over pictures.
    """

    kind: Literal["file", "graph", "list", "sequence"]
    sources: tuple[int, ...]
    graph: Graph | None
    settings: tuple[Setting, ...]
    rate: str | None = None
    """Pictures a second of a sequence."""


@dataclass(frozen=True, slots=True)
class Output:
    """What the command makes. `label` is the customer's name for it, never a name on our disk."""

    label: str | None
    destination: str | None
    """A URL, if the customer gave one; the caller checks it."""
    muxer: str
    extension: str
    shape: Shape
    settings: tuple[Setting, ...]
    labels: tuple[tuple[str, str], ...] = ()
    """The customer's names for further files (segments, master playlist), by option: labels as well."""

    def get(self, name: str) -> Setting | None:
        return next((setting for setting in reversed(self.settings) if setting.name == name), None)


@dataclass(frozen=True, slots=True)
class Command:
    """One run of FFmpeg."""

    inputs: tuple[Input, ...]
    graphs: tuple[Graph, ...]
    outputs: tuple[Output, ...]

    @property
    def every_graph(self) -> tuple[Graph, ...]:
        """The complex ones, then those of the outputs."""
        simple = (s.value for output in self.outputs for s in output.settings if isinstance(s.value, Graph))
        return (*self.graphs, *simple)


@dataclass(frozen=True, slots=True)
class Program:
    """From one to four commands that read the same sources, one after the other."""

    commands: tuple[Command, ...]
    sources: tuple[Source, ...]
    request: Mapping[str, Any] = field(repr=False)
    """What `parse` got: the text or the arguments, the inputs and the outputs."""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types: the request, which `from_json` reads again with the rules of its day.

        So what is stored can never say more than the allow-list of the program that runs it.
        """
        return {"version": 1, **self.request}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Program":
        """The inverse of `to_json`. Raises CommandRefused if the rules no longer allow it; KeyError or
        ValueError for anything else."""
        from adapters.ffmpeg.commandline.parser import parse

        if document["version"] != 1:
            raise ValueError(f"unknown version {document['version']!r} of a command")
        return parse(document["command"], inputs=document["inputs"], outputs=document["outputs"])
