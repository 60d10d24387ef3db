"""The wish: a ladder of rungs, as a customer spells it or a preset stores it, and what can be wrong with it.

A ladder knows nothing about a source; `ladder.resolve` brings the two together. The ranges stand here once:
the API's schema and `problems` both read them.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any, Literal, NamedTuple, get_args

from adapters.ffmpeg.encoders import AUDIO_ENCODERS, VIDEO_ENCODERS

Packaging = Literal["hls", "mp4"]
PACKAGINGS: tuple[Packaging, ...] = get_args(Packaging)


class Range(NamedTuple):
    """Both ends belong to it."""

    low: float
    high: float


COPY = "copy"
# x264's "placebo" is left out: hours of CPU for nothing that can be seen.
SPEEDS = (
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow",
)  # fmt: skip
CODEC_PROFILES = ("baseline", "main", "high")
LEVELS = (
    "1.0", "1.1", "1.2", "1.3", "2.0", "2.1", "2.2", "3.0", "3.1", "3.2",
    "4.0", "4.1", "4.2", "5.0", "5.1", "5.2", "6.0", "6.1", "6.2",
)  # fmt: skip
# What every decoder of the three profiles above plays; x264 refuses other formats with them.
PIXEL_FORMATS = ("yuv420p",)
TUNES = ("film", "animation", "grain", "fastdecode", "zerolatency")
SAMPLE_RATES_HZ = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)

MAX_RUNGS = 20
DIMENSION = Range(16, 8192)
# Below 1 x264 is lossless, which the profiles above do not have.
CRF = Range(1, 51)
VIDEO_KBPS = Range(16, 200_000)
BUFFER_KBITS = Range(16, 400_000)
AUDIO_KBPS = Range(8, 512)
CHANNELS = Range(1, 8)
GOP_SECONDS = Range(0.25, 10)
SEGMENT_SECONDS = Range(1, 30)
DEFAULT_GOP_SECONDS = 2.0
DEFAULT_SEGMENT_SECONDS = 4.0
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
# The manifest takes this name beside the playlists of the renditions.
RESERVED_NAME = "master"


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of the ladder. None: the planner's default.

    `height` is the picture's short side and `width` its long one, in pixels as displayed: "720p" of an
    upright phone clip is 720x1280. With both, the picture fits into them. Give `crf` or `bitrate_kbps`,
    not both; `maxrate_kbps` caps either, over a window of `bufsize_kbps` kilobits (twice the cap by
    default). `encoder` "copy" takes the source's stream as it is and none of the other settings.
    """

    name: str
    height: int | None = None
    width: int | None = None
    encoder: str = "libx264"
    crf: float | None = None
    bitrate_kbps: int | None = None
    maxrate_kbps: int | None = None
    bufsize_kbps: int | None = None
    speed: str | None = None
    codec_profile: str | None = None
    level: str | None = None
    pixel_format: str | None = None
    tune: str | None = None
    required: bool = True


@dataclass(frozen=True, slots=True)
class AudioRung:
    """The one audio rendition of a ladder. None: as in the source, at 64 kbit/s for each channel."""

    name: str = "audio"
    encoder: str = "aac"
    bitrate_kbps: int | None = None
    channels: int | None = None
    sample_rate_hz: int | None = None
    required: bool = True


@dataclass(frozen=True, slots=True)
class Ladder:
    """The whole wish. A segment is a whole number of GOPs."""

    packaging: Packaging
    rungs: tuple[Rung, ...]
    audio: AudioRung | None
    segment_seconds: float = DEFAULT_SEGMENT_SECONDS
    gop_seconds: float = DEFAULT_GOP_SECONDS

    def to_json(self) -> dict[str, Any]:
        document = _fields(self)
        document["rungs"] = [_fields(rung) for rung in self.rungs]
        document["audio"] = None if self.audio is None else _fields(self.audio)
        return document

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Ladder":
        """The inverse of `to_json`; what has a default may be missing. Types are the caller's to check.

        Raises KeyError or TypeError for missing and unknown fields.
        """
        audio = document.get("audio")
        return cls(
            **{
                **document,
                "rungs": tuple(Rung(**rung) for rung in document["rungs"]),
                "audio": None if audio is None else AudioRung(**audio),
            }
        )


@dataclass(frozen=True, slots=True)
class Problem:
    """`pointer` is a JSON pointer (RFC 6901) relative to the ladder; `detail` a sentence for its author."""

    pointer: str
    code: str
    detail: str


def problems(ladder: Ladder) -> tuple[Problem, ...]:
    """All that is wrong with a ladder of the right types, in its order; empty if it can be planned."""
    return tuple(_problems(ladder))


def _problems(ladder: Ladder) -> Iterator[Problem]:
    yield from _unknown("", ladder, {"packaging": PACKAGINGS})
    ranges = {"segment_seconds": SEGMENT_SECONDS, "gop_seconds": GOP_SECONDS}
    outside = list(_outside("", ladder, ranges))
    yield from outside
    if not outside and exact(ladder.segment_seconds) % exact(ladder.gop_seconds):
        yield Problem(
            "/segment_seconds",
            "not_a_multiple",
            f"A segment holds whole GOPs: make it a multiple of {ladder.gop_seconds:g} seconds.",
        )
    if not ladder.rungs and ladder.audio is None:
        yield Problem("/rungs", "empty", "A ladder needs a rung or audio.")
    if len(ladder.rungs) > MAX_RUNGS:
        yield Problem("/rungs", "too_many", f"A ladder has at most {MAX_RUNGS} rungs.")

    names = Counter(rung.name for rung in ladder.rungs)
    if ladder.audio is not None:
        names[ladder.audio.name] += 1
    for position, rung in enumerate(ladder.rungs):
        yield from _name(f"/rungs/{position}", rung.name, names)
        yield from _rung(f"/rungs/{position}", rung)
    if ladder.audio is not None:
        yield from _name("/audio", ladder.audio.name, names)
        yield from _audio("/audio", ladder.audio)


def _rung(pointer: str, rung: Rung) -> Iterator[Problem]:
    if rung.encoder == COPY:
        yield from _not_with_copy(pointer, rung, [*_RUNG_RANGES, *_RUNG_CHOICES])
        return
    yield from _unknown(pointer, rung, {"encoder": VIDEO_ENCODERS, **_RUNG_CHOICES})
    yield from _outside(pointer, rung, _RUNG_RANGES)
    if rung.height is None and rung.width is None:
        yield Problem(f"{pointer}/height", "required", "Give a height, a width, or both.")
    for side in ("height", "width"):
        if (getattr(rung, side) or 0) % 2:
            yield Problem(f"{pointer}/{side}", "odd", "4:2:0 video has even dimensions.")
    if rung.crf is not None and rung.bitrate_kbps is not None:
        yield Problem(
            f"{pointer}/crf", "conflict", "Give crf or bitrate_kbps, not both; maxrate_kbps caps either."
        )
    if rung.maxrate_kbps is not None and rung.maxrate_kbps < (rung.bitrate_kbps or 0):
        yield Problem(f"{pointer}/maxrate_kbps", "conflict", "The cap is below bitrate_kbps.")
    if rung.bufsize_kbps is not None and rung.maxrate_kbps is None:
        yield Problem(f"{pointer}/bufsize_kbps", "conflict", "A buffer needs a maxrate_kbps to hold to.")


def _audio(pointer: str, audio: AudioRung) -> Iterator[Problem]:
    if audio.encoder == COPY:
        yield from _not_with_copy(pointer, audio, [*_AUDIO_RANGES, *_AUDIO_CHOICES])
        return
    yield from _unknown(pointer, audio, {"encoder": AUDIO_ENCODERS, **_AUDIO_CHOICES})
    yield from _outside(pointer, audio, _AUDIO_RANGES)


_RUNG_RANGES = {
    "height": DIMENSION,
    "width": DIMENSION,
    "crf": CRF,
    "bitrate_kbps": VIDEO_KBPS,
    "maxrate_kbps": VIDEO_KBPS,
    "bufsize_kbps": BUFFER_KBITS,
}
_RUNG_CHOICES: dict[str, Sequence[object]] = {
    "speed": SPEEDS,
    "codec_profile": CODEC_PROFILES,
    "level": LEVELS,
    "pixel_format": PIXEL_FORMATS,
    "tune": TUNES,
}
_AUDIO_RANGES = {"bitrate_kbps": AUDIO_KBPS, "channels": CHANNELS}
_AUDIO_CHOICES: dict[str, Sequence[object]] = {"sample_rate_hz": SAMPLE_RATES_HZ}


def _name(pointer: str, name: str, names: Counter[str]) -> Iterator[Problem]:
    if not NAME.fullmatch(name):
        yield Problem(
            f"{pointer}/name",
            "malformed",
            "A name has 1 to 32 of a-z, 0-9, '-' and '_', and starts with a letter or a digit.",
        )
    elif name == RESERVED_NAME:
        yield Problem(f"{pointer}/name", "reserved", f"{RESERVED_NAME!r} is the manifest's own name.")
    elif names[name] > 1:
        yield Problem(f"{pointer}/name", "duplicate", f"{name!r} names {names[name]} renditions.")


def _unknown(pointer: str, spec: object, choices: Mapping[str, Sequence[object]]) -> Iterator[Problem]:
    for field, allowed in choices.items():
        value = getattr(spec, field)
        if value is not None and value not in allowed:
            known = ", ".join(map(str, allowed))
            yield Problem(f"{pointer}/{field}", "unknown", f"{value!r} is not one of: {known}.")


def _outside(pointer: str, spec: object, ranges: Mapping[str, Range]) -> Iterator[Problem]:
    for field, (low, high) in ranges.items():
        value = getattr(spec, field)
        # Written so that NaN is outside too.
        if value is not None and not low <= value <= high:
            yield Problem(f"{pointer}/{field}", "out_of_range", f"{value} is not in {low:g} to {high:g}.")


def _not_with_copy(pointer: str, spec: object, fields: Sequence[str]) -> Iterator[Problem]:
    for field in fields:
        if getattr(spec, field) is not None:
            yield Problem(f"{pointer}/{field}", "conflict", f"A copied stream keeps its own {field}.")


def exact(seconds: float) -> Fraction:
    """The decimal number that was written, not its nearest float: 0.1 is 1/10."""
    return Fraction(str(seconds))


def _fields(value: Ladder | Rung | AudioRung) -> dict[str, Any]:
    # `dataclasses.asdict` copies deeply: ten times the work, on values that cannot change.
    return {field.name: getattr(value, field.name) for field in fields(value)}
