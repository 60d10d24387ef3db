"""HEVC by Quick Sync, on an Intel GPU."""

from adapters.ffmpeg.encode import VideoEncode
from adapters.ffmpeg.encoders import qsv
from adapters.ffmpeg.encoders.base import FRAGMENTED, Range, VideoEncoder
from adapters.ffmpeg.encoders.libx265 import LIBX265


def _arguments(settings: VideoEncode) -> tuple[str, ...]:
    # The main tier, as x265 has it: by default FFmpeg takes the high one here.
    return qsv.arguments("hevc_qsv", settings, "-tier", "main", "-idr_interval", "0", "-tag:v", "hvc1")


HEVC_QSV = VideoEncoder(
    name="hevc_qsv",
    codec="hevc",
    arguments=_arguments,
    containers=FRAGMENTED,
    hardware=qsv.QSV,
    speeds=qsv.SPEEDS,
    default_speed=qsv.DEFAULT_SPEED,
    crf=Range(1, 51),
    default_crf=28,
    codec_profiles=LIBX265.codec_profiles,
    default_codec_profile="main",
    levels=LIBX265.levels,
)
