"""The word that starts with a dash: which option it is, and whether a value follows."""

from dataclasses import dataclass
from difflib import get_close_matches

from adapters.ffmpeg.commandline.errors import Unfit
from adapters.ffmpeg.commandline.options import INPUT_OPTIONS, OUTPUT_OPTIONS
from adapters.ffmpeg.commandline.options.refused import OPTIONS as REFUSED
from adapters.ffmpeg.commandline.options.refused import VALUES as REFUSED_VALUES
from adapters.ffmpeg.commandline.options.tables import ALIASES, IGNORED, SAME
from adapters.ffmpeg.commandline.specifiers import Specifier, parse_specifier
from adapters.ffmpeg.commandline.values.kind import Structural


@dataclass(frozen=True, slots=True)
class OptionName:
    """An option that exists somewhere: at an input, at an output, or only to be left out."""

    name: str
    specifier: Specifier | None
    takes_value: bool
    is_ignored: bool = False


class OptionRefused(Unfit):
    """The option is not taken. `values` says how many words belong to it; None if nobody knows."""

    values: int | None = None


def read_option(text: str) -> OptionName:
    """Raises OptionRefused for an option that is unknown or not allowed."""
    if text.startswith("-/"):
        raise _refusal("an option's value cannot be read from a file", "refused_option", 1)
    written, colon, rest = text[1:].partition(":")
    if written in IGNORED:
        return OptionName(written, None, IGNORED[written] == 1, is_ignored=True)
    if written == "i":
        return OptionName("i", None, takes_value=True)
    name, media = ALIASES.get(written, (SAME.get(written, written), ""))
    rules = [rules[name] for rules in (INPUT_OPTIONS, OUTPUT_OPTIONS) if name in rules]
    if not rules:
        raise _unknown(written)
    if colon and not any(rule.takes_specifier for rule in rules):
        raise _refusal(f"-{written} takes no stream specifier", "unknown_option", 1)
    is_bare = isinstance(rules[0].kind, Structural) and rules[0].kind.name == "bare"
    try:
        specifier = parse_specifier(":".join(part for part in (media, rest) if part))
    except Unfit as error:
        raise _refusal(error.sentence, error.code, 0 if is_bare else 1, error.hint) from None
    return OptionName(rules[0].name, specifier, takes_value=not is_bare)


def _unknown(name: str) -> OptionRefused:
    if name in REFUSED:
        return _refusal(f"-{name} {REFUSED[name]}", "refused_option", REFUSED_VALUES.get(name, 1))
    known = [*INPUT_OPTIONS, *OUTPUT_OPTIONS, *ALIASES, *SAME]
    close = get_close_matches(name, known, n=1, cutoff=0.75)
    shown = name[:40]
    return _refusal(
        f"the option -{shown} is not known",
        "unknown_option",
        None,
        f"Did you mean -{close[0]}?" if close else None,
    )


def _refusal(sentence: str, code: str, values: int | None, hint: str | None = None) -> OptionRefused:
    refusal = OptionRefused(
        sentence, hint=hint, code="refused_option" if code == "refused_option" else "unknown_option"
    )
    refusal.values = values
    return refusal
