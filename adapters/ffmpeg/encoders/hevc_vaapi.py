"""HEVC by VA-API, on a GPU of Intel or AMD."""

from adapters.ffmpeg.encode import VideoEncode
from adapters.ffmpeg.encoders import vaapi
from adapters.ffmpeg.encoders.base import FRAGMENTED, Range, VideoEncoder
from adapters.ffmpeg.encoders.libx265 import LIBX265


def _arguments(settings: VideoEncode) -> tuple[str, ...]:
    return vaapi.arguments("hevc_vaapi", settings, "-tag:v", "hvc1")


HEVC_VAAPI = VideoEncoder(
    name="hevc_vaapi",
    codec="hevc",
    arguments=_arguments,
    containers=FRAGMENTED,
    hardware=vaapi.VAAPI,
    crf=Range(1, 51),
    default_crf=28,
    codec_profiles=LIBX265.codec_profiles,
    default_codec_profile="main",
    levels=LIBX265.levels,
)
