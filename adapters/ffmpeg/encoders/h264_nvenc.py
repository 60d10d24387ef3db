"""H.264 by NVENC, on the GPU."""

from adapters.ffmpeg.encode import VideoEncode
from adapters.ffmpeg.encoders import nvenc
from adapters.ffmpeg.encoders.base import FRAGMENTED, Range, VideoEncoder
from adapters.ffmpeg.encoders.libx264 import LEVELS


def _arguments(settings: VideoEncode) -> tuple[str, ...]:
    return nvenc.arguments("h264_nvenc", settings)


H264_NVENC = VideoEncoder(
    name="h264_nvenc",
    codec="h264",
    arguments=_arguments,
    containers=FRAGMENTED,
    hardware=nvenc.NVENC,
    speeds=nvenc.SPEEDS,
    default_speed=nvenc.DEFAULT_SPEED,
    crf=Range(1, 51),
    default_crf=26,
    codec_profiles={"baseline": ("yuv420p",), "main": ("yuv420p",), "high": ("yuv420p",)},
    default_codec_profile="high",
    levels=LEVELS,
    tunes=("hq",),
)
