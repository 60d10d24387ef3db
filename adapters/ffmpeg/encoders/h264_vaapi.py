"""H.264 by VA-API, on a GPU of Intel or AMD."""

from dataclasses import replace

from adapters.ffmpeg.encode import VideoEncode
from adapters.ffmpeg.encoders import vaapi
from adapters.ffmpeg.encoders.base import FRAGMENTED, Range, VideoEncoder
from adapters.ffmpeg.encoders.libx264 import LEVELS


def _arguments(settings: VideoEncode) -> tuple[str, ...]:
    if settings.codec_profile == "baseline":
        settings = replace(settings, codec_profile="constrained_baseline")
    return vaapi.arguments("h264_vaapi", settings)


H264_VAAPI = VideoEncoder(
    name="h264_vaapi",
    codec="h264",
    arguments=_arguments,
    containers=FRAGMENTED,
    hardware=vaapi.VAAPI,
    crf=Range(1, 51),
    default_crf=26,
    codec_profiles={"baseline": ("yuv420p",), "main": ("yuv420p",), "high": ("yuv420p",)},
    default_codec_profile="high",
    levels=LEVELS,
)
