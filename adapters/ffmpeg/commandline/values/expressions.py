"""FFmpeg's expressions (https://ffmpeg.org/ffmpeg-utils.html, section 3): checked for form, never evaluated.

An expression can read no file; what it can do is never end or write to the log, so loops (`while`, `taylor`,
`root`) and `print` are no functions here. Variables are names that FFmpeg itself checks.
"""

import re
from dataclasses import dataclass

from adapters.ffmpeg.commandline.errors import Unfit
from adapters.ffmpeg.commandline.values.kind import names
from adapters.ffmpeg.commandline.values.numbers import MAX_DIMENSION, Size

MAX_EXPRESSION = 2_000
_MAX_DEPTH = 60
_TOKEN = re.compile(
    r"\s*(?:(?P<number>0x[0-9a-fA-F]+|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?:dB|[munkKMGT]i?)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]{0,40})(?P<call>\s*\()?"
    r"|(?P<open>\()|(?P<close>\))|(?P<operator>[-+*/^,;!|]))",
    re.ASCII,
)
_FUNCTIONS = names(
    "abs acos asin atan atan2 between bitand bitor ceil clip cos cosh eq exp floor gauss gcd gt gte hypot if ifnot"
    " isinf isnan ld lerp log lt lte max min mod not pow random randomi rand rotw roth round sgn sin sinh sqrt"
    " squish st tan tanh time trunc"
    # of single filters: geq, lut, firequalizer, showcqt
    " lum cb cr alpha r g b p lumsum cbsum crsum rsum gsum bsum alphasum psum gammaval gammaval709 clipval negval"
    " gain_interpolate cubic_interpolate entry a_weighting b_weighting c_weighting midi"
)
_LOOPS = {
    "while": "may never end",
    "taylor": "may never end",
    "root": "may never end",
    "print": "writes to the log",
}
_WHOLE_SIZE = re.compile(r"\d{1,6}x\d{1,6}", re.ASCII)
_PLAIN_SIZE = re.compile(r"-?\d{1,9}|[A-Za-z_]+(?:/\d{1,5}(?:\.\d+)?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Expression:
    """A well-formed expression of at most 2,000 characters; `|` separates several of them where a filter takes so."""

    def read(self, text: str) -> str:
        text = text.strip()
        check_expression(text)
        return text


@dataclass(frozen=True, slots=True)
class SizeExpression:
    """Width or height of a picture: at most 8192 pixels, whatever the expression gives.

    Filters that scale take a whole size (1280x720) in place of the width.
    """

    def read(self, text: str) -> str:
        if _WHOLE_SIZE.fullmatch(text.strip()):
            return Size().read(text)
        text = Expression().read(text)
        if _PLAIN_SIZE.fullmatch(text):
            if text.lstrip("-").isdecimal() and int(text) > MAX_DIMENSION:
                raise Unfit(f"'{text}': a side is at most {MAX_DIMENSION:,}", code="out_of_range")
            return text
        return f"min({MAX_DIMENSION},{text})"


@dataclass(frozen=True, slots=True)
class RatioExpression:
    """An aspect ratio as an expression, or as `16:9`."""

    def read(self, text: str) -> str:
        return Expression().read(re.sub(r"^(\d{1,5}):(\d{1,5})$", r"\1/\2", text.strip()))


def check_expression(text: str) -> None:
    """Raises Unfit if the text is empty, too long, not balanced, or calls what is no function."""
    if not text:
        raise Unfit("an expression is empty")
    if len(text) > MAX_EXPRESSION:
        raise Unfit(f"an expression is longer than {MAX_EXPRESSION:,} characters", code="too_long")
    depth = position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            if not text[position:].strip(" "):
                break
            raise Unfit(f"'{text[:60]}' is not an expression: '{text[position : position + 10]}'")
        if match["call"]:
            _check_function(match["name"])
        if match["call"] or match["open"]:
            depth += 1
        elif match["close"]:
            depth -= 1
        if depth < 0 or depth > _MAX_DEPTH:
            break
        position = match.end()
    if depth != 0:
        raise Unfit(f"'{text[:60]}': the parentheses do not match")


def _check_function(name: str) -> None:
    if name in _LOOPS:
        raise Unfit(f"the function {name}() {_LOOPS[name]}", code="refused_option", fragment=name)
    if name not in _FUNCTIONS:
        raise Unfit(f"the function {name}() is not known", fragment=name)
