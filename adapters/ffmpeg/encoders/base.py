"""What an encoder must be able to do. A new one is a new file here and a line in the registry."""

from typing import Protocol

from adapters.ffmpeg.encode import AudioEncode, VideoEncode


class VideoEncoder(Protocol):
    """Turns settings into FFmpeg's output options; pure. `name` is FFmpeg's name of the encoder."""

    @property
    def name(self) -> str: ...

    @property
    def codec(self) -> str | None:
        """ffprobe's name of what comes out; None if it is whatever the source has."""

    @property
    def filters(self) -> bool:
        """Whether pictures pass through filters; False for a copy."""

    def arguments(self, settings: VideoEncode) -> tuple[str, ...]:
        """`-c:v` and everything that belongs to it, without filters."""


class AudioEncoder(Protocol):
    """The same for audio."""

    @property
    def name(self) -> str: ...

    @property
    def codec(self) -> str | None: ...

    @property
    def filters(self) -> bool: ...

    def arguments(self, settings: AudioEncode) -> tuple[str, ...]:
        """`-c:a` and everything that belongs to it, without filters."""
