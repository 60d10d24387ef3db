"""Values that only the command line has: tags, key frames, bitstream filters, variants of a ladder, parameters."""

import re
from dataclasses import dataclass

from adapters.ffmpeg.commandline.errors import Unfit
from adapters.ffmpeg.commandline.values.expressions import check_expression
from adapters.ffmpeg.commandline.values.kind import Kind, names
from adapters.ffmpeg.commandline.values.numbers import seconds
from adapters.ffmpeg.commandline.values.text import check_text
from adapters.ffmpeg.commandline.values.words import shape

_TAG_KEY = re.compile(r"[A-Za-z0-9_ .:©-]{1,64}")
_BITSTREAM_FILTERS = names(
    "h264_mp4toannexb hevc_mp4toannexb vvc_mp4toannexb aac_adtstoasc extract_extradata dump_extra remove_extra"
    " null mov2textsub text2movsub vp9_superframe vp9_superframe_split av1_frame_merge av1_frame_split"
    " mpeg4_unpack_bframes mp3decomp dca_core eac3_core truehd_core hevc_metadata h264_metadata av1_metadata"
    " prores_metadata h264_redundant_pps"
)
_BITSTREAM_OPTION = re.compile(r"[a-z_]{1,40}=[A-Za-z0-9_./-]{1,40}")
_VARIANT_ITEM = re.compile(
    r"[vas]:\d{1,2}|(?:name|agroup|sgroup|ccgroup|language):[A-Za-z0-9_-]{1,40}|default:(?:yes|no|YES|NO)",
    re.ASCII,
)
_DISPOSITIONS = names(
    "default dub original comment lyrics karaoke forced hearing_impaired visual_impaired clean_effects attached_pic"
    " timed_thumbnails captions descriptions metadata dependent still_image non_diegetic none"
)

METADATA_SOURCE = shape(
    r"-1|\d{1,2}(?::(?:g|s(?::\d{1,3}|:[vas](?::\d{1,3})?)?|c:\d{1,3}))?", "an input's number"
)
DATE = shape(r"now|\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d:\d\d(?:\.\d{1,6})?Z?)?", "a date")
FRAME_BASE = shape(r"-1|0|demux|filter|\d{1,9}(?:[:/]\d{1,9})?(?:\.\d{1,9})?", "a time base")
TIMES = shape(r"[0-9.:]{1,20}(?:,[0-9.:]{1,20}){0,500}", "a list of times")
ADAPTATION_SETS = shape(
    r"(?:id=\d{1,3}(?:,[a-z_]+=[A-Za-z0-9_/.-]+)*,streams=[vas0-9,]{1,60}\s?){1,20}", "a list of sets"
)
SEGMENT_OPTIONS = shape(r"movflags=[+a-z_]{1,100}", "options of the segments' format (only movflags=)")
POOLS = shape(r"[0-9,+*-]{1,64}|none", "a list of thread pools")
MASTER_DISPLAY = shape(r"[GBRWPL0-9(),.]{1,200}", "a mastering display")
ZONES = shape(r"[0-9a-z,=./-]{1,500}", "a list of zones")


@dataclass(frozen=True, slots=True)
class Tag:
    """`key=value`. The value is text: at most 4,000 characters."""

    def read(self, text: str) -> str:
        key, equals, value = text.partition("=")
        if not equals or _TAG_KEY.fullmatch(key) is None:
            raise Unfit(f"'{text[:60]}' is not KEY=VALUE", hint="Write -metadata title='A title'.")
        check_text(value, 4_000)
        return text


@dataclass(frozen=True, slots=True)
class KeyFrames:
    """Times, `expr:` with an expression, `source`, or `chapters` with an offset."""

    def read(self, text: str) -> str:
        text = text.strip()
        if text.startswith("expr:"):
            check_expression(text.removeprefix("expr:"))
            return text
        if text in ("source", "source_no_drop", "scd_metadata"):
            return text
        items = text.split(",")
        if len(items) > 1_000:
            raise Unfit(
                "there are more than 1,000 key frames", code="too_long", hint="Use expr:gte(t,n_forced*2)."
            )
        for item in items:
            seconds(re.sub(r"^chapters[+]?", "", item) or "0")
        return text


@dataclass(frozen=True, slots=True)
class BitstreamFilters:
    """Names joined by commas; the `_metadata` ones may have options that are numbers and names."""

    def read(self, text: str) -> str:
        for item in text.strip().split(","):
            name, equals, options = item.partition("=")
            if name not in _BITSTREAM_FILTERS:
                raise Unfit(f"the bitstream filter '{name[:40]}' is not known", fragment=name)
            if equals and not (
                name.endswith(("_metadata", "dump_extra"))
                and all(_BITSTREAM_OPTION.fullmatch(option) for option in options.split(":"))
            ):
                raise Unfit(f"'{options[:60]}' are not options of {name}", fragment=options[:60])
        return text.strip()


@dataclass(frozen=True, slots=True)
class StreamMap:
    """The variants of an HLS ladder: `v:0,a:0,name:hd v:1,a:1`."""

    def read(self, text: str) -> str:
        variants = text.split()
        if not 1 <= len(variants) <= 20:
            raise Unfit("there are from 1 to 20 variants")
        for variant in variants:
            for item in variant.split(","):
                if _VARIANT_ITEM.fullmatch(item) is None:
                    raise Unfit(f"'{item[:40]}' is not part of a variant", fragment=item[:40])
        return " ".join(variants)


@dataclass(frozen=True, slots=True)
class Disposition:
    """Names joined by `+`, or 0."""

    def read(self, text: str) -> str:
        text = text.strip()
        if text != "0":
            for name in re.split(r"[+-]", text.lstrip("+-")):
                if name not in _DISPOSITIONS:
                    raise Unfit(f"'{name[:40]}' is not a disposition", fragment=name[:40])
        return text


@dataclass(frozen=True, slots=True)
class Parameters:
    """An encoder's own `key=value:key=value`, each against the table of that encoder."""

    encoder: str

    def read(self, text: str) -> str:
        return ":".join(f"{key}={value}" for key, value in self.pairs(text))

    def pairs(self, text: str) -> list[tuple[str, str]]:
        # Here, as the table is in the notation that this module is a part of.
        from adapters.ffmpeg.commandline.options.codecs import PARAMETERS, REFUSED_PARAMETERS

        entry, pairs = PARAMETERS[self.encoder], []
        for item in text.strip().strip(":").split(":"):
            key, equals, value = item.strip().partition("=")
            option = entry.option(key.replace("_", "-"))
            if option is None:
                reason = REFUSED_PARAMETERS.get(key.replace("_", "-"))
                if reason:
                    raise Unfit(f"'{key}' of {self.encoder} {reason}", code="refused_option", fragment=key)
                raise Unfit(f"'{key[:40]}' is not a parameter of {self.encoder}", fragment=key[:40])
            pairs.append((option.name, option.kind.read(value if equals else "1")))
        return pairs


KINDS: dict[str, Kind] = {
    "tag": Tag(),
    "key_frames": KeyFrames(),
    "bitstream_filter": BitstreamFilters(),
    "stream_map": StreamMap(),
    "disposition": Disposition(),
    "metadata_source": METADATA_SOURCE,
    "date": DATE,
    "frame_base": FRAME_BASE,
    "times": TIMES,
    "adaptation_sets": ADAPTATION_SETS,
    "segment_options": SEGMENT_OPTIONS,
    "pools": POOLS,
    "master": MASTER_DISPLAY,
    "zones": ZONES,
    "libx264": Parameters("libx264"),
    "libx265": Parameters("libx265"),
    "libsvtav1": Parameters("libsvtav1"),
    "libaom-av1": Parameters("libaom-av1"),
}
