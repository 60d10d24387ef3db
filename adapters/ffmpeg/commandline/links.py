"""Do maps and labels lead anywhere: inputs that exist, and outputs of graphs, each used at most once."""

from collections import Counter
from collections.abc import Sequence

from adapters.ffmpeg.commandline.errors import Unfit
from adapters.ffmpeg.commandline.graph import Graph
from adapters.ffmpeg.commandline.specifiers import Map, parse_link


def open_outputs(graphs: Sequence[Graph]) -> frozenset[str]:
    """Labels that a graph writes and no filter reads: what `-map [label]` can mean."""
    written = [label for graph in graphs for filter_ in graph.filters for label in filter_.outputs]
    read = {label for graph in graphs for filter_ in graph.filters for label in filter_.inputs}
    return frozenset(label for label in written if label not in read)


def check_graph(graph: Graph, inputs: int) -> None:
    """Raises Unfit for a stream of an input that is not there, or a label with two meanings."""
    for filter_ in graph.filters:
        for label in filter_.inputs:
            link = parse_link(label)
            if link and link[0] >= inputs:
                raise Unfit(_no_input(f"[{label}]", inputs), code="unknown_input", fragment=f"[{label}]")
        for label in filter_.outputs:
            if parse_link(label):
                raise Unfit(
                    f"'[{label}]' names a stream of an input, and cannot be written", fragment=f"[{label}]"
                )
    for side in ("inputs", "outputs"):
        labels = Counter(
            label
            for filter_ in graph.filters
            for label in (filter_.inputs if side == "inputs" else filter_.outputs)
            if not label[:1].isdecimal()
        )
        twice = next((label for label, times in labels.items() if times > 1), None)
        if twice is not None:
            verb = "read" if side == "inputs" else "written"
            hint = "Use split or asplit to read a picture or a sound twice." if side == "inputs" else None
            raise Unfit(f"the label [{twice}] is {verb} twice", hint=hint)


def check_map(wanted: Map, graphs: Sequence[Graph], inputs: int) -> None:
    """Raises Unfit for a map that leads nowhere."""
    if wanted.input is not None and wanted.input >= inputs:
        raise Unfit(_no_input(f"-map {wanted}", inputs), code="unknown_input")
    if wanted.label is not None and wanted.label not in open_outputs(graphs):
        labels = ", ".join(f"[{label}]" for label in sorted(open_outputs(graphs))[:20])
        raise Unfit(
            f"no filter graph has an output [{wanted.label}]",
            hint=f"There are: {labels}." if labels else "There is no -filter_complex with a free output.",
            code="unknown_input",
        )


def _no_input(text: str, inputs: int) -> str:
    count = "is 1 input" if inputs == 1 else f"are {inputs} inputs"
    return f"{text} means an input that is not there: there {count}, counted from 0"
