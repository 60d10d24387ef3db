"""What can be wrong with a ladder, as sentences for its author. A ladder without problems can be planned."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from adapters.ffmpeg.encoders import (
    AUDIO_ENCODERS,
    VIDEO_ENCODERS,
    Range,
    VideoEncoder,
    audio_encoder,
    video_encoder,
)
from adapters.ffmpeg.extras import FORMATS
from adapters.imaging.encode import FORMATS as IMAGE_FORMATS
from jobs.planner.pages import PagesMalformed, page_numbers
from jobs.planner.specs import (
    BUFFER_KBITS,
    CHANNELS,
    COPY,
    DIMENSION,
    EXTRA_KINDS,
    FRAME_RATE,
    GOP_SECONDS,
    HDR,
    LANGUAGES,
    LOUDNESS_LUFS,
    MAX_EXTRAS,
    MAX_PASSES,
    MAX_RUNGS,
    MEDIA_INFO,
    NAME,
    NO_PACKAGING,
    PACKAGINGS,
    PASSTHROUGH,
    POOLS,
    PUBLISH,
    RESERVED_NAME,
    SEGMENT_SECONDS,
    SEGMENTS,
    SSIM,
    STRATEGIES,
    SUBTITLES,
    VIDEO_KBPS,
    AudioRung,
    Extra,
    Ladder,
    Rung,
    exact,
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


_LADDER_CHOICES: dict[str, Sequence[object]] = {
    "packaging": PACKAGINGS,
    "segments": SEGMENTS,
    "publish": PUBLISH,
    "passthrough": PASSTHROUGH,
    "audio_languages": LANGUAGES,
    "strategy": STRATEGIES,
    "subtitles": SUBTITLES,
}
_RUNG_RANGES = {
    "height": DIMENSION,
    "width": DIMENSION,
    "bitrate_kbps": VIDEO_KBPS,
    "maxrate_kbps": VIDEO_KBPS,
    "bufsize_kbps": BUFFER_KBITS,
    "max_frame_rate": FRAME_RATE,
}
_RUNG_WISHES = ("height", "width", "crf", "bitrate_kbps", "maxrate_kbps", "bufsize_kbps", "max_frame_rate")
_ENCODER_WISHES = ("speed", "codec_profile", "level", "pixel_format", "tune")
_AUDIO_WISHES = ("bitrate_kbps", "channels", "sample_rate_hz", "loudness_lufs")
_FILM_WISHES = ("at_seconds", "duration_seconds", "interval_seconds")
_PICTURE_WISHES = (*_FILM_WISHES, "format", "height", "width")
_MOMENT = Range(0, 10**7)
_LENGTH = Range(0.1, 60)
_INTERVAL = Range(0.1, 3600)
# A sheet holds a hundred tiles, and JPEG 65,535 pixels a side.
_TILE = Range(16, 480)


def _problems(ladder: Ladder) -> Iterator[Problem]:
    yield from _unknown("", ladder, _LADDER_CHOICES)
    if ladder.packaging == NO_PACKAGING:
        yield from _extras_alone(ladder)
    elif not ladder.has_segments:
        yield from _file_packaging(ladder)
    ranges = {"segment_seconds": SEGMENT_SECONDS, "gop_seconds": GOP_SECONDS}
    outside = list(_outside("", ladder, ranges))
    yield from outside
    if not outside and exact(ladder.segment_seconds) % exact(ladder.gop_seconds):
        yield Problem(
            "/segment_seconds",
            "not_a_multiple",
            f"A segment holds whole GOPs: make it a multiple of {ladder.gop_seconds:g} seconds.",
        )
    yield from _outside("", ladder, {"cascade_min_ssim": SSIM})
    if ladder.cascade_min_ssim is not None and ladder.strategy != "group":
        yield Problem(
            "/cascade_min_ssim", "conflict", "Rungs are scaled from one another in a group: set the strategy."
        )
    if not ladder.rungs and ladder.audio is None and ladder.packaging != NO_PACKAGING:
        yield Problem(
            "/rungs",
            "empty",
            f"A ladder needs a rung or audio; extras alone have the packaging {NO_PACKAGING!r}.",
        )
    if len(ladder.rungs) > MAX_RUNGS:
        yield Problem("/rungs", "too_many", f"A ladder has at most {MAX_RUNGS} rungs.")
    if len(ladder.extras) > MAX_EXTRAS:
        yield Problem("/extras", "too_many", f"A ladder has at most {MAX_EXTRAS} extras.")

    names = Counter([rung.name for rung in ladder.rungs] + [extra.name for extra in ladder.extras])
    if ladder.audio is not None:
        names[ladder.audio.name] += 1
    for position, rung in enumerate(ladder.rungs):
        yield from _name(f"/rungs/{position}", rung.name, names)
        yield from _rung(f"/rungs/{position}", rung, ladder)
    if ladder.audio is not None:
        yield from _name("/audio", ladder.audio.name, names)
        yield from _audio("/audio", ladder.audio, ladder)
    for position, extra in enumerate(ladder.extras):
        yield from _name(f"/extras/{position}", extra.name, names)
        yield from _extra(f"/extras/{position}", extra)


def _file_packaging(ladder: Ladder) -> Iterator[Problem]:
    kind = {"mp4": "An MP4", "webm": "A WebM"}[ladder.container]
    if ladder.segments == "separate":
        yield Problem("/segments", "conflict", f"{kind} file has no segments: package it as HLS or DASH.")
    if ladder.publish == "progressive":
        yield Problem("/publish", "conflict", f"{kind} file has no manifest that could grow.")
    if ladder.audio_languages == "all" and ladder.rungs:
        yield Problem(
            "/audio_languages",
            "conflict",
            f"{kind} file has one audio stream: package languages as HLS or DASH.",
        )


def _extras_alone(ladder: Ladder) -> Iterator[Problem]:
    if ladder.rungs or ladder.audio is not None:
        yield Problem(
            "/packaging",
            "conflict",
            f"Packaging {NO_PACKAGING!r} is for extras alone: rungs and audio need one.",
        )
    elif not ladder.extras:
        yield Problem("/extras", "empty", "A ladder without rungs and audio needs an extra.")
    if ladder.segments == "separate":
        yield Problem("/segments", "conflict", "Extras have no segments.")
    if ladder.publish == "progressive":
        yield Problem("/publish", "conflict", "Extras have no manifest that could grow.")
    if ladder.subtitles != "none":
        yield Problem("/subtitles", "conflict", "Subtitles need a packaging that carries them.")


def _rung(pointer: str, rung: Rung, ladder: Ladder) -> Iterator[Problem]:
    if rung.encoder == COPY:
        yield from _not_with_copy(pointer, rung, [*_RUNG_WISHES, *_ENCODER_WISHES])
        return
    choices: dict[str, Sequence[object]] = {"encoder": VIDEO_ENCODERS, "hdr": HDR, "pool": POOLS}
    yield from _unknown(pointer, rung, choices)
    yield from _outside(pointer, rung, _RUNG_RANGES)
    yield from _size(pointer, rung)
    if rung.crf is not None and rung.bitrate_kbps is not None:
        yield Problem(
            f"{pointer}/crf", "conflict", "Give crf or bitrate_kbps, not both; maxrate_kbps caps either."
        )
    if rung.maxrate_kbps is not None and rung.maxrate_kbps < (rung.bitrate_kbps or 0):
        yield Problem(f"{pointer}/maxrate_kbps", "conflict", "The cap is below bitrate_kbps.")
    if rung.bufsize_kbps is not None and rung.maxrate_kbps is None:
        yield Problem(f"{pointer}/bufsize_kbps", "conflict", "A buffer needs a maxrate_kbps to hold to.")
    if rung.encoder in VIDEO_ENCODERS:
        yield from _of_encoder(pointer, rung, video_encoder(rung.encoder), ladder)


def _of_encoder(pointer: str, rung: Rung, encoder: VideoEncoder, ladder: Ladder) -> Iterator[Problem]:
    """What this encoder does not know or cannot do."""
    yield from _container(pointer, encoder.name, encoder.containers, ladder)
    choices: dict[str, Sequence[object]] = {
        "speed": encoder.speeds,
        "codec_profile": tuple(encoder.codec_profiles),
        "level": encoder.levels,
        "pixel_format": encoder.pixel_formats,
        "tune": encoder.tunes,
    }
    unknown = list(_unknown(pointer, rung, choices, of=encoder.name))
    yield from unknown
    yield from _outside(pointer, rung, {"crf": encoder.crf})
    if not unknown:
        yield from _depth(pointer, rung, encoder)
    yield from _passes(pointer, rung, encoder)
    if encoder.pool == "gpu" and rung.pool not in (None, "gpu"):
        yield Problem(f"{pointer}/pool", "conflict", f"{encoder.name} needs a GPU: leave the pool out.")


def _depth(pointer: str, rung: Rung, encoder: VideoEncoder) -> Iterator[Problem]:
    """Profile, pixel format and HDR must fit together."""
    formats = encoder.codec_profiles.get(rung.codec_profile or "", encoder.pixel_formats)
    if rung.pixel_format is not None and rung.pixel_format not in formats:
        yield Problem(
            f"{pointer}/pixel_format",
            "conflict",
            f"Profile {rung.codec_profile!r} of {encoder.name} has {', '.join(formats)}.",
        )
    elif rung.hdr == "keep" and not any("10" in one for one in formats if rung.pixel_format in (None, one)):
        yield Problem(
            f"{pointer}/hdr", "conflict", "HDR needs 10 bits: yuv420p10le, in a profile that has it."
        )


def _passes(pointer: str, rung: Rung, encoder: VideoEncoder) -> Iterator[Problem]:
    if not 1 <= rung.passes <= MAX_PASSES:
        yield Problem(f"{pointer}/passes", "out_of_range", f"{rung.passes} is not in 1 to {MAX_PASSES}.")
    elif rung.passes == 2 and rung.bitrate_kbps is None:
        yield Problem(f"{pointer}/passes", "conflict", "Two passes plan a bit rate: give bitrate_kbps.")
    elif rung.passes == 2 and encoder.in_pass is None and encoder.pool == "cpu":
        yield Problem(f"{pointer}/passes", "conflict", f"{encoder.name} has one pass.")


def _size(pointer: str, rung: Rung) -> Iterator[Problem]:
    sides = [side for side in ("height", "width") if getattr(rung, side) is not None]
    if rung.source_size:
        for side in sides:
            yield Problem(f"{pointer}/{side}", "conflict", "The rung has the source's own size.")
    elif not sides:
        yield Problem(
            f"{pointer}/height", "required", "Give a height, a width, or both; or source_size for neither."
        )
    for side in sides:
        if getattr(rung, side) % 2:
            yield Problem(f"{pointer}/{side}", "odd", "4:2:0 video has even dimensions.")


def _audio(pointer: str, audio: AudioRung, ladder: Ladder) -> Iterator[Problem]:
    if audio.encoder == COPY:
        yield from _not_with_copy(pointer, audio, _AUDIO_WISHES)
        return
    yield from _unknown(pointer, audio, {"encoder": AUDIO_ENCODERS})
    yield from _outside(pointer, audio, {"channels": CHANNELS, "loudness_lufs": LOUDNESS_LUFS})
    if audio.encoder not in AUDIO_ENCODERS:
        return
    encoder = audio_encoder(audio.encoder)
    yield from _container(pointer, encoder.name, encoder.containers, ladder)
    yield from _unknown(pointer, audio, {"sample_rate_hz": encoder.sample_rates_hz}, of=encoder.name)
    if encoder.kbps_per_channel is None and audio.bitrate_kbps is not None:
        yield Problem(
            f"{pointer}/bitrate_kbps", "conflict", f"{encoder.name} is lossless: it has no bit rate."
        )
    else:
        yield from _outside(pointer, audio, {"bitrate_kbps": encoder.kbps})
    if (audio.channels or 0) > encoder.max_channels:
        yield Problem(
            f"{pointer}/channels",
            "out_of_range",
            f"{encoder.name} has at most {encoder.max_channels} channels.",
        )


def _extra(pointer: str, extra: Extra) -> Iterator[Problem]:
    yield from _unknown(pointer, extra, {"kind": EXTRA_KINDS})
    yield from _pages(pointer, extra)
    if extra.kind == MEDIA_INFO:
        for field in _PICTURE_WISHES:
            if getattr(extra, field) is not None:
                yield Problem(f"{pointer}/{field}", "conflict", f"Media info has no {field}: leave it out.")
        return
    if extra.kind == "image_thumbnail" or extra.kind == "page_preview":
        yield from _image_extra(pointer, extra)
        return
    ranges = {
        "at_seconds": _MOMENT,
        "duration_seconds": _LENGTH,
        "interval_seconds": _INTERVAL,
        "height": DIMENSION,
        "width": DIMENSION,
    }
    if extra.kind == "sprite_sheet":
        ranges |= {"height": _TILE, "width": _TILE}
    yield from _outside(pointer, extra, ranges)
    if extra.kind in FORMATS:
        yield from _unknown(pointer, extra, {"format": FORMATS[extra.kind]}, of=extra.kind)


def _image_extra(pointer: str, extra: Extra) -> Iterator[Problem]:
    for field in _FILM_WISHES:
        if getattr(extra, field) is not None:
            yield Problem(f"{pointer}/{field}", "conflict", f"{extra.kind} is made of no film: leave it out.")
    yield from _outside(pointer, extra, {"height": DIMENSION, "width": DIMENSION})
    yield from _unknown(pointer, extra, {"format": IMAGE_FORMATS}, of=extra.kind)


def _pages(pointer: str, extra: Extra) -> Iterator[Problem]:
    if extra.pages is None:
        return
    if extra.kind != "page_preview":
        yield Problem(f"{pointer}/pages", "conflict", "Only a page_preview has pages.")
        return
    try:
        page_numbers(extra.pages)
    except PagesMalformed as error:
        yield Problem(f"{pointer}/pages", "malformed", str(error))


def _container(pointer: str, name: str, containers: Sequence[str], ladder: Ladder) -> Iterator[Problem]:
    if ladder.packaging in PACKAGINGS and ladder.container not in containers:
        yield Problem(
            f"{pointer}/encoder",
            "conflict",
            f"Packaging {ladder.packaging!r} does not hold what {name} makes.",
        )


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


def _unknown(
    pointer: str, spec: object, choices: Mapping[str, Sequence[object]], *, of: str = ""
) -> Iterator[Problem]:
    for field, allowed in choices.items():
        value = getattr(spec, field)
        if value is None or value in allowed:
            continue
        known = ", ".join(map(str, allowed))
        if of and not allowed:
            yield Problem(f"{pointer}/{field}", "unknown", f"{of} has no {field} to choose.")
        else:
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
