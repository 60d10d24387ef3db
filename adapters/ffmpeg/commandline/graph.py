"""Filter graphs as trees, and back to text with our own escaping.

The grammar is FFmpeg's (https://ffmpeg.org/ffmpeg-filters.html#Filtergraph-syntax-1): quoting is undone once for
the graph and once more for the options of a filter. What a name or a value may be is not decided here.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from adapters.ffmpeg.commandline.errors import Unfit

MAX_GRAPH = 8 * 1024
MAX_FILTERS = 200
_SPACE = " \n\t\r"
_LABEL = re.compile(r"[A-Za-z0-9_.:#-]{1,64}")
_NAME = re.compile(r"([a-z0-9_]{1,40})(?:@[A-Za-z0-9_]{1,40})?")
_KEY = re.compile(r"[ \n\t\r]*([A-Za-z0-9_/.-]+)[ \n\t\r]*=")
_SCALER_PREFIX = re.compile(r"\s*sws_flags=([^;]{1,200});")


@dataclass(frozen=True, slots=True)
class Reference:
    """The file of one of the job's inputs: `source` counts them from 0."""

    source: int
    role: str
    stream: int | None = None
    """Which subtitle stream of the file, counted from 0."""
    encoding: str | None = None
    """The character encoding of subtitles that are not UTF-8."""


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter; options in the order given, by their full names."""

    name: str
    options: tuple[tuple[str, str | Reference], ...]
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()

    def get(self, name: str) -> str | Reference | None:
        return next((value for key, value in reversed(self.options) if key == name), None)


@dataclass(frozen=True, slots=True)
class Graph:
    """Chains of filters; `scaler_flags` is what `sws_flags=` said in front."""

    chains: tuple[tuple[Filter, ...], ...]
    scaler_flags: str | None = None

    @property
    def filters(self) -> tuple[Filter, ...]:
        return tuple(filter_ for chain in self.chains for filter_ in chain)


@dataclass(frozen=True, slots=True)
class Written:
    """A filter as it was written: options as (name or None, value), unescaped and unchecked."""

    name: str
    options: tuple[tuple[str | None, str], ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def parse_graph(text: str) -> tuple[tuple[tuple[Written, ...], ...], str | None]:
    """Chains of filters as written, and the scaler's flags. Raises Unfit."""
    if len(text) > MAX_GRAPH:
        raise Unfit(f"a filter graph is longer than {MAX_GRAPH:,} characters", code="too_long")
    prefix = _SCALER_PREFIX.match(text)
    position = prefix.end() if prefix else 0
    chains: list[tuple[Written, ...]] = []
    chain: list[Written] = []
    count = 0
    while True:
        written, position = _filter(text, position)
        chain.append(written)
        count += 1
        if count > MAX_FILTERS:
            raise Unfit(f"a filter graph has more than {MAX_FILTERS} filters", code="too_long")
        position = _skip(text, position)
        sign = text[position : position + 1]
        if sign not in ("", ",", ";"):
            raise Unfit(
                f"the filter graph cannot be read at '{text[position : position + 20]}'", code="syntax"
            )
        if sign != ",":
            chains.append(tuple(chain))
            chain = []
        position = _skip(text, position + 1)
        if sign == "" or (sign == ";" and position >= len(text)):
            return tuple(chains), prefix[1].strip() if prefix else None


def _filter(text: str, position: int) -> tuple[Written, int]:
    inputs, position = _labels(text, position)
    raw, position = take(text, position, "=,;[")
    name = _NAME.fullmatch(raw)
    if name is None:
        if raw.startswith("/") or text[position : position + 2] == "=/":
            raise Unfit("a filter's options cannot be read from a file", code="refused_option")
        raise Unfit(
            f"'{raw[:40]}' is not the name of a filter",
            hint="A comma within a value is written \\, unless quotes of the graph enclose it.",
            code="syntax",
            fragment=raw[:40],
        )
    options: tuple[tuple[str | None, str], ...] = ()
    if text[position : position + 1] == "=":
        arguments, position = take(text, position + 1, "[],;")
        options = _options(arguments, name[1])
    outputs, position = _labels(text, position)
    return Written(name[1], options, inputs, outputs), position


def _labels(text: str, position: int) -> tuple[tuple[str, ...], int]:
    labels = []
    position = _skip(text, position)
    while text[position : position + 1] == "[":
        end = text.find("]", position)
        label = text[position + 1 : end].strip() if end > 0 else ""
        if _LABEL.fullmatch(label) is None:
            raise Unfit(f"'[{label[:40]}]' is not a label", code="syntax")
        labels.append(label)
        position = _skip(text, end + 1)
    return tuple(labels), position


def _options(arguments: str, name: str) -> tuple[tuple[str | None, str], ...]:
    options: list[tuple[str | None, str]] = []
    position = 0
    while position < len(arguments):
        key = _KEY.match(arguments, position)
        if key and key[1].startswith("/"):
            raise Unfit(
                f"'{key[1][:40]}' of the filter {name} would read its value from a file",
                code="refused_option",
                fragment=key[1][:40],
            )
        if key:
            position = key.end()
        value, position = take(arguments, position, ":")
        options.append((key[1] if key else None, value))
        position += 1
    return tuple(options)


def take(text: str, position: int, stops: str) -> tuple[str, int]:
    """A word up to one of the stops, unescaped, and where it ended: FFmpeg's `av_get_token`."""
    taken: list[str] = []
    keep = 0  # everything before this was quoted or is no space: trailing spaces go
    position = _skip(text, position)
    while position < len(text) and text[position] not in stops:
        character = text[position]
        position += 1
        if character == "\\" and position < len(text):
            taken.append(text[position])
            position += 1
            keep = len(taken)
        elif character == "'":
            end = text.find("'", position)
            if end < 0:
                raise Unfit("a quotation mark of the filter graph is not closed", code="syntax")
            taken.extend(text[position:end])
            position = end + 1
            keep = len(taken)
        else:
            taken.append(character)
            if character not in _SPACE:
                keep = len(taken)
    return "".join(taken[:keep]), position


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in _SPACE:
        position += 1
    return position


def write_graph(graph: Graph, path: Callable[[Reference], Path]) -> str:
    """The graph as FFmpeg reads it; `path` gives the file of a reference."""
    chains = (",".join(_write_filter(filter_, path) for filter_ in chain) for chain in graph.chains)
    prefix = f"sws_flags={graph.scaler_flags};" if graph.scaler_flags else ""
    return prefix + ";".join(chains)


def _write_filter(filter_: Filter, path: Callable[[Reference], Path]) -> str:
    options = ":".join(
        f"{name}={_escape(str(path(value)) if isinstance(value, Reference) else value, chr(92) + chr(39) + ':')}"
        for name, value in filter_.options
    )
    text = filter_.name + ("=" + _escape(options, "\\'[],;") if options else "")
    inputs = "".join(f"[{label}]" for label in filter_.inputs)
    outputs = "".join(f"[{label}]" for label in filter_.outputs)
    return f"{inputs}{text}{outputs}"


def _escape(text: str, signs: str) -> str:
    # FFmpeg drops spaces at the ends of a word, unless they are escaped.
    ends = (0, len(text) - 1)
    return "".join(
        "\\" + character if character in signs or (character in _SPACE and position in ends) else character
        for position, character in enumerate(text)
    )
