"""FLAC, lossless, 16 bits, by FFmpeg's own encoder. https://ffmpeg.org/ffmpeg-codecs.html#flac-2"""

from adapters.ffmpeg.encode import AudioEncode
from adapters.ffmpeg.encoders.base import FRAGMENTED, AudioEncoder, audio_options


def _arguments(settings: AudioEncode) -> tuple[str, ...]:
    # Without it the decoder's floating point becomes 24 bits of nothing.
    return audio_options("flac", settings, "-sample_fmt:a", "s16")


FLAC = AudioEncoder(
    name="flac",
    codec="flac",
    arguments=_arguments,
    containers=FRAGMENTED,
    sample_rates_hz=(8000, 16000, 22050, 24000, 32000, 44100, 48000),
)
