"""From a filter graph's text to a checked tree: every filter and every option from the allow-list."""

from difflib import get_close_matches

from adapters.ffmpeg.commandline.errors import Unfit
from adapters.ffmpeg.commandline.filters import FILTERS, REFUSED_FILTERS, REFUSED_OPTIONS, SOURCES
from adapters.ffmpeg.commandline.graph import Filter, Graph, Reference, Written, parse_graph
from adapters.ffmpeg.commandline.notation import Entry, OptionType
from adapters.ffmpeg.commandline.sources import Sources
from adapters.ffmpeg.commandline.specifiers import parse_link
from adapters.ffmpeg.commandline.values.kind import Asset, Refused
from adapters.ffmpeg.commandline.values.text import PlainText
from adapters.ffmpeg.commandline.values.words import SCALER_FLAGS

_MAX_TEXT = 2_000
_COLON_HINT = "Name it by the name of one of the job's inputs: a colon would end the value."


def read_graph(text: str, sources: Sources, *, only_sources: bool = False) -> Graph:
    """The graph as a tree; `sources` learns which files it names. Raises Unfit for the first thing wrong.

    `only_sources`: a graph that stands for an input, so that its chains begin with a source.
    """
    chains, flags = parse_graph(text)
    if flags is not None:
        flags = SCALER_FLAGS.read(flags.removeprefix("flags="))
    graph = Graph(tuple(tuple(_filter(written, sources) for written in chain) for chain in chains), flags)
    for filter_ in graph.filters:
        for label in (*filter_.inputs, *filter_.outputs):
            parse_link(label)
    if only_sources and not any(filter_.name in SOURCES for filter_ in graph.filters):
        raise Unfit("the graph of an input begins with a source such as color, testsrc2, sine or anullsrc")
    return graph


def _filter(written: Written, sources: Sources) -> Filter:
    if written.name in REFUSED_FILTERS:
        raise Unfit(
            f"the filter {written.name} {REFUSED_FILTERS[written.name]}",
            code="refused_filter",
            fragment=written.name,
        )
    if written.name not in FILTERS:
        close = get_close_matches(written.name, FILTERS.names(), n=1)
        raise Unfit(
            f"the filter {written.name} is not known",
            hint=f"Did you mean {close[0]}?" if close else None,
            code="unknown_filter",
            fragment=written.name,
        )
    entry = FILTERS[written.name]
    options: list[tuple[str, str | Reference]] = []
    position = 0
    is_literal = any(key == "expansion" and value == "none" for key, value in written.options)
    for key, text in written.options:
        if key is None:
            if position < 0 or position >= entry.positional:
                raise Unfit(
                    f"'{text[:60]}' belongs to no option of the filter {entry.name}",
                    hint="Values without a name come first. A colon within a value is written \\:.",
                    fragment=text[:60],
                )
            option = entry.options[position]
            position += 1
        else:
            position = -1
            option = _named(entry, key)
        options.append((option.name, _value(entry, option, text, sources, is_literal)))
    return Filter(entry.name, _with_streams(options), written.inputs, written.outputs)


def _named(entry: Entry, key: str) -> OptionType:
    option = entry.option(key)
    if option is not None:
        return option
    reason = REFUSED_OPTIONS.get((entry.name, key))
    if reason:
        raise Unfit(f"the option {key} of {entry.name} {reason}", code="refused_option", fragment=key)
    names = [name for option in entry.options for name in (option.name, *option.aliases)]
    close = get_close_matches(key, names, n=1)
    raise Unfit(
        f"the filter {entry.name} has no option '{key[:40]}'",
        hint=f"Did you mean {close[0]}?" if close else None,
        code="unknown_option",
        fragment=key,
    )


def _value(
    entry: Entry, option: OptionType, text: str, sources: Sources, is_literal: bool
) -> str | Reference:
    if isinstance(option.kind, Refused):
        reason = REFUSED_OPTIONS[entry.name, option.name]
        raise Unfit(
            f"the option {option.name} of {entry.name} {reason}", code="refused_option", fragment=option.name
        )
    try:
        if isinstance(option.kind, Asset):
            return Reference(sources.asset(text, option.kind.role), option.kind.role)
        if option.name == "text" and is_literal:
            return PlainText(_MAX_TEXT).read(text)
        return option.kind.read(text)
    except Unfit as error:
        raise Unfit(
            f"the option {option.name} of {entry.name}: {error.sentence}",
            hint=_COLON_HINT if text in ("http", "https", "s3", "file") else error.hint,
            code=error.code,
            fragment=error.fragment or text,
        ) from None


def _with_streams(options: list[tuple[str, str | Reference]]) -> tuple[tuple[str, str | Reference], ...]:
    """`stream_index` and `charenc` of subtitles say how the file is read, which happens before the filter."""
    reference = next((v for k, v in options if isinstance(v, Reference) and v.role == "subtitles"), None)
    if reference is None:
        return tuple(options)
    stream = next((value for key, value in options if key == "stream_index"), None)
    encoding = next((value for key, value in options if key == "charenc"), None)
    bound = Reference(
        reference.source,
        reference.role,
        stream=max(0, int(stream)) if isinstance(stream, str) else 0,
        encoding=encoding if isinstance(encoding, str) else None,
    )
    kept = (item for item in options if item[0] not in ("stream_index", "charenc", "filename"))
    return (("filename", bound), *kept)
