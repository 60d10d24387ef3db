"""Reads the tokens of one command from left to right, as FFmpeg does."""

import re
from collections.abc import Sequence

from adapters.ffmpeg.commandline import formats
from adapters.ffmpeg.commandline.endless import check_ends
from adapters.ffmpeg.commandline.errors import Unfit
from adapters.ffmpeg.commandline.filtering import read_graph
from adapters.ffmpeg.commandline.graph import Graph
from adapters.ffmpeg.commandline.links import check_graph, check_map
from adapters.ffmpeg.commandline.names import Names, check_name
from adapters.ffmpeg.commandline.option_names import OptionName, OptionRefused, read_option
from adapters.ffmpeg.commandline.options import INPUT_OPTIONS, OUTPUT_OPTIONS, OptionRule
from adapters.ffmpeg.commandline.options.tables import VSYNC
from adapters.ffmpeg.commandline.problems import Problems
from adapters.ffmpeg.commandline.sources import Sources
from adapters.ffmpeg.commandline.specifiers import Map, parse_map
from adapters.ffmpeg.commandline.tokens import Token
from adapters.ffmpeg.commandline.tree import Command, Input, Output, Setting
from adapters.ffmpeg.commandline.values.kind import Structural

MAX_INPUTS = 20
MAX_OUTPUTS = 20
_NUMBERED = re.compile(r"%(?:0?\d{1,2})?d|\*", re.ASCII)
# What only says how a list or a row of pictures is found: we find them.
_OF_LISTS = frozenset({"f", "safe", "auto_convert", "pattern_type", "start_number", "framerate", "loop"})


class CommandReader:
    """One command; `sources`, `names` and `problems` are those of the whole program."""

    def __init__(self, tokens: Sequence[Token], sources: Sources, names: Names, problems: Problems) -> None:
        self._tokens = tokens
        self._sources = sources
        self._names = names
        self._problems = problems
        self._at = 0
        self._pending: list[tuple[OptionName, Token, Token | None]] = []
        self._inputs: list[Input] = []
        self._outputs: list[Output] = []
        self._graphs: list[Graph] = []
        self._graph_tokens: list[tuple[Graph, Token]] = []
        self._map_tokens: list[tuple[Map, Token]] = []
        self._list_tokens: list[tuple[int, Token]] = []
        self._has_input = self._has_output = False

    def read(self) -> Command:
        """Raises CommandRefused only when there are too many problems; otherwise they are collected."""
        while self._at < len(self._tokens):
            self._at += 1
            self._word(self._tokens[self._at - 1])
        for _, token, _ in self._pending[:1]:
            self._problems.add(
                Unfit(
                    f"{token.text[:40]} stands after the last output",
                    hint="Options stand before the input or the output that they are for.",
                    code="misplaced_option",
                ),
                token,
            )
        self._resolve_lists()
        return self._checked(Command(tuple(self._inputs), tuple(self._graphs), tuple(self._outputs)))

    def _checked(self, command: Command) -> Command:
        last = self._tokens[-1]
        if not self._has_input:
            self._problems.add(Unfit("the command has no input (-i)", code="incomplete"), last)
        if not self._has_output:
            self._problems.add(Unfit("the command has no output", code="incomplete"), last)
        inputs = len(command.inputs)
        for graph, token in self._graph_tokens:
            self._problems.attempt(token, lambda graph=graph: check_graph(graph, inputs))  # type: ignore[misc]
        for wanted, token in self._map_tokens:
            self._problems.attempt(token, lambda wanted=wanted: check_map(wanted, self._graphs, inputs))  # type: ignore[misc]
        self._problems.attempt(last, lambda: check_ends(command))
        return command

    def _word(self, token: Token) -> None:
        if token.text == "-" or not token.text.startswith("-"):
            self._output(token)
            return
        try:
            option = read_option(token.text)
        except OptionRefused as error:
            self._problems.add(error, token)
            self._skip_values(error.values)
            return
        value = None
        if option.takes_value:
            if self._at >= len(self._tokens):
                self._problems.add(Unfit(f"{token.text[:40]} has no value", code="incomplete"), token)
                return
            value = self._tokens[self._at]
            self._at += 1
        if option.is_ignored:
            return
        if option.name == "i" and value is not None:
            self._input(value)
        elif option.name == "filter_complex" and value is not None:
            self._graph(value, self._graphs)
        else:
            self._pending.append((option, token, value))

    def _skip_values(self, values: int | None) -> None:
        """Of an unknown option nobody knows: a word that is no option, and not the last, was its value."""
        remaining = len(self._tokens) - self._at
        if values is None:
            following = self._tokens[self._at].text if remaining else "-"
            values = 1 if remaining > 1 and not following.startswith("-") else 0
        self._at += min(values, remaining)

    def _graph(self, token: Token, graphs: list[Graph] | None = None) -> Graph | None:
        graph = self._problems.attempt(token, lambda: read_graph(token.text, self._sources))
        if graph is not None:
            self._graph_tokens.append((graph, token))
            if graphs is not None:
                graphs.append(graph)
        return graph

    def _input(self, token: Token) -> None:
        self._has_input = True
        pending, self._pending = self._pending, []
        format_ = next((value for option, _, value in reversed(pending) if option.name == "f"), None)
        name = format_.text if format_ is not None else ""
        settings = self._settings(pending, INPUT_OPTIONS, "input")
        by_name = {setting.name: setting for setting in settings}
        input_: Input | None = None
        if len(self._inputs) >= MAX_INPUTS:
            self._problems.add(Unfit(f"there are more than {MAX_INPUTS} inputs", code="too_long"), token)
        elif name == "lavfi":
            graph = self._problems.attempt(
                token, lambda: read_graph(token.text, self._sources, only_sources=True)
            )
            input_ = Input("graph", (), graph, tuple(s for s in settings if s.name != "f"))
        elif (
            name == "concat" or "pattern_type" in by_name or _NUMBERED.search(token.text.partition("://")[0])
        ):
            rate = by_name.get("framerate")
            kept = tuple(setting for setting in settings if setting.name not in _OF_LISTS)
            value = rate.value if rate and isinstance(rate.value, str) else "25"
            is_list = name == "concat"
            self._list_tokens.append((len(self._inputs), token))
            input_ = Input("list" if is_list else "sequence", (), None, kept, None if is_list else value)
        else:
            source = self._problems.attempt(token, lambda: self._sources.resolve(token.text, "media"))
            if format_ is not None and name != "image2":
                self._problems.attempt(format_, lambda: formats.check_demuxer(name))
            kept = tuple(s for s in settings if not (s.name == "f" and name == "image2") and s.name != "safe")
            input_ = Input("file", () if source is None else (source,), None, kept)
        if input_ is not None:
            self._inputs.append(input_)

    def _resolve_lists(self) -> None:
        """A list stands for the given inputs that nothing else names, so it comes last."""
        for position, token in self._list_tokens:
            members = self._problems.attempt(token, lambda token=token: self._sources.members(token.text))  # type: ignore[misc]
            old = self._inputs[position]
            self._inputs[position] = Input(old.kind, members or (), None, old.settings, old.rate)

    def _output(self, token: Token) -> None:
        self._has_output = True
        pending, self._pending = self._pending, []
        if len(self._outputs) >= MAX_OUTPUTS:
            self._problems.add(Unfit(f"there are more than {MAX_OUTPUTS} outputs", code="too_long"), token)
            return
        format_ = next((value for option, _, value in reversed(pending) if option.name == "f"), None)
        muxer = None
        if format_ is not None:
            text = format_.text
            muxer = self._problems.attempt(format_, lambda: formats.choose_muxer(text))
        settings = self._settings(pending, OUTPUT_OPTIONS, "output")
        nothing = muxer is not None and muxer.shape == "none"
        name = self._problems.attempt(token, lambda: self._names.resolve(token.text, nothing=nothing))
        if name is None or (format_ is not None and muxer is None):
            return
        fit = self._problems.attempt(token, lambda: formats.fit_name(muxer, name))
        if fit is None:
            return
        labels = tuple((s.name, s.value) for s in settings if _is_name(s) and isinstance(s.value, str))
        kept = tuple(s for s in settings if not _is_name(s) and s.name != "f")
        self._outputs.append(Output(name.label, name.destination, fit[0].name, fit[1], fit[2], kept, labels))

    def _settings(
        self,
        pending: Sequence[tuple[OptionName, Token, Token | None]],
        rules: dict[str, OptionRule],
        place: str,
    ) -> tuple[Setting, ...]:
        settings = []
        for option, token, value in pending:
            rule = rules.get(option.name)
            if rule is None:
                other = "output" if place == "input" else "input"
                self._problems.add(
                    Unfit(
                        f"{token.text[:40]} is an option of an {other}, and stands before an {place}",
                        hint=f"Move it in front of the {other} that it is for.",
                        code="misplaced_option",
                    ),
                    token,
                )
                continue
            if option.specifier is not None and not rule.takes_specifier:
                self._problems.add(Unfit(f"{token.text[:40]} takes no stream specifier here"), token)
                continue
            if value is None:
                settings.append(Setting(rule.name, option.specifier, None))
                continue
            read = self._problems.attempt(value, lambda o=option, r=rule, v=value: self._value(o, r, v))  # type: ignore[misc]
            if read is not None:
                settings.append(Setting(rule.name, option.specifier, read))
        return tuple(settings)

    def _value(self, option: OptionName, rule: OptionRule, token: Token) -> str | Graph | Map | None:
        kind = rule.kind
        text = token.text
        if option.name == "fps_mode":
            text = VSYNC.get(text, text)
        if not isinstance(kind, Structural):
            try:
                return kind.read(text)
            except Unfit as error:
                error.sentence = f"-{option.name}: {error.sentence}"
                raise
        match kind.name:
            case "graph":
                return self._graph(token)
            case "map":
                wanted = parse_map(text)
                self._map_tokens.append((wanted, token))
                return wanted
            case "encoder":
                return formats.check_encoder(text, option.specifier.media if option.specifier else None)
            case "decoder":
                return formats.check_decoder(text)
            case "segment_format":
                return formats.check_segment_format(text)
            case "name":
                return check_name(text)
            case _:  # "muxer", "demuxer": read with the name of the file
                return text


def _is_name(setting: Setting) -> bool:
    rule = OUTPUT_OPTIONS.get(setting.name)
    return rule is not None and isinstance(rule.kind, Structural) and rule.kind.name == "name"
