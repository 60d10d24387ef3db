"""H.264 by x264, on the CPU. https://ffmpeg.org/ffmpeg-codecs.html#libx264_002c-libx264rgb"""

from adapters.ffmpeg.encode import VideoEncode
from adapters.ffmpeg.encoders.base import (
    FRAGMENTED,
    Range,
    VideoEncoder,
    decimal,
    kilobits,
    options,
    pass_options,
)

# "placebo" is left out: hours of CPU for nothing that can be seen.
SPEEDS = (
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow",
)  # fmt: skip
# ITU-T H.264, table A-1, without 1b.
LEVELS = (
    "1.0", "1.1", "1.2", "1.3", "2.0", "2.1", "2.2", "3.0", "3.1", "3.2",
    "4.0", "4.1", "4.2", "5.0", "5.1", "5.2", "6.0", "6.1", "6.2",
)  # fmt: skip


def _arguments(settings: VideoEncode) -> tuple[str, ...]:
    gop = str(settings.gop_frames)
    return (
        "-c:v", "libx264",
        *options(
            ("-preset", settings.speed),
            ("-tune", settings.tune),
            ("-profile:v", settings.codec_profile),
            ("-level:v", settings.level),
            ("-pix_fmt", settings.pixel_format),
            ("-crf", decimal(settings.crf)),
            ("-b:v", kilobits(settings.bitrate_kbps)),
            ("-maxrate:v", kilobits(settings.maxrate_kbps)),
            ("-bufsize:v", kilobits(settings.bufsize_kbps)),
        ),
        # Key frames on the grid and nowhere else, so that all rungs can be switched at every segment.
        "-g", gop, "-keyint_min", gop, "-sc_threshold", "0", "-flags:v", "+cgop",
    )  # fmt: skip


LIBX264 = VideoEncoder(
    name="libx264",
    codec="h264",
    arguments=_arguments,
    containers=FRAGMENTED,
    speeds=SPEEDS,
    default_speed="veryfast",
    # Below 1 x264 is lossless, which these profiles do not have.
    crf=Range(1, 51),
    default_crf=23,
    codec_profiles={
        "baseline": ("yuv420p",),
        "main": ("yuv420p",),
        "high": ("yuv420p",),
        "high10": ("yuv420p10le",),
    },
    default_codec_profile="high",
    levels=LEVELS,
    tunes=("film", "animation", "grain", "fastdecode", "zerolatency"),
    in_pass=pass_options,
)
