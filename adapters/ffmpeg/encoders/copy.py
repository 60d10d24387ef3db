"""The stream as it is, in a new container."""

from adapters.ffmpeg.encode import AudioEncode, VideoEncode


class CopyVideo:
    name = "copy"
    codec = None
    filters = False

    def arguments(self, settings: VideoEncode) -> tuple[str, ...]:
        return ("-c:v", self.name)


class CopyAudio:
    name = "copy"
    codec = None
    filters = False

    def arguments(self, settings: AudioEncode) -> tuple[str, ...]:
        # FFmpeg's MP4 muxer adds this by itself, but not where it delays the moov: there it fails.
        filters = ("-bsf:a", "aac_adtstoasc") if settings.has_adts else ()
        return ("-c:a", self.name, *filters)
