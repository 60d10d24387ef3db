"""The presets that ship: ladders as data. A changed ladder is a new version, jobs keep the one they named.

A crf sets the quality and a cap bounds the peak: easy scenes cost less than the cap, hard ones never more
than a player counts on. The caps are the usual ones of streaming: H.264 5 Mbit/s at 1080p and about half of that a
rung down, HEVC a third less (Apple's HLS authoring specification, tables 2 and 4), AV1 and VP9 some two thirds.
"veryfast" since CPU is what a ladder costs; who wants smaller files names a `speed`.
GOPs of 2 s and segments of 4 s: quick starts, few requests.
"""

from dataclasses import dataclass, replace

from jobs.planner.specs import AudioRung, Extra, Ladder, Rung


@dataclass(frozen=True, slots=True)
class Preset:
    """A ladder that a job can name."""

    name: str
    version: int
    title: str
    ladder: Ladder


def h264(height: int, maxrate_kbps: int) -> Rung:
    """H.264 that every player has played for ten years."""
    return Rung(
        name=f"{height}p",
        height=height,
        crf=23,
        maxrate_kbps=maxrate_kbps,
        bufsize_kbps=2 * maxrate_kbps,
        speed="veryfast",
        codec_profile="high",
        pixel_format="yuv420p",
    )


def hevc(height: int, maxrate_kbps: int) -> Rung:
    """HEVC, with the source's HDR if it has any."""
    return Rung(
        name=f"{height}p",
        height=height,
        encoder="libx265",
        crf=24,
        maxrate_kbps=maxrate_kbps,
        bufsize_kbps=2 * maxrate_kbps,
        speed="veryfast",
        hdr="keep",
    )


def av1(height: int, maxrate_kbps: int) -> Rung:
    """AV1, with the source's HDR if it has any."""
    return Rung(
        name=f"{height}p",
        height=height,
        encoder="libsvtav1",
        crf=32,
        maxrate_kbps=maxrate_kbps,
        bufsize_kbps=2 * maxrate_kbps,
        speed="8",
        hdr="keep",
    )


def vp9(height: int, maxrate_kbps: int) -> Rung:
    """VP9 for WebM."""
    return Rung(
        name=f"{height}p",
        height=height,
        encoder="libvpx-vp9",
        crf=32,
        maxrate_kbps=maxrate_kbps,
        bufsize_kbps=2 * maxrate_kbps,
        speed="5",
    )


AAC = AudioRung(bitrate_kbps=128, channels=2)
OPUS = AudioRung(encoder="libopus", bitrate_kbps=96, channels=2)
_UP_TO_720P = (h264(720, 2800), h264(480, 1400), h264(360, 800), h264(240, 400))
_HEVC = (
    hevc(2160, 14_000),
    hevc(1440, 8000),
    hevc(1080, 4500),
    hevc(720, 2000),
    hevc(480, 1000),
    hevc(360, 500),
)
_AV1 = (av1(1080, 3500), av1(720, 1800), av1(480, 900), av1(360, 500))
_PREVIEW = (
    Extra("preview", "preview_clip", duration_seconds=15, height=480),
    Extra("thumbnail", "thumbnail", at_seconds=5, format="jpeg", height=360),
)
_THUMBNAILS = tuple(
    Extra(name, "image_thumbnail", height=height, format="webp", required=True)
    for name, height in (("large", 1080), ("medium", 480), ("small", 160))
)
_PAGES = (
    Extra("page", "page_preview", pages="1-10", height=1080, format="jpeg", required=True),
    Extra("info", "media_info"),
)
_ARCHIVE = Rung(
    name="archive",
    source_size=True,
    crf=18,
    speed="slow",
    codec_profile="high",
    pixel_format="yuv420p",
)


def _hls(rungs: tuple[Rung, ...]) -> Ladder:
    return Ladder("hls", rungs, AAC, subtitles="all")


SHIPPED: tuple[Preset, ...] = (
    Preset("hls-1080p", 2, "HLS, 1080p to 240p", _hls((h264(1080, 5000), *_UP_TO_720P))),
    Preset("hls-720p", 2, "HLS, 720p to 240p", _hls(_UP_TO_720P)),
    Preset("mp4-720p", 1, "One MP4 file, 720p", Ladder("mp4", (h264(720, 2800),), AAC)),
    Preset("hls-2160p-hevc", 2, "HLS, HEVC, 2160p to 360p, HDR kept", _hls(_HEVC)),
    Preset("hls-av1", 2, "HLS, AV1, 1080p to 360p, HDR kept", _hls(_AV1)),
    Preset(
        "web-1080p-720p-preview",
        1,
        "MP4 in 1080p and 720p, a preview of 15 s, a thumbnail from 5 s",
        Ladder("mp4", (h264(1080, 5000), h264(720, 2800)), AAC, extras=_PREVIEW),
    ),
    Preset(
        "mp4",
        1,
        "One MP4 file, H.264, up to 1080p; a copy where the source is one",
        Ladder("mp4", (h264(1080, 5000),), AAC, passthrough="auto"),
    ),
    Preset(
        "webm",
        1,
        "One WebM file, VP9 and Opus, up to 1080p; a copy where the source is one",
        Ladder("webm", (vp9(1080, 3500),), OPUS, passthrough="auto"),
    ),
    Preset(
        "hevc",
        1,
        "One MP4 file, HEVC, up to 1080p, HDR kept; a copy where the source is one",
        Ladder("mp4", (hevc(1080, 4500),), AAC, passthrough="auto"),
    ),
    Preset("audio-only", 1, "One M4A file, stereo AAC", Ladder("mp4", (), AAC)),
    Preset(
        "archive-normalise",
        1,
        "One MP4 file in the source's size, near lossless, loudness -23 LUFS (EBU R128)",
        Ladder("mp4", (_ARCHIVE,), AudioRung(bitrate_kbps=320, sample_rate_hz=48000, loudness_lufs=-23)),
    ),
    Preset(
        "passthrough",
        1,
        "The source's streams as they are, in MP4",
        Ladder("mp4", (Rung("copy", encoder="copy"),), AudioRung(encoder="copy")),
    ),
    Preset(
        "image-thumbnails",
        1,
        "An image in three sizes, WebP: 1080, 480 and 160 pixels of its short side",
        Ladder("none", (), None, extras=_THUMBNAILS),
    ),
    Preset(
        "document-previews",
        1,
        "The first ten pages of a PDF document, JPEG, and what it says of itself",
        Ladder("none", (), None, extras=_PAGES),
    ),
)
# Versions that jobs may have been submitted with; the HLS presets once left subtitles behind.
FORMER: tuple[Preset, ...] = tuple(
    replace(preset, version=1, ladder=replace(preset.ladder, subtitles="none"))
    for preset in SHIPPED
    if preset.version == 2
)
