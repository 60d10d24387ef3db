"""What an encoder declares about itself. A new one is a new file here and a line in the registry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from adapters.ffmpeg.encode import AudioEncode, Container, VideoEncode

Pool = Literal["cpu", "gpu"]
FRAGMENTED: tuple[Container, ...] = ("cmaf", "mp4")
EVERYWHERE: tuple[Container, ...] = ("cmaf", "mp4", "webm")


class Range(NamedTuple):
    """Both ends belong to it."""

    low: float
    high: float


_CRF = Range(1, 51)
_KBPS = Range(8, 512)


@dataclass(frozen=True, slots=True)
class Hardware:
    """What the encoders of one GPU family need of a command besides their own arguments; pure.

    `node` is the DRM render node of the GPU, such as /dev/dri/renderD128; NVIDIA's driver takes none.
    """

    name: str
    before_input: "Callable[[str], tuple[str, ...]]"
    """Global options that open the device."""
    decode: "Callable[[str], tuple[str, ...]]"
    """Options of the input that have this GPU decode it. Pictures come back to memory, for the filters; what the
    GPU cannot decode, FFmpeg's own decoder does (https://ffmpeg.org/ffmpeg.html, -hwaccel)."""
    decoded_format: str
    """FFmpeg's name of the pictures that it decodes, while they are on the GPU."""
    has_nodes: bool = True
    """It is opened by its render node."""
    upload: Mapping[str, str] = field(default_factory=dict)
    """The filters that hand a picture of this pixel format over, where the encoder does not take it from memory."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """The GPU that a command is to use, as a worker has proven it."""

    node: str = "/dev/dri/renderD128"
    """Its render node: Linux' name of the first one, unless the proof found another."""
    decodes: bool = False
    """Have it decode the source too."""


@dataclass(frozen=True, slots=True)
class VideoEncoder:
    """FFmpeg's encoder of this `name`, and what a rung may ask of it. What is empty cannot be asked for."""

    name: str
    codec: str | None
    """ffprobe's name of what comes out; None if it is whatever the source has."""
    arguments: Callable[[VideoEncode], tuple[str, ...]]
    """`-c:v` and everything that belongs to it, without filters; pure.

    Every one of them puts a key frame at each multiple of `gop_frames` and nowhere else, each starting a closed GOP.
    """
    containers: tuple[Container, ...]
    hardware: Hardware | None = None
    """The GPU family that it runs on; None: the CPU."""
    filters: bool = True
    """Whether pictures pass through filters; False for a copy."""
    speeds: tuple[str, ...] = ()
    """From fast to slow."""
    default_speed: str | None = None
    crf: Range = _CRF
    """The scale of constant quality; lower is better."""
    default_crf: float | None = None
    codec_profiles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Each with the pixel formats that it takes, the usual one first."""
    default_codec_profile: str | None = None
    levels: tuple[str, ...] = ()
    tunes: tuple[str, ...] = ()
    in_pass: "Callable[[tuple[str, ...], int, Path], tuple[str, ...]] | None" = None
    """`arguments` for pass 1 or 2 of two, with the statistics in this file; None where there are no such passes."""

    @property
    def pool(self) -> Pool:
        return "cpu" if self.hardware is None else "gpu"

    @property
    def pixel_formats(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for formats in self.codec_profiles.values() for name in formats))

    def codec_profile_of(self, pixel_format: str) -> str | None:
        """The default one where it takes this format, or else the first that does."""
        names = [name for name, formats in self.codec_profiles.items() if pixel_format in formats]
        return self.default_codec_profile if self.default_codec_profile in names else next(iter(names), None)


@dataclass(frozen=True, slots=True)
class AudioEncoder:
    """The same for audio."""

    name: str
    codec: str | None
    arguments: Callable[[AudioEncode], tuple[str, ...]]
    containers: tuple[Container, ...]
    filters: bool = True
    kbps: Range = _KBPS
    kbps_per_channel: int | None = None
    """What it gets if nobody says; None where it has no bit rate to choose."""
    max_channels: int = 8
    sample_rates_hz: tuple[int, ...] = ()
    """From low to high; the last one is the best choice for a source of another rate."""


def pass_options(arguments: tuple[str, ...], number: int, statistics: Path) -> tuple[str, ...]:
    """FFmpeg's own spelling of two passes."""
    return (*arguments, "-pass:v", str(number), "-passlogfile:v", str(statistics))


def options(*pairs: tuple[str, str | None]) -> tuple[str, ...]:
    """The tokens of the pairs that have a value."""
    return tuple(token for option, value in pairs if value is not None for token in (option, value))


def kilobits(rate_kbps: int | None) -> str | None:
    return None if rate_kbps is None else f"{rate_kbps}k"


def decimal(value: float | None) -> str | None:
    return None if value is None else f"{value:g}"


def audio_options(name: str, settings: AudioEncode, *more: str) -> tuple[str, ...]:
    """What all audio encoders share: bit rate, channels and sample rate."""
    return (
        "-c:a",
        name,
        *options(
            ("-b:a", kilobits(settings.bitrate_kbps)),
            ("-ac:a", None if settings.channels is None else str(settings.channels)),
            ("-ar:a", None if settings.sample_rate_hz is None else str(settings.sample_rate_hz)),
        ),
        *more,
    )
