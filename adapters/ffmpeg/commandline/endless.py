"""Commands that would never end, or keep a whole film in memory: told apart by their form, before anything runs.

This is a courtesy, not the wall: every output has a cap in seconds and bytes, and the process one in memory and
time. But a film of the cap's length, full of one picture, is nobody's wish.
"""

from adapters.ffmpeg.commandline.errors import Unfit
from adapters.ffmpeg.commandline.filters import SOURCES
from adapters.ffmpeg.commandline.graph import Filter, Graph
from adapters.ffmpeg.commandline.tree import Command, Input, Output
from adapters.ffmpeg.commandline.values.numbers import number, seconds

_REVERSE = frozenset({"reverse", "areverse"})


def check_ends(command: Command) -> None:
    """Raises Unfit if some input or filter has no end and an output has none of its own."""
    reason = _endless_input(command) or _endless_filter(command)
    if reason is None or any(_graph_ends(graph) for graph in command.every_graph):
        return
    for output in command.outputs:
        if not _output_ends(output):
            raise Unfit(
                f"the output {output.label or 'null'} would never end: {reason}",
                hint="Add -t, -shortest or -frames:v to the output.",
                code="endless",
            )


def reversed_inputs(command: Command) -> bool:
    """Whether some filter keeps all that it gets in memory, and nothing in front of it bounds that."""
    for graph in command.every_graph:
        for chain in graph.chains:
            for position, filter_ in enumerate(chain):
                if filter_.name in _REVERSE and not any(_trims(before) for before in chain[:position]):
                    return True
    return False


def input_seconds(input_: Input) -> float | None:
    """At most how much of an input is read, as its own options say; None if they do not."""
    values = {s.name: s.value for s in input_.settings if isinstance(s.value, str)}
    if "t" in values:
        return max(0.0, seconds(values["t"]))
    if "to" in values:
        return max(0.0, seconds(values["to"]) - seconds(values.get("ss", "0")))
    return None


def _endless_input(command: Command) -> str | None:
    for input_ in command.inputs:
        if input_seconds(input_) is not None:
            continue
        values = {s.name: s.value for s in input_.settings}
        if values.get("stream_loop") == "-1":
            return "-stream_loop -1 repeats an input for ever"
        if values.get("loop") == "1":
            return "-loop 1 repeats a picture for ever"
        if input_.graph is not None and _endless_source(input_.graph):
            return "the source of an input has no duration"
    return None


def _endless_filter(command: Command) -> str | None:
    for graph in command.every_graph:
        if _endless_source(graph):
            return "a source in the filter graph has no duration"
        for filter_ in graph.filters:
            if filter_.name in ("loop", "aloop") and filter_.get("loop") == "-1":
                return f"{filter_.name}=-1 repeats for ever"
            if filter_.name == "tpad" and filter_.get("stop") == "-1":
                return "tpad with stop=-1 goes on for ever"
            if filter_.name == "apad" and not any(
                filter_.get(key) for key in ("pad_len", "whole_len", "pad_dur", "whole_dur")
            ):
                return "apad without whole_dur goes on for ever"
    return None


def _endless_source(graph: Graph) -> bool:
    return any(
        filter_.name in SOURCES and filter_.get("duration") is None and not any(map(_trims, graph.filters))
        for filter_ in graph.filters
    )


def _trims(filter_: Filter) -> bool:
    names = ("end", "duration", "end_frame", "end_sample", "end_pts")
    return filter_.name in ("trim", "atrim") and any(filter_.get(name) is not None for name in names)


def _graph_ends(graph: Graph) -> bool:
    """One filter that stops with its shorter input is enough: what the customer meant is then clear."""
    return any(
        filter_.get("shortest") == "1"
        or filter_.get("eof_action") == "endall"
        or (filter_.name in ("amix", "mix") and filter_.get("duration") in ("shortest", "first"))
        or _trims(filter_)
        for filter_ in graph.filters
    )


def _output_ends(output: Output) -> bool:
    names = {setting.name for setting in output.settings}
    frames = output.get("frames")
    if frames is not None and isinstance(frames.value, str) and number(frames.value) > 0:
        return True
    return bool(names & {"t", "to", "shortest"}) or output.shape == "image"
