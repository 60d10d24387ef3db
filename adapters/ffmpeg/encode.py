"""What one FFmpeg process shall make, as data: frozen, comparable, stored as JSON with the plan."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any, Literal, get_args

Container = Literal["cmaf", "mp4", "webm"]
Hdr = Literal["HLG", "PQ"]
# Matrix, primaries and transfer function of HD and of SD pictures, by FFmpeg's names.
ColorSpace = Literal["bt709", "smpte170m"]
# ITU-T H.273's transfer functions by FFmpeg's names (https://ffmpeg.org/ffmpeg-codecs.html, color_trc).
HDR_TRANSFERS: Mapping[Hdr, str] = {"HLG": "arib-std-b67", "PQ": "smpte2084"}
JsonValue = str | int | float | bool | None | list["JsonValue"] | dict[str, "JsonValue"]
JsonObject = dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class VideoEncode:
    """One video stream of the result. None means: the encoder's default.

    "copy" reads only `stream_index` and `codec_tag`.
    """

    stream_index: int
    """Absolute index in the source."""
    encoder: str
    width: int
    height: int
    frame_rate: Fraction | None
    """Forces a constant rate; None keeps the source's timestamps."""
    gop_frames: int
    """Distance of key frames; each one starts a closed GOP."""
    crf: float | None
    bitrate_kbps: int | None
    maxrate_kbps: int | None
    bufsize_kbps: int | None
    speed: str | None
    """In the encoder's own words: x264's -preset, libvpx's -cpu-used."""
    codec_profile: str | None
    level: str | None
    pixel_format: str | None
    tune: str | None
    tone_map: bool = False
    """The source is HLG or PQ: bring it to BT.709 SDR."""
    hdr: Hdr | None = None
    """The source is HDR and stays it, in BT.2020 with this transfer function."""
    deinterlace: bool = False
    """Make whole pictures of the source's fields, one of two."""
    passes: int = 1
    """2: the bit rate is planned over the whole film first, see `build_passes`."""
    codec_tag: str | None = None
    """The sample entry's name where a copy needs another than FFmpeg's choice."""
    color_space: ColorSpace | None = None
    """How a source that does not say so is read, or what RGB becomes; the result says it."""
    full_range: bool = False
    """The source uses all values of its bits: bring it to the limited range, as television does."""


@dataclass(frozen=True, slots=True)
class AudioEncode:
    """One audio stream of the result. None means: as in the source.

    "copy" reads only `stream_index`, `has_adts` and `language`.
    """

    stream_index: int
    encoder: str
    bitrate_kbps: int | None
    channels: int | None
    sample_rate_hz: int | None
    has_adts: bool = False
    """The source is AAC with a header before each frame (MPEG-TS, .aac), which MP4 does not want."""
    language: str | None = None
    """ISO 639-2, three letters; written into the file."""
    loudness_lufs: float | None = None
    """Integrated loudness by EBU R128 that the sound is brought to."""


@dataclass(frozen=True, slots=True)
class Encode:
    """One file with at most one video and one audio stream.

    Raises ValueError if both streams are missing or the container is unknown.
    """

    video: VideoEncode | None
    audio: AudioEncode | None
    container: Container
    """"cmaf": fragmented MP4, a fragment for each GOP (ISO/IEC 23000-19); "mp4": one moov, at the front; "webm":
    the index at the front too."""
    fragment_seconds: Fraction | None
    """Length of a fragment. With video the GOP makes it, and `verify_grid` demands it, if it is given."""
    duration_seconds: float | None
    """Expected duration of the result, as `verify_output` demands it; None if the source does not tell."""
    delay_seconds: float = 0.0
    """How much later than the source its streams taken here start, where FFmpeg would forget it: see
    `Probe.forgets_delays`."""

    def __post_init__(self) -> None:
        if self.video is None and self.audio is None:
            raise ValueError("an encode needs a video or an audio stream")
        if self.container not in get_args(Container):
            raise ValueError(f"unknown container {self.container!r}")

    @property
    def streams(self) -> frozenset[int]:
        """Those of the source that it is made from, by their absolute index."""
        return frozenset(one.stream_index for one in (self.video, self.audio) if one is not None)

    def to_json(self) -> JsonObject:
        """Plain JSON types; fractions as "num/den"."""
        video = asdict(self.video) if self.video else None
        if video and self.video:
            video["frame_rate"] = _fraction_text(self.video.frame_rate)
        return {
            "video": video,
            "audio": asdict(self.audio) if self.audio else None,
            "container": self.container,
            "fragment_seconds": _fraction_text(self.fragment_seconds),
            "duration_seconds": self.duration_seconds,
            "delay_seconds": self.delay_seconds,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Encode":
        """The inverse of `to_json`. Raises KeyError, TypeError or ValueError for anything else."""
        video, audio = document["video"], document["audio"]
        if video is not None:
            video = VideoEncode(**{**video, "frame_rate": _fraction(video["frame_rate"])})
        return cls(
            video=video,
            audio=None if audio is None else AudioEncode(**audio),
            container=document["container"],
            fragment_seconds=_fraction(document["fragment_seconds"]),
            duration_seconds=document["duration_seconds"],
            delay_seconds=document.get("delay_seconds", 0.0),
        )


def _fraction_text(value: Fraction | None) -> str | None:
    return None if value is None else f"{value.numerator}/{value.denominator}"


def _fraction(value: str | None) -> Fraction | None:
    return None if value is None else Fraction(value)
