"""What a manifest offers to a player: pictures, sound and subtitles, each already a file."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from adapters.packaging.fragments import FragmentIndex
from adapters.packaging.timeline import BitRate

VideoRange = Literal["SDR", "HLG", "PQ"]

# FFmpeg's names of ISO/IEC 23091-2, 8.2: transfer characteristics 18 and 16.
_RANGES: dict[str | None, VideoRange] = {"arib-std-b67": "HLG", "smpte2084": "PQ"}


def video_range(color_transfer: str | None) -> VideoRange:
    """By the transfer function, as ffprobe names it; what is not HDR is SDR."""
    return _RANGES.get(color_transfer, "SDR")


@dataclass(frozen=True, slots=True)
class VideoTrack:
    """One video-only file. `width` and `height` as displayed, in square pixels; `codec` by RFC 6381.

    `uri` is its media playlist's, `key_frames_uri` that of its I-frame playlist, if it has one.
    """

    uri: str
    index: FragmentIndex
    codec: str
    width: int
    height: int
    frame_rate: Fraction | None
    video_range: VideoRange = "SDR"
    sample_aspect_ratio: Fraction = Fraction(1)
    key_frames_uri: str | None = None


@dataclass(frozen=True, slots=True)
class AudioTrack:
    """One audio-only file. `language` as an RFC 5646 tag, `name` is what a player shows; `uri` as above."""

    uri: str
    index: FragmentIndex
    codec: str
    name: str
    channels: int | None
    language: str | None
    sample_rate_hz: int | None = None


@dataclass(frozen=True, slots=True)
class TextTrack:
    """Subtitles as WebVTT. `uri` is the media playlist's, `file_uri` that of the whole text, for DASH."""

    uri: str
    file_uri: str
    rate: BitRate
    name: str
    language: str | None
    is_forced: bool = False


@dataclass(frozen=True, slots=True)
class SingleFile:
    """Segments are byte ranges of the one file at `uri`."""

    uri: str


@dataclass(frozen=True, slots=True)
class SegmentFiles:
    """Each segment is a file in `folder`, which ends with a slash; numbered from 1."""

    folder: str

    @property
    def init_uri(self) -> str:
        return f"{self.folder}{INIT_NAME}"

    def segment_uri(self, number: int) -> str:
        return f"{self.folder}{segment_name(number)}"

    @property
    def template(self) -> str:
        """For SegmentTemplate@media (ISO/IEC 23009-1, 5.3.9.4.4)."""
        return f"{self.folder}$Number%05d$.m4s"


Media = SingleFile | SegmentFiles

INIT_NAME = "init.mp4"


def segment_name(number: int) -> str:
    """Of the segment with this number, the first is 1."""
    return f"{number:05d}.m4s"
