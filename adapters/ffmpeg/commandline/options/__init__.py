"""The command line's options: which exist, where each may stand, and what its value is."""

from dataclasses import dataclass

from adapters.ffmpeg.commandline.notation import Table
from adapters.ffmpeg.commandline.options import tables
from adapters.ffmpeg.commandline.values.kind import Kind

__all__ = ["INPUT_OPTIONS", "OUTPUT_OPTIONS", "OptionRule"]


@dataclass(frozen=True, slots=True)
class OptionRule:
    """One option: the name that FFmpeg gets, the type of its value, and whether `:v:0` may follow the name."""

    name: str
    kind: Kind
    takes_specifier: bool
    is_muxers: bool
    """Belongs to the output format, not to a stream or to the command."""


def _rules(*texts: str) -> dict[str, OptionRule]:
    table = Table(*texts)
    rules: dict[str, OptionRule] = {}
    for entry in (table[name] for name in sorted(table.names())):
        for option in entry.options:
            rule = OptionRule(
                option.name.removesuffix(":"), option.kind, option.name.endswith(":"), entry.name == "muxer"
            )
            for name in (option.name, *option.aliases):
                rules.setdefault(name.removesuffix(":"), rule)
    return rules


INPUT_OPTIONS = _rules(tables.INPUT)
OUTPUT_OPTIONS = _rules(
    tables.SELECTION, tables.VIDEO, tables.AUDIO, tables.SUBTITLES, tables.GRAPHS, tables.MUXER
)
