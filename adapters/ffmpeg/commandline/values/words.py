"""Names from closed lists and closed alphabets."""

import re
from dataclasses import dataclass
from re import Pattern

from adapters.ffmpeg.commandline.errors import Unfit
from adapters.ffmpeg.commandline.values.numbers import Number, unknown_name

_MAX_SHAPE = 4_000


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the names."""

    names: frozenset[str]

    def read(self, text: str) -> str:
        if text.strip() not in self.names:
            raise unknown_name(text.strip(), self.names)
        return text.strip()


@dataclass(frozen=True, slots=True)
class Flags:
    """Names joined by `+`, `-` or `|`, as in `+faststart+frag_keyframe`; or their number."""

    names: frozenset[str]

    def read(self, text: str) -> str:
        text = text.strip()
        if text.isascii() and text.isdecimal():
            return Number(0, 2**32, whole=True).read(text)
        # A minus also stands inside of names, so it only separates where no name is meant.
        for part in re.split(r"[+|]", text.lstrip("+-")):
            pieces = [part] if part in self.names else part.split("-")
            for piece in pieces:
                if piece not in self.names:
                    raise unknown_name(piece, self.names)
        return text


@dataclass(frozen=True, slots=True)
class Flag:
    """A truth value of a filter or a private option."""

    def read(self, text: str) -> str:
        if text.strip().lower() in ("1", "true", "yes", "y", "on", "enable", "enabled"):
            return "1"
        if text.strip().lower() in ("0", "false", "no", "n", "off", "disable", "disabled"):
            return "0"
        if text.strip() in ("-1", "auto"):
            return "auto"
        raise Unfit(f"'{text[:60]}' is neither 1 nor 0")


@dataclass(frozen=True, slots=True)
class Shape:
    """Text of one shape; `meant` says in words what it is."""

    pattern: Pattern[str]
    meant: str

    def read(self, text: str) -> str:
        if len(text) > _MAX_SHAPE or self.pattern.fullmatch(text.strip()) is None:
            raise Unfit(f"'{text[:60]}' is not {self.meant}")
        return text.strip()


@dataclass(frozen=True, slots=True)
class Either:
    """The first type that takes the value; the last one's complaint if none does."""

    first: "Number | Choice | Shape"
    second: "Number | Choice | Shape"

    def read(self, text: str) -> str:
        try:
            return self.first.read(text)
        except Unfit:
            return self.second.read(text)


def shape(pattern: str, meant: str) -> Shape:
    return Shape(re.compile(pattern, re.ASCII), meant)


_COLOUR = r"(?:[A-Za-z]{3,24}|(?:#|0x)[0-9a-fA-F]{6}(?:[0-9a-fA-F]{2})?)(?:@(?:0x[0-9a-fA-F]{1,2}|[01]?\.?\d{1,6}))?"
COLOUR = shape(_COLOUR, "a colour (a name, #RRGGBB, or either with @0.5)")
COLOURS = shape(rf"{_COLOUR}(?:\|{_COLOUR}){{0,31}}", "a list of colours")
WORD = shape(r"[A-Za-z0-9_.+-]{1,64}", "a name")
WORDS = shape(r"[A-Za-z0-9_.|+-]{1,500}", "a list of names")
NUMBERS = shape(r"[-+0-9.eE/| ,;()]{1,1000}", "a list of numbers")
LAYOUT = shape(r"[A-Za-z0-9.+()]{1,64}", "a channel layout")
LAYOUTS = shape(r"[A-Za-z0-9.+()|]{1,300}", "a list of channel layouts")
CHANNELS = shape(r"[A-Za-z0-9+|]{1,200}", "a list of channels")
CHANNEL_MAP = shape(r"[A-Za-z0-9_.|,-]{1,300}", "a channel map")
PAN = shape(r"[A-Za-z0-9_.+*=<|() -]{1,1000}", "a channel mix (as in stereo|c0=FL|c1=FR)")
STACK_LAYOUT = shape(r"[wh0-9_+|]{1,500}", "a layout (as in 0_0|w0_0)")
EQUALIZER = shape(r"[a-z0-9 =.|-]{1,2000}", "a list of bands (as in c0 f=200 w=100 g=-10)")
DELAYS = shape(r"\d{1,7}(?:\.\d{1,6})?[sS]?(?:\|\d{1,7}(?:\.\d{1,6})?[sS]?){0,31}", "a list of delays")
STYLE = shape(r"[A-Za-z0-9=,&. _-]{1,500}", "a subtitle style (as in FontSize=24,Bold=1)")
# fontconfig takes more than a name here, up to `:file=`; only the name and two properties pass.
FONT_FAMILY = shape(r"[A-Za-z0-9 _.-]{1,64}(?::(?:bold|italic|style=[A-Za-z ]{1,32}))*", "a font's name")
TIMECODE = shape(r"\d\d:\d\d:\d\d[:;.]\d\d", "a timecode (00:00:00:00)")
SCALER_FLAGS = Flags(
    frozenset(
        [
            "fast_bilinear",
            "bilinear",
            "bicubic",
            "experimental",
            "neighbor",
            "area",
            "bicublin",
            "gauss",
            "sinc",
            "lanczos",
            "spline",
            "print_info",
            "accurate_rnd",
            "full_chroma_int",
            "full_chroma_inp",
            "bitexact",
            "error_diffusion",
        ]
    )
)
