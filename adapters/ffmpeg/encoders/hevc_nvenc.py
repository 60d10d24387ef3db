"""HEVC by NVENC, on the GPU."""

from adapters.ffmpeg.encode import VideoEncode
from adapters.ffmpeg.encoders import nvenc
from adapters.ffmpeg.encoders.base import FRAGMENTED, Range, VideoEncoder
from adapters.ffmpeg.encoders.libx265 import LIBX265


def _arguments(settings: VideoEncode) -> tuple[str, ...]:
    return nvenc.arguments("hevc_nvenc", settings, "-tag:v", "hvc1")


HEVC_NVENC = VideoEncoder(
    name="hevc_nvenc",
    codec="hevc",
    arguments=_arguments,
    containers=FRAGMENTED,
    hardware=nvenc.NVENC,
    speeds=nvenc.SPEEDS,
    default_speed=nvenc.DEFAULT_SPEED,
    crf=Range(1, 51),
    default_crf=28,
    codec_profiles=LIBX265.codec_profiles,
    default_codec_profile="main",
    levels=LIBX265.levels,
    tunes=("hq",),
)
