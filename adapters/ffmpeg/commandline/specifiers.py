"""Which streams an option or a map means (https://ffmpeg.org/ffmpeg.html#Stream-specifiers-1), as values."""

import re
from dataclasses import dataclass

from adapters.ffmpeg.commandline.errors import Unfit

_PART = re.compile(
    r"(?P<media>[vVasdt])(?=:|$)|(?P<index>\d{1,4})(?=:|$)|p:(?P<program>\d{1,5})(?=:|$)"
    r"|(?:#|i:)(?P<id>0x[0-9a-fA-F]{1,8}|\d{1,9})(?=:|$)"
    r"|m:(?P<key>[A-Za-z0-9_-]{1,40})(?::(?P<value>[A-Za-z0-9_ -]{1,60}))?(?=:|$)"
    r"|(?P<usable>u)(?=:|$)|(?P<global>g)(?=:|$)|c:(?P<chapter>\d{1,4})(?=:|$)|disp:(?P<disposition>[a-z_+]{1,80})(?=:|$)",
    re.ASCII,
)
_LABEL = re.compile(r"\[([A-Za-z0-9_.-]{1,64})\]")
_MAP = re.compile(r"(-?)(\d{1,3})(?::?([^?]*))?(\?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Specifier:
    """The parts in their order: ("media", "v"), ("index", "0"), ("tag", "language:eng") and so on."""

    parts: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        prefixes = {"program": "p:", "id": "i:", "tag": "m:", "disposition": "disp:", "chapter": "c:"}
        return ":".join(prefixes.get(kind, "") + value for kind, value in self.parts)

    @property
    def media(self) -> str | None:
        """The first letter: v, V, a, s, d or t."""
        return next((value for kind, value in self.parts if kind == "media"), None)


@dataclass(frozen=True, slots=True)
class Map:
    """One `-map`: streams of an input, or the output of a filter graph."""

    input: int | None
    specifier: Specifier | None
    label: str | None = None
    is_negative: bool = False
    is_optional: bool = False

    def __str__(self) -> str:
        if self.label is not None:
            return f"[{self.label}]"
        specifier = f":{self.specifier}" if self.specifier else ""
        return f"{'-' * self.is_negative}{self.input}{specifier}{'?' * self.is_optional}"


def parse_specifier(text: str) -> Specifier | None:
    """`v:0`, `a`, `m:language:eng`; None for nothing. Raises Unfit."""
    parts: list[tuple[str, str]] = []
    position = 0
    while position < len(text):
        match = _PART.match(text, position)
        if match is None or len(parts) >= 4:
            raise Unfit(
                f"'{text[:60]}' does not say which streams", hint="Write v, a:0, s:1 or m:language:eng."
            )
        kind = match.lastgroup or ""
        if kind in ("key", "value"):
            value = match["key"] + (f":{match['value']}" if match["value"] else "")
            parts.append(("tag", value))
        else:
            parts.append((kind, match[kind]))
        position = match.end() + 1
    if text.endswith(":"):
        raise Unfit(f"'{text[:60]}' ends with a colon")
    return Specifier(tuple(parts)) if parts else None


def parse_map(text: str) -> Map:
    """`0:v:0?`, `-0:s`, `[label]`. Raises Unfit."""
    label = _LABEL.fullmatch(text.strip())
    if label:
        return Map(None, None, label[1])
    match = _MAP.fullmatch(text.strip())
    if match is None:
        raise Unfit(
            f"'{text[:60]}' is not a map", hint="Write 0:v, 0:a:1?, 1, or the label of a graph in brackets."
        )
    return Map(
        int(match[2]),
        parse_specifier(match[3] or ""),
        is_negative=bool(match[1]),
        is_optional=bool(match[4]),
    )


def parse_link(label: str) -> tuple[int, Specifier | None] | None:
    """The input that a graph's `[0:v]` means; None for the label of another filter."""
    if not label[:1].isdecimal():
        return None
    number, _, specifier = label.partition(":")
    if not (number.isascii() and number.isdecimal()) or len(number) > 3:
        raise Unfit(f"'[{label}]' is neither a stream of an input nor a label", fragment=label)
    return int(number), parse_specifier(specifier)
