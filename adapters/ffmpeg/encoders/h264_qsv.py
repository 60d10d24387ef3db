"""H.264 by Quick Sync, on an Intel GPU."""

from adapters.ffmpeg.encode import VideoEncode
from adapters.ffmpeg.encoders import qsv
from adapters.ffmpeg.encoders.base import FRAGMENTED, Range, VideoEncoder
from adapters.ffmpeg.encoders.libx264 import LEVELS


def _arguments(settings: VideoEncode) -> tuple[str, ...]:
    return qsv.arguments("h264_qsv", settings, "-idr_interval", "0")


H264_QSV = VideoEncoder(
    name="h264_qsv",
    codec="h264",
    arguments=_arguments,
    containers=FRAGMENTED,
    hardware=qsv.QSV,
    speeds=qsv.SPEEDS,
    default_speed=qsv.DEFAULT_SPEED,
    crf=Range(1, 51),
    default_crf=26,
    codec_profiles={"baseline": ("yuv420p",), "main": ("yuv420p",), "high": ("yuv420p",)},
    default_codec_profile="high",
    levels=LEVELS,
)
