"""The stream as it is, in a new container."""

from adapters.ffmpeg.encode import AudioEncode, VideoEncode
from adapters.ffmpeg.encoders.base import EVERYWHERE, AudioEncoder, VideoEncoder


def _video(settings: VideoEncode) -> tuple[str, ...]:
    # HEVC is "hev1" unless told, which Apple's players refuse.
    tag = ("-tag:v", settings.codec_tag) if settings.codec_tag else ()
    return ("-c:v", "copy", *tag)


def _audio(settings: AudioEncode) -> tuple[str, ...]:
    # FFmpeg's MP4 muxer adds this by itself, but not where it delays the moov: there it fails.
    filters = ("-bsf:a", "aac_adtstoasc") if settings.has_adts else ()
    return ("-c:a", "copy", *filters)


COPY_VIDEO = VideoEncoder("copy", codec=None, arguments=_video, containers=EVERYWHERE, filters=False)
COPY_AUDIO = AudioEncoder("copy", codec=None, arguments=_audio, containers=EVERYWHERE, filters=False)
