"""VP9 by libvpx, on the CPU. https://ffmpeg.org/ffmpeg-codecs.html#libvpx"""

from adapters.ffmpeg.encode import VideoEncode
from adapters.ffmpeg.encoders.base import (
    EVERYWHERE,
    Range,
    VideoEncoder,
    decimal,
    kilobits,
    options,
    pass_options,
)


def _arguments(settings: VideoEncode) -> tuple[str, ...]:
    gop = str(settings.gop_frames)
    # With a crf the bit rate is the cap ("constrained quality"); without a cap it has to be 0.
    target_kbps = settings.bitrate_kbps if settings.crf is None else settings.maxrate_kbps or 0
    maxrate_kbps = settings.maxrate_kbps if settings.crf is None else None
    return (
        "-c:v", "libvpx-vp9", "-deadline", "good",
        *options(
            ("-cpu-used", settings.speed),
            ("-tune-content", settings.tune),
            ("-profile:v", settings.codec_profile),
            ("-level", settings.level),
            ("-pix_fmt", settings.pixel_format),
            ("-crf", decimal(settings.crf)),
            ("-b:v", kilobits(target_kbps)),
            ("-maxrate:v", kilobits(maxrate_kbps)),
            ("-bufsize:v", kilobits(settings.bufsize_kbps)),
        ),
        # Equal distances switch libvpx's own choice of key frames off; its GOPs are always closed.
        "-row-mt", "1", "-g", gop, "-keyint_min", gop,
    )  # fmt: skip


LIBVPX_VP9 = VideoEncoder(
    name="libvpx-vp9",
    codec="vp9",
    arguments=_arguments,
    containers=EVERYWHERE,
    # Above 5 "good" is the same as 5.
    speeds=("5", "4", "3", "2", "1", "0"),
    default_speed="5",
    crf=Range(1, 63),
    default_crf=32,
    codec_profiles={"0": ("yuv420p",), "2": ("yuv420p10le",)},
    default_codec_profile="0",
    # https://www.webmproject.org/vp9/levels/
    levels=("1.0", "1.1", "2.0", "2.1", "3.0", "3.1", "4.0", "4.1", "5.0", "5.1", "5.2", "6.0", "6.1", "6.2"),
    tunes=("screen", "film"),
    in_pass=pass_options,
)
