"""The encoders a ladder may name: one file each, one line here."""

from adapters.ffmpeg.encoders.aac import Aac
from adapters.ffmpeg.encoders.base import AudioEncoder, VideoEncoder
from adapters.ffmpeg.encoders.copy import CopyAudio, CopyVideo
from adapters.ffmpeg.encoders.libx264 import Libx264

_VIDEO: dict[str, VideoEncoder] = {encoder.name: encoder for encoder in (Libx264(), CopyVideo())}
_AUDIO: dict[str, AudioEncoder] = {encoder.name: encoder for encoder in (Aac(), CopyAudio())}

VIDEO_ENCODERS: tuple[str, ...] = tuple(_VIDEO)
AUDIO_ENCODERS: tuple[str, ...] = tuple(_AUDIO)


def video_encoder(name: str) -> VideoEncoder:
    """Raises KeyError for a name that is not in VIDEO_ENCODERS."""
    return _VIDEO[name]


def audio_encoder(name: str) -> AudioEncoder:
    """Raises KeyError for a name that is not in AUDIO_ENCODERS."""
    return _AUDIO[name]
