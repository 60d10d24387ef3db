"""AAC-LC by FFmpeg's own encoder. https://ffmpeg.org/ffmpeg-codecs.html#aac"""

from adapters.ffmpeg.encode import AudioEncode


class Aac:
    name = "aac"
    codec = "aac"
    filters = True

    def arguments(self, settings: AudioEncode) -> tuple[str, ...]:
        wishes = (
            ("-b:a", None if settings.bitrate_kbps is None else f"{settings.bitrate_kbps}k"),
            ("-ac:a", None if settings.channels is None else str(settings.channels)),
            ("-ar:a", None if settings.sample_rate_hz is None else str(settings.sample_rate_hz)),
        )
        return (
            "-c:a",
            self.name,
            *(token for option, value in wishes if value is not None for token in (option, value)),
        )
