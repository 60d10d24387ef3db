"""AV1 by NVENC, on the GPU (Ada and newer)."""

from dataclasses import replace

from adapters.ffmpeg.encode import VideoEncode
from adapters.ffmpeg.encoders import nvenc
from adapters.ffmpeg.encoders.base import EVERYWHERE, Range, VideoEncoder


def _arguments(settings: VideoEncode) -> tuple[str, ...]:
    # Like SVT-AV1 it knows one profile and takes no option for it.
    return nvenc.arguments("av1_nvenc", replace(settings, codec_profile=None))


AV1_NVENC = VideoEncoder(
    name="av1_nvenc",
    codec="av1",
    arguments=_arguments,
    containers=EVERYWHERE,
    hardware=nvenc.NVENC,
    speeds=nvenc.SPEEDS,
    default_speed=nvenc.DEFAULT_SPEED,
    crf=Range(1, 63),
    default_crf=34,
    codec_profiles={"main": ("yuv420p", "yuv420p10le")},
    default_codec_profile="main",
    tunes=("hq",),
)
