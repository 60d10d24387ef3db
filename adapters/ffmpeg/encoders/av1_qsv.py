"""AV1 by Quick Sync, on an Intel GPU (Arc and newer)."""

from adapters.ffmpeg.encode import VideoEncode
from adapters.ffmpeg.encoders import qsv
from adapters.ffmpeg.encoders.base import EVERYWHERE, Range, VideoEncoder


def _arguments(settings: VideoEncode) -> tuple[str, ...]:
    return qsv.arguments("av1_qsv", settings)


AV1_QSV = VideoEncoder(
    name="av1_qsv",
    codec="av1",
    arguments=_arguments,
    containers=EVERYWHERE,
    hardware=qsv.QSV,
    speeds=qsv.SPEEDS,
    default_speed=qsv.DEFAULT_SPEED,
    # ICQ has one scale for all codecs.
    crf=Range(1, 51),
    default_crf=30,
    codec_profiles={"main": ("yuv420p", "yuv420p10le")},
    default_codec_profile="main",
)
