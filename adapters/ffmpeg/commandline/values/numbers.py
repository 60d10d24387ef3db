"""Numbers as FFmpeg writes them: SI suffixes, decibels, hexadecimal, simple products; times, sizes and rates.

Units and bounds follow https://ffmpeg.org/ffmpeg-utils.html (sections 2.4 to 2.8).
"""

import math
import re
from dataclasses import dataclass

from adapters.ffmpeg.commandline.errors import Unfit

MAX_DIMENSION = 8192
MAX_RATE = 120.0
MAX_SECONDS = 360_000.0
"""100 hours: more than any source, and far from what overflows FFmpeg's clocks."""

_FACTOR = re.compile(
    r"([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]?0x[0-9a-fA-F]+|PI)(dB|(?:[munkKMGT]i?)?B?)",
    re.ASCII,
)
_SI = {"": 1.0, "u": 1e-6, "m": 1e-3, "n": 1e-9, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
_BINARY = {"K": 2.0**10, "k": 2.0**10, "M": 2.0**20, "G": 2.0**30, "T": 2.0**40}
_CLOCK = re.compile(r"(-?)(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2}(?:\.\d{1,9})?)", re.ASCII)
_SECONDS = re.compile(r"(-?\d{1,12}(?:\.\d{1,12})?|-?\.\d{1,12})(s|ms|us)?", re.ASCII)
_SIZE = re.compile(r"(\d{1,6})x(\d{1,6})", re.ASCII)
_SIZE_NAMES = frozenset(
    [
        "ntsc",
        "pal",
        "qntsc",
        "qpal",
        "sntsc",
        "spal",
        "film",
        "ntsc-film",
        "sqcif",
        "qcif",
        "cif",
        "4cif",
        "16cif",
        "qqvga",
        "qvga",
        "vga",
        "svga",
        "xga",
        "uxga",
        "qxga",
        "sxga",
        "qsxga",
        "hsxga",
        "wvga",
        "wxga",
        "wsxga",
        "wuxga",
        "woxga",
        "wqsxga",
        "wquxga",
        "whsxga",
        "whuxga",
        "cga",
        "ega",
        "hd480",
        "hd720",
        "hd1080",
        "2k",
        "2kflat",
        "2kscope",
        "4k",
        "4kflat",
        "4kscope",
        "nhd",
        "hqvga",
        "wqvga",
        "fwqvga",
        "hvga",
        "qhd",
        "2kdci",
        "4kdci",
        "uhd2160",
        "uhd4320",
    ]
)
_RATE_NAMES = frozenset(
    ["ntsc", "pal", "qntsc", "qpal", "sntsc", "spal", "film", "ntsc-film", "ntsc_film", "source_fps", "auto"]
)


def number(text: str) -> float:
    """The value of `1.5`, `128k`, `-16dB`, `0xff`, `1/25` or `2*PI/3`. Raises Unfit."""
    total, position, operator = 1.0, 0, "*"
    text = text.strip()
    while True:
        match = _FACTOR.match(text, position)
        if match is None:
            raise Unfit(f"{_quoted(text)} is not a number")
        factor = _factor(match[1], match[2])
        if operator == "/" and factor == 0:
            raise Unfit(f"{_quoted(text)} divides by zero")
        total = total * factor if operator == "*" else total / factor
        position = match.end()
        if position == len(text):
            break
        operator = text[position]
        if operator not in "*/":
            raise Unfit(f"{_quoted(text)} is not a number")
        position += 1
    if not math.isfinite(total):
        raise Unfit(f"{_quoted(text)} is too large", code="out_of_range")
    return total


def _factor(digits: str, suffix: str) -> float:
    if digits == "PI":
        value = math.pi
    elif "x" in digits:
        value = float(int(digits, 16)) if len(digits) < 20 else math.inf
    else:
        value = float(digits)
    if suffix == "dB":
        return math.pow(10, min(value, 6000) / 20)
    byte = suffix.endswith("B")
    suffix = suffix.removesuffix("B")
    scale = _BINARY.get(suffix[:-1], math.nan) if suffix.endswith("i") else _SI[suffix]
    return value * scale * (8 if byte else 1)


def seconds(text: str) -> float:
    """The value of `90`, `1.5s`, `500ms`, `01:30` or `00:01:30.5`. Raises Unfit."""
    clock = _CLOCK.fullmatch(text)
    if clock is not None:
        sign, hours, minutes, rest = clock.groups()
        total = int(hours or 0) * 3600 + int(minutes) * 60 + float(rest)
        total = -total if sign else total
    else:
        plain = _SECONDS.fullmatch(text)
        if plain is None:
            raise Unfit(f"{_quoted(text)} is not a time", hint="Write 90, 1.5 or 00:01:30.")
        total = float(plain[1]) * {"ms": 1e-3, "us": 1e-6}.get(plain[2] or "", 1.0)
    if abs(total) > MAX_SECONDS:
        raise Unfit(f"{_quoted(text)} is longer than 100 hours", code="out_of_range")
    return total


@dataclass(frozen=True, slots=True)
class Number:
    """A number from `low` to `high`, or one of the names."""

    low: float = -1e9
    high: float = 1e9
    names: frozenset[str] = frozenset()
    whole: bool = False

    def read(self, text: str) -> str:
        text = text.strip()
        if text in self.names:
            return text
        if self.names and text[:1].isalpha():
            raise unknown_name(text, self.names)
        value = number(text)
        if self.whole and value != int(value):
            raise Unfit(f"{_quoted(text)} is not a whole number")
        if not self.low <= value <= self.high:
            raise Unfit(f"{_quoted(text)} is not within {self.low:g} and {self.high:g}", code="out_of_range")
        return text


@dataclass(frozen=True, slots=True)
class Time:
    """A duration or a position, in the forms of `seconds`."""

    low: float = -MAX_SECONDS

    def read(self, text: str) -> str:
        if seconds(text.strip()) < self.low:
            raise Unfit(f"{_quoted(text)} is less than {self.low:g} s", code="out_of_range")
        return text.strip()


@dataclass(frozen=True, slots=True)
class Size:
    """`WIDTHxHEIGHT` up to `limit` a side, or one of FFmpeg's names."""

    limit: int = MAX_DIMENSION
    named: bool = True

    def read(self, text: str) -> str:
        text = text.strip()
        if self.named and text in _SIZE_NAMES:
            return text
        match = _SIZE.fullmatch(text)
        if match is None:
            raise Unfit(f"{_quoted(text)} is not a size", hint="Write it as 1280x720.")
        if not (1 <= int(match[1]) <= self.limit and 1 <= int(match[2]) <= self.limit):
            raise Unfit(f"{_quoted(text)}: each side is at most {self.limit:,}", code="out_of_range")
        return text


@dataclass(frozen=True, slots=True)
class Rate:
    """Pictures a second: more than 0, at most 120."""

    def read(self, text: str) -> str:
        text = text.strip()
        if text in _RATE_NAMES:
            return text
        value = _quotient(text)
        if not 1e-6 <= value <= MAX_RATE:
            raise Unfit(
                f"{_quoted(text)}: a rate is more than 0 and at most {MAX_RATE:g}", code="out_of_range"
            )
        return text.replace(":", "/")


@dataclass(frozen=True, slots=True)
class Ratio:
    """`16:9`, `16/9` or `1.778`."""

    def read(self, text: str) -> str:
        value = _quotient(text)
        if not 0 <= value <= 1e6:
            raise Unfit(f"{_quoted(text)} is not a ratio", code="out_of_range")
        return text.strip().replace(":", "/")


def _quotient(text: str) -> float:
    """One number, or two with `:` or `/` between them."""
    if text.count(":") + text.count("/") > 1:
        raise Unfit(f"{_quoted(text)} is not a ratio")
    return number(text.replace(":", "/"))


def _quoted(text: str) -> str:
    return f"'{text[:60]}'"


def unknown_name(text: str, names: frozenset[str]) -> Unfit:
    from difflib import get_close_matches

    close = get_close_matches(text, names, n=1)
    some = ", ".join(sorted(names)[:12]) + (" …" if len(names) > 12 else "")
    return Unfit(
        f"{_quoted(text)} is not known", hint=f"Did you mean {close[0]}?" if close else f"Known: {some}"
    )
