"""Opus by libopus. https://ffmpeg.org/ffmpeg-codecs.html#libopus-1"""

from adapters.ffmpeg.encode import AudioEncode
from adapters.ffmpeg.encoders.base import EVERYWHERE, AudioEncoder, Range, audio_options


def _arguments(settings: AudioEncode) -> tuple[str, ...]:
    return audio_options("libopus", settings)


LIBOPUS = AudioEncoder(
    name="libopus",
    codec="opus",
    arguments=_arguments,
    containers=EVERYWHERE,
    kbps=Range(8, 510),
    kbps_per_channel=48,
    # RFC 6716, section 2.1.3: no other rates.
    sample_rates_hz=(8000, 12000, 16000, 24000, 48000),
)
