"""HEVC by x265, on the CPU. https://x265.readthedocs.io/en/stable/cli.html"""

from pathlib import Path

from adapters.ffmpeg.encode import VideoEncode
from adapters.ffmpeg.encoders.base import FRAGMENTED, Range, VideoEncoder, decimal, kilobits, options
from adapters.ffmpeg.encoders.libx264 import SPEEDS


def _arguments(settings: VideoEncode) -> tuple[str, ...]:
    gop = settings.gop_frames
    # x265 does not read -sc_threshold, and its GOPs are open unless told: a decoder that starts at such a key
    # frame would miss the pictures that lean on the GOP before.
    own = [f"keyint={gop}", f"min-keyint={gop}", "scenecut=0", "open-gop=0", "log-level=warning"]
    if settings.level is not None:
        own += [f"level-idc={settings.level}", "high-tier=0"]
    return (
        "-c:v", "libx265",
        *options(
            ("-preset", settings.speed),
            ("-tune", settings.tune),
            ("-profile:v", settings.codec_profile),
            ("-pix_fmt", settings.pixel_format),
            ("-crf", decimal(settings.crf)),
            ("-b:v", kilobits(settings.bitrate_kbps)),
            ("-maxrate:v", kilobits(settings.maxrate_kbps)),
            ("-bufsize:v", kilobits(settings.bufsize_kbps)),
        ),
        # Parameter sets in the sample entry alone: what Apple's players ask for.
        "-tag:v", "hvc1",
        "-x265-params", ":".join(own),
    )  # fmt: skip


def _in_pass(arguments: tuple[str, ...], number: int, statistics: Path) -> tuple[str, ...]:
    *first, own = arguments
    return (*first, f"{own}:pass={number}:stats={statistics}")


LIBX265 = VideoEncoder(
    name="libx265",
    codec="hevc",
    arguments=_arguments,
    containers=FRAGMENTED,
    speeds=SPEEDS,
    default_speed="veryfast",
    crf=Range(1, 51),
    default_crf=26,
    codec_profiles={"main": ("yuv420p",), "main10": ("yuv420p10le",)},
    default_codec_profile="main",
    # ITU-T H.265, table A.8.
    levels=("1.0", "2.0", "2.1", "3.0", "3.1", "4.0", "4.1", "5.0", "5.1", "5.2", "6.0", "6.1", "6.2"),
    tunes=("animation", "grain", "fastdecode", "zerolatency"),
    in_pass=_in_pass,
)
