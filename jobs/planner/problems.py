"""What can be wrong with a ladder, as sentences for its author. A ladder without problems can be planned."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from adapters.ffmpeg.encoders import (
    AUDIO_ENCODERS,
    VIDEO_ENCODERS,
    VideoEncoder,
    audio_encoder,
    video_encoder,
)
from jobs.planner import fallbacks
from jobs.planner.checks import Problem, not_with_copy, outside, unknown
from jobs.planner.extra_problems import of_extra
from jobs.planner.measurable import looking
from jobs.planner.specs import (
    BUFFER_KBITS,
    CHANNELS,
    COPY,
    DIMENSION,
    FRAME_RATE,
    GOP_SECONDS,
    HDR,
    LANGUAGES,
    LOUDNESS_LUFS,
    MAX_EXTRAS,
    MAX_PASSES,
    MAX_RUNGS,
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
    Ladder,
    Rung,
    exact,
)


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
_RUNG_WISHES = (
    *("height", "width", "crf", "bitrate_kbps", "maxrate_kbps", "bufsize_kbps"),
    *("max_frame_rate", "min_quality"),
)
_ENCODER_WISHES = ("speed", "codec_profile", "level", "pixel_format", "tune")
_FALLBACK_WISHES = ("fallback", "fallback_crf", "fallback_speed")
_AUDIO_WISHES = ("bitrate_kbps", "channels", "sample_rate_hz", "loudness_lufs")


def _problems(ladder: Ladder) -> Iterator[Problem]:
    yield from unknown("", ladder, _LADDER_CHOICES)
    if ladder.packaging == NO_PACKAGING:
        yield from _extras_alone(ladder)
    elif not ladder.has_segments:
        yield from _file_packaging(ladder)
    ranges = {"segment_seconds": SEGMENT_SECONDS, "gop_seconds": GOP_SECONDS}
    wrong = list(outside("", ladder, ranges))
    yield from wrong
    if not wrong and exact(ladder.segment_seconds) % exact(ladder.gop_seconds):
        yield Problem(
            "/segment_seconds",
            "not_a_multiple",
            f"A segment holds whole GOPs: make it a multiple of {ladder.gop_seconds:g} seconds.",
        )
    yield from outside("", ladder, {"cascade_min_ssim": SSIM})
    if ladder.cascade_min_ssim is not None and ladder.strategy != "group":
        yield Problem(
            "/cascade_min_ssim", "conflict", "Rungs are scaled from one another in a group: set the strategy."
        )
    yield from looking(ladder)
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
        yield from of_extra(f"/extras/{position}", extra)


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
        yield from not_with_copy(pointer, rung, [*_RUNG_WISHES, *_ENCODER_WISHES, *_FALLBACK_WISHES])
        return
    choices: dict[str, Sequence[object]] = {"encoder": VIDEO_ENCODERS, "hdr": HDR, "pool": POOLS}
    yield from unknown(pointer, rung, choices)
    yield from outside(pointer, rung, _RUNG_RANGES)
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
        yield from _fallback(pointer, rung, video_encoder(rung.encoder), ladder)


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
    wrong = list(unknown(pointer, rung, choices, of=encoder.name))
    yield from wrong
    yield from outside(pointer, rung, {"crf": encoder.crf})
    if not wrong:
        yield from _depth(pointer, rung, encoder)
    yield from _passes(pointer, rung, encoder)
    if encoder.pool == "gpu" and rung.pool not in (None, "gpu"):
        yield Problem(f"{pointer}/pool", "conflict", f"{encoder.name} needs a GPU: leave the pool out.")


def _fallback(pointer: str, rung: Rung, encoder: VideoEncoder, ladder: Ladder) -> Iterator[Problem]:
    """It must make the same codec on the CPU, with settings of its own scales."""
    if rung.fallback is None:
        for field in _FALLBACK_WISHES:
            if getattr(rung, field) is not None:
                yield Problem(
                    f"{pointer}/{field}", "conflict", "It is for a fallback: name one, or leave it out."
                )
        return
    if encoder.pool == "cpu":
        yield Problem(f"{pointer}/fallback", "conflict", f"{encoder.name} runs on the CPU: leave it out.")
        return
    known = fallbacks.choices(encoder)
    if rung.fallback not in known:
        detail = f"{rung.fallback!r} makes no {encoder.codec} on the CPU. One of: {', '.join(known)}."
        yield Problem(f"{pointer}/fallback", "unknown", detail)
        return
    if rung.crf is not None and rung.fallback_crf is None:
        detail = f"crf is on the scale of {encoder.name}: give the quality of {rung.fallback} on its own."
        yield Problem(f"{pointer}/fallback_crf", "required", detail)
    if rung.bitrate_kbps is not None and rung.fallback_crf is not None:
        yield Problem(
            f"{pointer}/fallback_crf", "conflict", "The rung has a bit rate, and so has its fallback."
        )
    own = {f"{pointer}/crf": f"{pointer}/fallback_crf", f"{pointer}/speed": f"{pointer}/fallback_speed"}
    other = fallbacks.fallback_rung(rung)
    for problem in _of_encoder(pointer, other, video_encoder(other.encoder), ladder):
        yield replace(problem, pointer=own.get(problem.pointer, f"{pointer}/fallback"))


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
        yield from not_with_copy(pointer, audio, _AUDIO_WISHES)
        return
    yield from unknown(pointer, audio, {"encoder": AUDIO_ENCODERS})
    yield from outside(pointer, audio, {"channels": CHANNELS, "loudness_lufs": LOUDNESS_LUFS})
    if audio.encoder not in AUDIO_ENCODERS:
        return
    encoder = audio_encoder(audio.encoder)
    yield from _container(pointer, encoder.name, encoder.containers, ladder)
    yield from unknown(pointer, audio, {"sample_rate_hz": encoder.sample_rates_hz}, of=encoder.name)
    if encoder.kbps_per_channel is None and audio.bitrate_kbps is not None:
        yield Problem(
            f"{pointer}/bitrate_kbps", "conflict", f"{encoder.name} is lossless: it has no bit rate."
        )
    else:
        yield from outside(pointer, audio, {"bitrate_kbps": encoder.kbps})
    if (audio.channels or 0) > encoder.max_channels:
        yield Problem(
            f"{pointer}/channels",
            "out_of_range",
            f"{encoder.name} has at most {encoder.max_channels} channels.",
        )


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
