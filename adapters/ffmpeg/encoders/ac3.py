"""Dolby Digital (AC-3) by FFmpeg's own encoder. https://ffmpeg.org/ffmpeg-codecs.html#ac3-and-ac3_005ffixed"""

from dataclasses import replace

from adapters.ffmpeg.encode import AudioEncode
from adapters.ffmpeg.encoders.base import FRAGMENTED, AudioEncoder, Range, audio_options

# ETSI TS 102 366, table 4.13: the bit rates there are.
_KBPS = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640)


def _arguments(settings: AudioEncode) -> tuple[str, ...]:
    wish = settings.bitrate_kbps
    kbps = None if wish is None else next((known for known in _KBPS if known >= wish), _KBPS[-1])
    return audio_options("ac3", replace(settings, bitrate_kbps=kbps))


AC3 = AudioEncoder(
    name="ac3",
    codec="ac3",
    arguments=_arguments,
    containers=FRAGMENTED,
    kbps=Range(32, 640),
    kbps_per_channel=80,
    max_channels=6,
    sample_rates_hz=(32000, 44100, 48000),
)
