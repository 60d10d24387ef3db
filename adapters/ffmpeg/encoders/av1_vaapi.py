"""AV1 by VA-API, on a GPU of Intel or AMD that has an encoder for it."""

from adapters.ffmpeg.encode import VideoEncode
from adapters.ffmpeg.encoders import vaapi
from adapters.ffmpeg.encoders.base import EVERYWHERE, Range, VideoEncoder


def _arguments(settings: VideoEncode) -> tuple[str, ...]:
    return vaapi.arguments("av1_vaapi", settings)


AV1_VAAPI = VideoEncoder(
    name="av1_vaapi",
    codec="av1",
    arguments=_arguments,
    containers=EVERYWHERE,
    hardware=vaapi.VAAPI,
    # Of AV1's quantiser index, which goes to 255: what CQP takes, and what a driver with ICQ reads as its own scale.
    crf=Range(1, 255),
    default_crf=120,
    codec_profiles={"main": ("yuv420p", "yuv420p10le")},
    default_codec_profile="main",
)
