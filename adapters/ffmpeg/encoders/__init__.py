"""The encoders a ladder may name: one file each, one line here."""

from adapters.ffmpeg.encoders.aac import AAC
from adapters.ffmpeg.encoders.ac3 import AC3
from adapters.ffmpeg.encoders.av1_nvenc import AV1_NVENC
from adapters.ffmpeg.encoders.av1_qsv import AV1_QSV
from adapters.ffmpeg.encoders.av1_vaapi import AV1_VAAPI
from adapters.ffmpeg.encoders.base import AudioEncoder, Gpu, Hardware, Pool, Range, VideoEncoder
from adapters.ffmpeg.encoders.copy import COPY_AUDIO, COPY_VIDEO
from adapters.ffmpeg.encoders.eac3 import EAC3
from adapters.ffmpeg.encoders.flac import FLAC
from adapters.ffmpeg.encoders.h264_nvenc import H264_NVENC
from adapters.ffmpeg.encoders.h264_qsv import H264_QSV
from adapters.ffmpeg.encoders.h264_vaapi import H264_VAAPI
from adapters.ffmpeg.encoders.hevc_nvenc import HEVC_NVENC
from adapters.ffmpeg.encoders.hevc_qsv import HEVC_QSV
from adapters.ffmpeg.encoders.hevc_vaapi import HEVC_VAAPI
from adapters.ffmpeg.encoders.libopus import LIBOPUS
from adapters.ffmpeg.encoders.libsvtav1 import LIBSVTAV1
from adapters.ffmpeg.encoders.libvpx_vp9 import LIBVPX_VP9
from adapters.ffmpeg.encoders.libx264 import LIBX264
from adapters.ffmpeg.encoders.libx265 import LIBX265

__all__ = [
    "AUDIO_ENCODERS",
    "GPU_ENCODERS",
    "VIDEO_ENCODERS",
    "AudioEncoder",
    "Gpu",
    "Hardware",
    "Pool",
    "Range",
    "VideoEncoder",
    "audio_encoder",
    "video_encoder",
]

_VIDEO = {
    encoder.name: encoder
    for encoder in (
        LIBX264,
        LIBX265,
        LIBSVTAV1,
        LIBVPX_VP9,
        H264_NVENC,
        HEVC_NVENC,
        AV1_NVENC,
        H264_QSV,
        HEVC_QSV,
        AV1_QSV,
        H264_VAAPI,
        HEVC_VAAPI,
        AV1_VAAPI,
        COPY_VIDEO,
    )
}
_AUDIO = {encoder.name: encoder for encoder in (AAC, LIBOPUS, AC3, EAC3, FLAC, COPY_AUDIO)}

VIDEO_ENCODERS: tuple[str, ...] = tuple(_VIDEO)
AUDIO_ENCODERS: tuple[str, ...] = tuple(_AUDIO)
GPU_ENCODERS: tuple[str, ...] = tuple(name for name, encoder in _VIDEO.items() if encoder.pool == "gpu")


def video_encoder(name: str) -> VideoEncoder:
    """Raises KeyError for a name that is not in VIDEO_ENCODERS."""
    return _VIDEO[name]


def audio_encoder(name: str) -> AudioEncoder:
    """Raises KeyError for a name that is not in AUDIO_ENCODERS."""
    return _AUDIO[name]
