"""Free text: bounded, printable, and never anything else than text.

`drawtext` expands `%{...}` in its text (https://ffmpeg.org/ffmpeg-filters.html#Text-expansion); only functions
that read nothing but the frame's number and time pass, and they are written anew.
"""

import re
from dataclasses import dataclass

from adapters.ffmpeg.commandline.errors import Unfit
from adapters.ffmpeg.commandline.values.expressions import check_expression

MAX_TEXT = 2_000
_STRFTIME = re.compile(r"[%A-Za-z0-9 :/_.,-]{0,100}")
_INTEGER = re.compile(r"-?\d{1,12}(?:\.\d{1,6})?", re.ASCII)
_PTS_FORMATS = frozenset({"flt", "hms", "gmtime", "localtime"})


@dataclass(frozen=True, slots=True)
class PlainText:
    """A tag's value or a title: at most `limit` characters, no control characters, any script."""

    limit: int = 1_024

    def read(self, text: str) -> str:
        check_text(text, self.limit)
        return text


@dataclass(frozen=True, slots=True)
class DrawnText:
    """The text of `drawtext`, with `%{pts}`, `%{n}`, `%{localtime}` and their like."""

    def read(self, text: str) -> str:
        check_text(text, MAX_TEXT, lines=True)
        parts, position = [], 0
        while position < len(text):
            character = text[position]
            if character == "\\" and position + 1 < len(text):
                parts.append(_literal(text[position + 1]))
                position += 2
            elif text.startswith("%{", position):
                call, position = _call(text, position + 2)
                parts.append(call)
            else:
                parts.append(_literal(character))
                position += 1
        return "".join(parts)


def check_text(text: str, limit: int, *, lines: bool = False) -> None:
    """Raises Unfit for text that is too long, or holds what is no text. `lines`: line breaks are text."""
    if len(text) > limit:
        raise Unfit(f"a text is longer than {limit:,} characters", code="too_long")
    for character in text:
        # Separators of lines and paragraphs, and halves of surrogate pairs, which no argument can hold.
        if lines and character == "\n":
            continue
        if character < " " or "\x7f" <= character <= "\x9f" or character in "\u2028\u2029":
            raise Unfit(f"a text contains a control character (U+{ord(character):04X})")
        if "\ud800" <= character <= "\udfff":
            raise Unfit("a text contains half of a surrogate pair")


def _literal(character: str) -> str:
    return "\\" + character if character in "\\%{}" else character


def _call(text: str, position: int) -> tuple[str, int]:
    """The function that starts after `%{`, written anew, and the position after its `}`."""
    arguments, current = [], []
    while position < len(text) and text[position] != "}":
        if text[position] == "\\" and position + 1 < len(text):
            current.append(text[position + 1])
            position += 2
            continue
        if text[position] == ":":
            arguments.append("".join(current))
            current = []
        else:
            current.append(text[position])
        position += 1
    if position >= len(text):
        raise Unfit("a %{ of the text is not closed with }")
    arguments.append("".join(current))
    _check_call(arguments[0].strip(), arguments[1:])
    escaped = [re.sub(r"([\\':{}])", r"\\\1", argument) for argument in arguments]
    return "%{" + ":".join(escaped) + "}", position + 1


def _check_call(name: str, arguments: list[str]) -> None:
    if name in ("n", "frame_num", "pict_type") and not arguments:
        return
    if name in ("localtime", "gmtime") and all(_STRFTIME.fullmatch(argument) for argument in arguments):
        return
    if name == "pts" and len(arguments) <= 3:
        formats, rest = arguments[:1], arguments[1:2]
        if (
            all(argument in _PTS_FORMATS for argument in formats)
            and all(_INTEGER.fullmatch(argument) for argument in rest)
            and all(_STRFTIME.fullmatch(argument) for argument in arguments[2:])
        ):
            return
    if name in ("eif", "expr", "e", "expr_int_format") and arguments:
        check_expression(arguments[0])
        if all(re.fullmatch(r"[dxXu]|\d{1,3}", argument) for argument in arguments[1:]):
            return
    raise Unfit(
        f"%{{{name[:40]}}} is not allowed in a text",
        hint="These are: pts, n, frame_num, pict_type, localtime, gmtime, eif, expr.",
        code="refused_option",
    )
