"""Dolby Digital Plus (E-AC-3) by FFmpeg's own encoder. https://ffmpeg.org/ffmpeg-codecs.html#ac3-and-ac3_005ffixed"""

from adapters.ffmpeg.encode import AudioEncode
from adapters.ffmpeg.encoders.base import FRAGMENTED, AudioEncoder, Range, audio_options


def _arguments(settings: AudioEncode) -> tuple[str, ...]:
    return audio_options("eac3", settings)


EAC3 = AudioEncoder(
    name="eac3",
    codec="eac3",
    arguments=_arguments,
    containers=FRAGMENTED,
    kbps=Range(32, 1024),
    kbps_per_channel=64,
    max_channels=6,
    sample_rates_hz=(32000, 44100, 48000),
)
