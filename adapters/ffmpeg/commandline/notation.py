"""The notation of the allow-lists: a name, and the options that it takes, each with the type of its value.

    crop out_w|w=size_expr out_h|h=size_expr x=expr y=expr
        keep_aspect=flag

A line that starts with spaces goes on; `~` joins it without a space. The first name of an option is the one
that FFmpeg gets, the others are its aliases; without a name, values go to the options in this order, as in
FFmpeg. `+enable` stands for the timeline option, `+sync` for the options of filters with several inputs. Types:

    int(0,10)   num(0,1)   int(,,a,b)     whole number or number in a range (empty: as FFmpeg), or a name
    choice(a,b)   flags(a,b)              names
    expr   size_expr   time   size   ...  see _SIMPLE
    lut   font   subtitles                a file: only by reference to one of the job's inputs
    refused                               exists, and is not allowed; the reason is in the table of refusals
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from adapters.ffmpeg.commandline.values import words
from adapters.ffmpeg.commandline.values.expressions import Expression, RatioExpression, SizeExpression
from adapters.ffmpeg.commandline.values.kind import Asset, Kind, Refused, Structural
from adapters.ffmpeg.commandline.values.media import KINDS as MEDIA_KINDS
from adapters.ffmpeg.commandline.values.numbers import Number, Rate, Ratio, Size, Time
from adapters.ffmpeg.commandline.values.text import DrawnText, PlainText

_SIMPLE: Mapping[str, Kind] = {
    "flag": words.Flag(),
    "int": Number(-(2**53), 2**53, whole=True),
    "num": Number(),
    "bitrate": Number(0, 1e9),
    "bytes": Number(0, 2**53),
    "time": Time(),
    "duration": Time(0),
    "size": Size(),
    "grid": Size(32, named=False),
    "rate": Rate(),
    "ratio": Ratio(),
    "expr": Expression(),
    "size_expr": SizeExpression(),
    "ratio_expr": RatioExpression(),
    "volume": Expression(),
    "colour": words.COLOUR,
    "colour_or_none": words.COLOUR,
    "colour_or_invert": words.COLOUR,
    "colours": words.COLOURS,
    "pixel_format": words.WORD,
    "pixel_formats": words.WORDS,
    "sample_format": words.WORD,
    "sample_formats": words.WORDS,
    "layout": words.LAYOUT,
    "layouts": words.LAYOUTS,
    "channels": words.CHANNELS,
    "channel_map": words.CHANNEL_MAP,
    "word": words.WORD,
    "words": words.WORDS,
    "numbers": words.NUMBERS,
    "delays": words.DELAYS,
    "pan": words.PAN,
    "stack_layout": words.STACK_LAYOUT,
    "equalizer": words.EQUALIZER,
    "style": words.STYLE,
    "font_family": words.FONT_FAMILY,
    "timecode": words.TIMECODE,
    "scaler_flags": words.SCALER_FLAGS,
    "text": PlainText(),
    "drawn_text": DrawnText(),
    "subtitles": Asset("subtitles"),
    "font": Asset("font"),
    "lut": Asset("lut"),
    "refused": Refused(),
    **MEDIA_KINDS,
    **{
        name: Structural(name)
        for name in (
            "bare",
            "graph",
            "map",
            "muxer",
            "demuxer",
            "encoder",
            "decoder",
            "name",
            "segment_format",
        )
    },
}
_SYNC = (
    "eof_action=choice(repeat,endall,pass,0,1,2) shortest=flag repeatlast=flag"
    " ts_sync_mode=choice(default,nearest,0,1)"
)
# Types that several filters share.
_NAMED_TABLE = """
window int(0,20,rect,bartlett,hann,hanning,hamming,blackman,welch,flattop,bharris,bnuttall,bhann,sine,
    ~nuttall,lanczos,gauss,tukey,dolph,cauchy,parzen,poisson,bohman,kaiser)
measures flags(none,all,Bit_depth,Crest_factor,DC_offset,Dynamic_range,Entropy,Flat_factor,Max_difference,
    ~Max_level,Mean_difference,Min_difference,Min_level,Noise_floor,Noise_floor_count,Number_of_Infs,
    ~Number_of_NaNs,Number_of_denormals,Number_of_samples,Peak_count,Peak_level,RMS_difference,RMS_level,
    ~RMS_peak,RMS_trough,Zero_crossings,Zero_crossings_rate,Abs_Peak_count)
fade_curve int(-1,22,nofade,tri,qsin,esin,hsin,log,ipar,qua,cub,squ,cbr,par,exp,iqsin,ihsin,dese,desi,
    ~losi,sinc,isinc,quat,quatr,qsin2,hsin2)
colorspace_set int(0,8,bt470m,bt470bg,bt601-6-525,bt601-6-625,bt709,smpte170m,smpte240m,bt2020)
colorspace_primaries int(0,256,bt709,bt470m,bt470bg,smpte170m,smpte240m,smpte428,film,smpte431,smpte432,
    ~bt2020,jedec-p22,ebu3213,vgamut)
colorspace_transfer int(0,256,bt709,bt470m,gamma22,bt470bg,gamma28,smpte170m,smpte240m,linear,srgb,
    ~iec61966-2-1,xvycc,iec61966-2-4,bt2020-10,bt2020-12,vlog)
colormatrix_matrix int(-1,4,bt709,fcc,bt601,bt470,bt470bg,smpte170m,smpte240m,bt2020)
zscale_range int(-1,1,input,limited,full,unknown,tv,pc)
zscale_primaries int(-1,,input,709,unspecified,170m,240m,2020,unknown,bt709,bt470m,bt470bg,smpte170m,
    ~smpte240m,film,bt2020,smpte428,smpte431,smpte432,jedec-p22,ebu3213)
zscale_transfer int(-1,,input,709,unspecified,601,linear,2020_10,2020_12,unknown,bt470m,bt470bg,smpte170m,
    ~smpte240m,bt709,log100,log316,bt2020-10,bt2020-12,smpte2084,iec61966-2-4,iec61966-2-1,arib-std-b67)
zscale_matrix int(-1,,input,709,unspecified,470bg,170m,2020_ncl,2020_cl,unknown,gbr,bt709,fcc,bt470bg,
    ~smpte170m,smpte240m,ycgco,bt2020nc,bt2020c,chroma-derived-nc,chroma-derived-c,ictcp)
zscale_chroma int(-1,5,input,left,center,topleft,top,bottomleft,bottom)
lut_interpolation int(0,4,nearest,trilinear,tetrahedral,pyramid,prism)
picture_range int(-1,2,auto,unspecified,unknown,limited,tv,mpeg,full,pc,jpeg)
blend_mode int(0,39,addition,addition128,grainmerge,and,average,burn,darken,difference,difference128,
    ~grainextract,divide,dodge,exclusion,extremity,freeze,glow,hardlight,hardmix,heat,lighten,linearlight,
    ~multiply,multiply128,negation,normal,or,overlay,phoenix,pinlight,reflect,screen,softlight,subtract,
    ~vividlight,xor,softdifference,geometric,harmonic,bleach,stain,interpolate,hardoverlay)
blend_mode_of_all int(-1,39,addition,addition128,grainmerge,and,average,burn,darken,difference,
    ~difference128,grainextract,divide,dodge,exclusion,extremity,freeze,glow,hardlight,hardmix,heat,
    ~lighten,linearlight,multiply,multiply128,negation,normal,or,overlay,phoenix,pinlight,reflect,screen,
    ~softlight,subtract,vividlight,xor,softdifference,geometric,harmonic,bleach,stain,interpolate,
    ~hardoverlay)
matrix int(-1,17,auto,bt601,bt470,smpte170m,bt470bg,bt709,fcc,smpte240m,bt2020,bt2020nc)
output_matrix int(0,17,auto,bt601,bt470,smpte170m,bt470bg,bt709,fcc,smpte240m,bt2020,bt2020nc)
scale_range int(0,2,auto,unknown,full,limited,jpeg,mpeg,tv,pc)
chroma_location int(0,6,auto,unknown,left,center,topleft,top,bottomleft,bottom)
primaries int(-1,22,auto,bt709,bt470m,bt470bg,smpte170m,smpte240m,film,bt2020,smpte428,smpte431,smpte432,
    ~jedec-p22,ebu3213)
transfer int(-1,18,auto,bt709,bt470m,gamma22,bt470bg,gamma28,smpte170m,smpte240m,linear,iec61966-2-1,srgb,
    ~iec61966-2-4,xvycc,bt1361e,bt2020-10,bt2020-12,smpte2084,smpte428,arib-std-b67)
spectrum_colour int(0,14,channel,intensity,rainbow,moreland,nebulae,fire,fiery,fruit,cool,magma,green,
    ~viridis,plasma,cividis,terrain)
"""


@dataclass(frozen=True, slots=True)
class OptionType:
    """One option of a filter, an encoder or the command line itself."""

    name: str
    aliases: tuple[str, ...]
    kind: Kind


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a table. `positional` counts the options that may be given without a name."""

    name: str
    options: tuple[OptionType, ...]
    positional: int

    def option(self, name: str) -> OptionType | None:
        for option in self.options:
            if name == option.name or name in option.aliases:
                return option
        return None


class Table:
    """A table of entries, each read when it is first asked for: most commands need a handful of hundreds."""

    def __init__(self, *texts: str) -> None:
        self._lines = {line.partition(" ")[0]: line for text in texts for line in joined_lines(text)}
        self._entries: dict[str, Entry] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._lines

    def names(self) -> frozenset[str]:
        return frozenset(self._lines)

    def __getitem__(self, name: str) -> Entry:
        """Raises KeyError for a name that is not in the table."""
        if name not in self._entries:
            self._entries[name] = _entry(self._lines[name])
        return self._entries[name]


def joined_lines(text: str) -> list[str]:
    lines: list[str] = []
    for line in text.strip("\n").split("\n"):
        if line.startswith("    ~"):
            lines[-1] += line.strip()[1:]
        elif line.startswith(" "):
            lines[-1] += " " + line.strip()
        elif line:
            lines.append(line)
    return lines


def _entry(line: str) -> Entry:
    name, *words_ = line.split()
    own = [word for word in words_ if not word.startswith("+")]
    options = [option_type(word) for word in own]
    if "+sync" in words_:
        known = {option.name for option in options}
        options += [option for option in map(option_type, _SYNC.split()) if option.name not in known]
    if "+enable" in words_:
        options.append(OptionType("enable", (), Expression()))
    return Entry(name, tuple(options), len(own))


def option_type(word: str) -> OptionType:
    """`name|alias=type` as a value."""
    names, _, kind = word.partition("=")
    first, *aliases = names.split("|")
    return OptionType(first, tuple(aliases), kind_of(kind))


@cache
def kind_of(notation: str) -> Kind:
    """The type that a notation stands for. Raises KeyError if there is no such type."""
    if notation in _SIMPLE:
        return _SIMPLE[notation]
    named = _named().get(notation)
    if named is not None:
        return kind_of(named)
    head, _, arguments = notation.removesuffix(")").partition("(")
    return _FAMILIES[head](arguments.split(","))


@cache
def _named() -> dict[str, str]:
    return {name: kind for name, _, kind in (line.partition(" ") for line in joined_lines(_NAMED_TABLE))}


def _number(arguments: list[str], *, whole: bool) -> Kind:
    low, high = ([*arguments, "", ""])[:2]
    bound = float(2**31)
    return Number(
        float(low) if low else -bound, float(high) if high else bound, frozenset(arguments[2:]), whole=whole
    )


_FAMILIES: Mapping[str, Callable[[list[str]], Kind]] = {
    "int": lambda arguments: _number(arguments, whole=True),
    "num": lambda arguments: _number(arguments, whole=False),
    "choice": lambda arguments: words.Choice(frozenset(arguments)),
    "flags": lambda arguments: words.Flags(frozenset(arguments)),
    "text": lambda arguments: PlainText(int(arguments[0])),
}
