"""AAC-LC by FFmpeg's own encoder. https://ffmpeg.org/ffmpeg-codecs.html#aac"""

from adapters.ffmpeg.encode import AudioEncode
from adapters.ffmpeg.encoders.base import FRAGMENTED, AudioEncoder, audio_options


def _arguments(settings: AudioEncode) -> tuple[str, ...]:
    return audio_options("aac", settings)


AAC = AudioEncoder(
    name="aac",
    codec="aac",
    arguments=_arguments,
    containers=FRAGMENTED,
    kbps_per_channel=64,
    # Above 48 kHz players stumble, and nobody hears it.
    sample_rates_hz=(8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000),
)
