"""What is made beside the ladder: pictures, previews and waveforms, as data and as command lines. Pure."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from adapters.ffmpeg.command import DEINTERLACE, HEAD, TONE_MAP
from adapters.ffmpeg.encode import ColorSpace
from adapters.ffmpeg.inputs import input_arguments

ExtraKind = Literal["poster", "thumbnail", "preview_clip", "animated_preview", "sprite_sheet", "waveform"]
KINDS: tuple[ExtraKind, ...] = get_args(ExtraKind)
ExtraFormat = Literal["jpeg", "png", "webp", "gif", "mp4"]
# The first of each is the default.
FORMATS: Mapping[ExtraKind, tuple[ExtraFormat, ...]] = {
    "poster": ("jpeg", "webp", "png"),
    "thumbnail": ("jpeg", "webp", "png"),
    "preview_clip": ("mp4",),
    "animated_preview": ("webp", "gif"),
    "sprite_sheet": ("jpeg", "webp"),
    "waveform": ("png", "webp"),
}
SUFFIXES: Mapping[ExtraFormat, str] = {
    "jpeg": ".jpg",
    "png": ".png",
    "webp": ".webp",
    "gif": ".gif",
    "mp4": ".mp4",
}
CONTENT_TYPES: Mapping[ExtraFormat, str] = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
    "mp4": "video/mp4",
}
# mjpeg's scale is 2 to 31, libwebp's 0 to 100.
_STILL: Mapping[ExtraFormat, tuple[str, ...]] = {
    "jpeg": ("-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p"),
    "png": ("-c:v", "png", "-pix_fmt", "rgb24"),
    "webp": ("-c:v", "libwebp", "-quality", "80", "-pix_fmt", "yuv420p"),
}
_MOVING: Mapping[ExtraFormat, tuple[str, ...]] = {
    "webp": ("-c:v", "libwebp_anim", "-quality", "70", "-loop", "0", "-pix_fmt", "yuv420p", "-f", "webp"),
    "gif": ("-c:v", "gif", "-loop", "0", "-f", "gif"),
}
# They cannot say what their colours mean: it is BT.601, whatever the film's were (JFIF 1.02; WebP's container
# specification, https://developers.google.com/speed/webp/docs/riff_container).
_BT601: frozenset[ExtraFormat] = frozenset({"jpeg", "webp"})
_WAVE_COLOUR = "0x4a7dff"


@dataclass(frozen=True, slots=True)
class ExtraEncode:
    """One picture or short clip of a source. Sizes are of the whole result, but of one tile in a sprite sheet."""

    kind: ExtraKind
    format: ExtraFormat
    stream_index: int
    """Absolute index in the source: a video stream, an audio stream for a waveform."""
    width: int
    height: int
    at_seconds: float = 0.0
    duration_seconds: float | None = None
    """None: a single picture, or the whole film for sprites and waveforms."""
    frames_per_second: float = 10.0
    """Of an animated preview."""
    interval_seconds: float = 10.0
    """Between the pictures of a sprite sheet."""
    columns: int = 1
    rows: int = 1
    audio_stream_index: int | None = None
    """The sound of a preview clip."""
    tone_map: bool = False
    deinterlace: bool = False
    color_space: ColorSpace | None = None
    """How a source that does not say so is read, or what RGB becomes."""
    full_range: bool = False
    """The source uses all values of its bits."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "ExtraEncode":
        """The inverse of `to_json`. Raises TypeError for anything else."""
        return cls(**document)


@dataclass(frozen=True, slots=True)
class Tile:
    """One picture of a sprite sheet, and the time of the film for which it stands."""

    x: int
    y: int
    width: int
    height: int
    start_seconds: float
    end_seconds: float


def build_extra_argv(extra: ExtraEncode, *, ffmpeg: Path, source: Path, target: Path) -> tuple[str, ...]:
    """The command that makes `target` from `source`, both local files; `target`'s suffix changes nothing."""
    # In front of the input, where FFmpeg seeks by the index instead of decoding up to there.
    seek = ("-ss", f"{extra.at_seconds:.6f}") if extra.at_seconds else ()
    length = ("-t", f"{extra.duration_seconds:.6f}") if extra.duration_seconds is not None else ()
    return (
        str(ffmpeg),
        *HEAD,
        *seek,
        *length,
        *input_arguments(source),
        *_result(extra),
        "-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact",
        f"file:{target}",
    )  # fmt: skip


def tiles(extra: ExtraEncode, duration_seconds: float) -> tuple[Tile, ...]:
    """The pictures of a sprite sheet, from left to right and from top to bottom, up to the film's end."""
    count = min(extra.columns * extra.rows, math.ceil(duration_seconds / extra.interval_seconds))
    return tuple(
        Tile(
            x=number % extra.columns * extra.width,
            y=number // extra.columns * extra.height,
            width=extra.width,
            height=extra.height,
            start_seconds=number * extra.interval_seconds,
            end_seconds=min((number + 1) * extra.interval_seconds, duration_seconds),
        )
        for number in range(count)
    )


def sprite_vtt(extra: ExtraEncode, duration_seconds: float, uri: str) -> str:
    """WebVTT whose cues name the tile for each time (https://www.w3.org/TR/media-frags/#naming-space)."""
    cues = [
        f"{_clock(tile.start_seconds)} --> {_clock(tile.end_seconds)}\n"
        f"{uri}#xywh={tile.x},{tile.y},{tile.width},{tile.height}\n"
        for tile in tiles(extra, duration_seconds)
    ]
    return "\n".join(["WEBVTT\n", *cues])


def _result(extra: ExtraEncode) -> tuple[str, ...]:
    if extra.kind == "preview_clip":
        return _clip(extra)
    if extra.kind == "waveform":
        graph = (
            f"[0:{extra.stream_index}]aformat=channel_layouts=mono,"
            f"showwavespic=s={extra.width}x{extra.height}:colors={_WAVE_COLOUR}[wave]"
        )
        return ("-filter_complex", graph, "-map", "[wave]", *_one_picture(extra))
    picture = ("-map", f"0:{extra.stream_index}", "-an", "-filter:v", _filter(extra))
    if extra.kind == "animated_preview":
        return (*picture, *_MOVING[extra.format])
    return (*picture, *_one_picture(extra))


def _one_picture(extra: ExtraEncode) -> tuple[str, ...]:
    return ("-frames:v", "1", *_STILL[extra.format], "-f", "image2", "-update", "1")


def _clip(extra: ExtraEncode) -> tuple[str, ...]:
    audio: tuple[str, ...] = ("-an",)
    if extra.audio_stream_index is not None:
        audio = (
            "-map", f"0:{extra.audio_stream_index}", "-filter:a", "aresample=async=1:first_pts=0",
            "-c:a", "aac", "-b:a", "128k", "-ac:a", "2", "-ar:a", "48000",
        )  # fmt: skip
    return (
        "-map", f"0:{extra.stream_index}", "-filter:v", _filter(extra),
        "-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high", "-pix_fmt", "yuv420p", "-crf", "23",
        *audio,
        "-movflags", "+faststart", "-f", "mp4",
    )  # fmt: skip


def _filter(extra: ExtraEncode) -> str:
    chain = [DEINTERLACE] if extra.deinterlace else []
    if extra.kind == "sprite_sheet":
        chain.append(f"fps=1/{extra.interval_seconds:g}:start_time=0")
    elif extra.kind == "animated_preview":
        chain.append(f"fps={extra.frames_per_second:g}")
    chain += [_scale(extra), "setsar=1"]
    if extra.tone_map:
        chain += [TONE_MAP, "format=yuv420p"]
        if extra.format in _BT601:
            chain.append("scale=out_color_matrix=smpte170m")
    elif extra.color_space is not None and extra.format == "mp4":
        name = extra.color_space
        chain.append(f"setparams=color_primaries={name}:color_trc={name}:colorspace={name}")
    if extra.kind == "sprite_sheet":
        chain.append(f"tile={extra.columns}x{extra.rows}")
    elif extra.format == "gif":
        # 256 colours, chosen for this clip.
        chain.append("split[a][b];[a]palettegen=stats_mode=diff[p];[b][p]paletteuse=dither=bayer")
    return ",".join(chain)


def _scale(extra: ExtraEncode) -> str:
    scaler = f"scale={extra.width}:{extra.height}:flags=bicubic"
    if extra.color_space is not None:
        scaler += f":in_color_matrix={extra.color_space}"
    out = "smpte170m" if extra.format in _BT601 and not extra.tone_map else extra.color_space
    if out is not None:
        scaler += f":out_color_matrix={out}"
    # What JPEG, PNG and GIF hold has the full range anyway.
    return f"{scaler}:out_range=limited" if extra.full_range and extra.format in ("mp4", "webp") else scaler


def _clock(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{milliseconds // 1000:02d}.{milliseconds % 1000:03d}"
