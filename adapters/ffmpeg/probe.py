"""What ffprobe says about a media file, as values.

`parse_probe` is pure and reads any JSON without raising: what is missing, odd or hostile becomes None,
zero or the neutral value. `run_probe` starts ffprobe. Field names follow the JSON of `ffprobe -show_format
-show_streams` (https://ffmpeg.org/ffprobe.html), with units in the names.
"""

import json
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from adapters.ffmpeg.fields import count, dimension, mapping, number, ratio, seconds, text
from adapters.ffmpeg.inputs import input_arguments
from adapters.ffmpeg.stderr import Diagnosis, diagnose
from adapters.ffmpeg.supervisor import Box, Completed, Limits, StopReason, begun

# FFmpeg's demuxers of formats whose clock may jump (AVFMT_TS_DISCONT), of those that we let in.
_DISCONTINUOUS = frozenset({"mpegts", "mpeg", "ogg", "live_flv"})
# libavcodec's names of the orders in which fields are coded and shown.
_INTERLACED = frozenset({"tt", "bb", "tb", "bt"})
# What FFmpeg's names of RGB formats begin with.
_RGB = ("gbr", "rgb", "bgr", "argb", "abgr", "0rgb", "0bgr", "x2rgb", "x2bgr", "pal8")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_TITLE_CHARACTERS = 100
_CLOCK = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)")
_PICTURES = {
    ".jpg": "jpeg_pipe", ".jpeg": "jpeg_pipe", ".png": "png_pipe", ".webp": "webp_pipe", ".bmp": "bmp_pipe",
    ".tif": "tiff_pipe", ".tiff": "tiff_pipe",
}  # fmt: skip
_MAX_DOCUMENT_BYTES = 16 << 20
# Twice the largest single allocation that `input_arguments` lets through. Probing a film takes some 50 MB.
_MEMORY_BYTES = 2 << 30


@dataclass(frozen=True, slots=True)
class VideoStream:
    """One video stream. `width` and `height` are as decoded, `display_width` and `display_height` as seen.

    FFmpeg cuts off what the container crops (MP4's clap, Matroska's PixelCrop), so it is not counted.
    """

    index: int
    """Absolute stream index in the file, as `-map 0:INDEX` wants it."""
    codec: str
    codec_profile: str | None
    width: int
    height: int
    sample_aspect_ratio: Fraction
    """Width of a pixel over its height; 1 where the file does not say."""
    rotation: int
    """Degrees clockwise the picture is turned for display: 0, 90, 180 or 270."""
    frame_rate: Fraction | None
    """ffprobe's r_frame_rate: the lowest rate that shows every timestamp exactly. A guess for odd files."""
    average_frame_rate: Fraction | None
    duration_seconds: float | None
    frames: int | None
    pixel_format: str | None
    color_transfer: str | None
    color_primaries: str | None
    color_space: str | None
    color_range: str | None
    field_order: str | None
    is_attached_picture: bool
    """A cover picture of an audio file, not a film."""
    is_default: bool
    start_seconds: float | None
    """On the file's own clock, which in MPEG-TS starts anywhere; None if nothing of the stream was found."""
    level: int | None = None
    """As the codec writes it: 41 for 4.1 in H.264, 123 in HEVC."""
    bit_rate_kbps: float | None = None
    is_cropped: bool = False
    """The container crops the picture, which the codec knows nothing of."""

    @property
    def is_rgb(self) -> bool:
        """True for screen recordings, GIFs and pictures: neither matrix nor limited range."""
        return self.color_space == "gbr" or (self.pixel_format or "").startswith(_RGB)

    @property
    def has_full_range(self) -> bool:
        """True where the file says so, or by a pixel format that means it."""
        return self.color_range == "pc" or (self.pixel_format or "").startswith("yuvj")

    @property
    def is_interlaced(self) -> bool:
        """True where the file says so; pictures of two fields that call themselves progressive are believed."""
        return self.field_order in _INTERLACED

    @property
    def display_width(self) -> int:
        return self._display_size()[0]

    @property
    def display_height(self) -> int:
        return self._display_size()[1]

    @property
    def is_variable_rate(self) -> bool:
        """True if the average rate is not the nominal one: phones, screen recordings, webcams.

        The tolerance is 1 %, or two frames of the whole for short clips, whose average is imprecise.
        """
        nominal, average = self.frame_rate, self.average_frame_rate
        if nominal is None or average is None:
            return False
        tolerance = max(0.01, 2 / self.frames) if self.frames else 0.01
        return abs(float(average / nominal) - 1.0) > tolerance

    def _display_size(self) -> tuple[int, int]:
        across = max(1, round(self.width * self.sample_aspect_ratio))
        return (self.height, across) if self.rotation in (90, 270) else (across, self.height)


@dataclass(frozen=True, slots=True)
class AudioStream:
    """One audio stream; `language` is ISO 639 as the file gives it, two or three letters; None for "und"."""

    index: int
    codec: str
    sample_rate_hz: int
    channels: int
    channel_layout: str | None
    language: str | None
    is_default: bool
    duration_seconds: float | None
    start_seconds: float | None
    codec_profile: str | None = None
    bit_rate_kbps: float | None = None


@dataclass(frozen=True, slots=True)
class SubtitleStream:
    """One subtitle stream, of text or of pictures; `language` as in AudioStream."""

    index: int
    codec: str
    language: str | None
    is_default: bool
    """As the file flags it. Matroska's writers flag the first stream unasked."""
    is_forced: bool
    """Only what has to be read although the viewer understands the sound."""
    title: str | None
    """What the file calls it: printable, on one line, at most 100 characters."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One media file. `format_name` is the demuxer's name (a comma list for the mov family)."""

    format_name: str
    duration_seconds: float | None
    size_bytes: int | None
    bit_rate_kbps: float | None
    video: tuple[VideoStream, ...]
    audio: tuple[AudioStream, ...]
    other: tuple[str, ...]
    """Codec types of the remaining streams: "subtitle", "data", "attachment"."""
    subtitles: tuple[SubtitleStream, ...] = ()

    @property
    def forgets_delays(self) -> bool:
        """Whether FFmpeg counts from the first stream that it takes, and not from the first of the file.

        Then sound taken alone comes at 0, however late it starts beside the picture; `-copyts -start_at_zero`
        changes nothing in that, `-itsoffset` does.
        """
        return self.format_name in _DISCONTINUOUS


class ProbeFailed(Exception):
    """ffprobe could not read the file; `diagnosis` says why."""

    def __init__(self, diagnosis: Diagnosis) -> None:
        super().__init__(f"{diagnosis.code}: {diagnosis.detail}")
        self.diagnosis = diagnosis


def run_probe(ffprobe: Path, file: Path, *, timeout_seconds: float = 30) -> tuple[Probe, dict[str, Any]]:
    """Probe a local file; also gives ffprobe's whole JSON, to be kept as evidence.

    Call from the main thread. Raises ProbeFailed if the file is missing, is not media, or takes too long.
    """
    with probing(ffprobe, file, timeout_seconds=timeout_seconds) as answer:
        return answer()


@contextmanager
def probing(
    ffprobe: Path, file: Path, *, timeout_seconds: float = 30
) -> Iterator[Callable[[], tuple[Probe, dict[str, Any]]]]:
    """The same beside something else: ffprobe works from here on, and the answer waits for it and raises."""
    document = bytearray()

    def take(data: bytes) -> bool:
        document.extend(data)
        return True

    def stop() -> StopReason | None:
        return StopReason.OUTPUT_TOO_LARGE if len(document) > _MAX_DOCUMENT_BYTES else None

    with tempfile.TemporaryDirectory() as folder:
        stderr_file = Path(folder, "stderr")
        with begun(
            (
                str(ffprobe),
                "-v", "level+error", "-hide_banner",
                "-show_format", "-show_streams", "-of", "json",
                *input_arguments(file.absolute(), options=_as_picture(file)),
            ),
            workspace=Path(folder),
            box=Box(readable=(file.absolute(),)),
            stderr_file=stderr_file,
            limits=Limits(
                timeout_seconds,
                timeout_seconds,
                _MAX_DOCUMENT_BYTES,
                grace_seconds=1,
                memory_bytes=_MEMORY_BYTES,
            ),
            on_output=take,
            stop_reason=stop,
        ) as end:  # fmt: skip
            yield lambda: _answer(end(), bytes(document), stderr_file)


def _answer(completed: Completed, document: bytes, stderr_file: Path) -> tuple[Probe, dict[str, Any]]:
    if completed.exit_code != 0 or completed.stop_reason is not None:
        raise ProbeFailed(
            diagnose(
                stop_reason=completed.stop_reason,
                signal=completed.signal,
                exit_code=completed.exit_code,
                stderr=stderr_file.read_text("utf-8", "replace"),
                stop_detail=completed.stop_detail,
            )
        )
    answer = json.loads(document.decode("utf-8", "replace"))
    return parse_probe(answer), answer


def _as_picture(file: Path) -> tuple[str, ...]:
    """A picture's name makes it the first of a sequence, whose demuxer opens other files and is not on the list."""
    demuxer = _PICTURES.get(file.suffix.lower())
    return ("-f", demuxer) if demuxer else ()


def parse_probe(document: Mapping[str, object]) -> Probe:
    """Read ffprobe's JSON. Never raises: unknown shapes and absurd numbers count as absent."""
    container = mapping(document.get("format"))
    raw_streams = document.get("streams")
    streams = [mapping(item) for item in raw_streams] if isinstance(raw_streams, list) else []
    video = tuple(_video(item) for item in streams if item.get("codec_type") == "video")
    audio = tuple(_audio(item) for item in streams if item.get("codec_type") == "audio")
    other = tuple(
        text(item.get("codec_type")) or "unknown"
        for item in streams
        if item.get("codec_type") not in ("video", "audio")
    )
    duration = seconds(container.get("duration"))
    if duration is None:
        streams_seconds = [s.duration_seconds for s in video] + [s.duration_seconds for s in audio]
        known = [seconds for seconds in streams_seconds if seconds is not None]
        duration = max(known, default=None)
    return Probe(
        format_name=text(container.get("format_name")) or "",
        duration_seconds=duration,
        size_bytes=count(container.get("size")),
        bit_rate_kbps=_bit_rate(container),
        video=video,
        audio=audio,
        other=other,
        subtitles=tuple(_subtitles(item) for item in streams if item.get("codec_type") == "subtitle"),
    )


def _video(item: Mapping[str, object]) -> VideoStream:
    disposition = mapping(item.get("disposition"))
    across, down = _cropped(item)
    return VideoStream(
        index=count(item.get("index")) or 0,
        codec=text(item.get("codec_name")) or "unknown",
        codec_profile=text(item.get("profile")),
        width=max(0, dimension(item.get("width")) - across),
        height=max(0, dimension(item.get("height")) - down),
        sample_aspect_ratio=ratio(item.get("sample_aspect_ratio")) or Fraction(1),
        rotation=_rotation(item),
        frame_rate=ratio(item.get("r_frame_rate")),
        average_frame_rate=ratio(item.get("avg_frame_rate")),
        duration_seconds=_stream_duration(item),
        frames=count(item.get("nb_frames")) or None,
        pixel_format=text(item.get("pix_fmt")),
        color_transfer=text(item.get("color_transfer")),
        color_primaries=text(item.get("color_primaries")),
        color_space=text(item.get("color_space")),
        color_range=text(item.get("color_range")),
        field_order=text(item.get("field_order")),
        is_attached_picture=number(disposition.get("attached_pic")) == 1,
        is_default=number(disposition.get("default")) == 1,
        start_seconds=number(item.get("start_time")),
        level=count(item.get("level")) or None,
        bit_rate_kbps=_bit_rate(item),
        is_cropped=bool(across or down),
    )


def _audio(item: Mapping[str, object]) -> AudioStream:
    return AudioStream(
        index=count(item.get("index")) or 0,
        codec=text(item.get("codec_name")) or "unknown",
        sample_rate_hz=count(item.get("sample_rate")) or 0,
        channels=count(item.get("channels")) or 0,
        channel_layout=text(item.get("channel_layout")),
        language=_language(item),
        is_default=number(mapping(item.get("disposition")).get("default")) == 1,
        duration_seconds=_stream_duration(item),
        start_seconds=number(item.get("start_time")),
        codec_profile=text(item.get("profile")),
        bit_rate_kbps=_bit_rate(item),
    )


def _subtitles(item: Mapping[str, object]) -> SubtitleStream:
    disposition = mapping(item.get("disposition"))
    title = " ".join((text(_tags(item).get("title")) or "").split())
    title = "".join(letter for letter in title[:_TITLE_CHARACTERS] if letter.isprintable())
    return SubtitleStream(
        index=count(item.get("index")) or 0,
        codec=text(item.get("codec_name")) or "unknown",
        language=_language(item),
        is_default=number(disposition.get("default")) == 1,
        is_forced=number(disposition.get("forced")) == 1,
        title=title.strip() or None,
    )


def _language(item: Mapping[str, object]) -> str | None:
    """It goes into command lines and manifests: what is no code is none."""
    language = (text(_tags(item).get("language")) or "").lower()
    return language if _LANGUAGE.fullmatch(language) and language != "und" else None


def _bit_rate(item: Mapping[str, object]) -> float | None:
    """From the stream or the file, or from the statistics that mkvmerge writes into a tag."""
    bits = number(item.get("bit_rate")) or number(_tags(item).get("BPS"))
    return bits / 1000 if bits is not None and bits > 0 else None


def _rotation(item: Mapping[str, object]) -> int:
    """Clockwise turns from the display matrix (counter-clockwise in ffprobe), or the old `rotate` tag.

    Like FFmpeg's autorotation, an angle that is no quarter turn keeps the picture's size: 0 here.
    """
    degrees = number(_tags(item).get("rotate"))
    side_data = item.get("side_data_list")
    for entry in side_data if isinstance(side_data, list) else []:
        matrix = number(mapping(entry).get("rotation"))
        if matrix is not None:
            degrees = -matrix
    if degrees is None:
        return 0
    quarter_turns = round(degrees / 90)
    return quarter_turns % 4 * 90 if abs(degrees - quarter_turns * 90) < 1 else 0


def _cropped(item: Mapping[str, object]) -> tuple[int, int]:
    """Columns and rows that the container cuts off."""
    side_data = item.get("side_data_list")
    for entry in side_data if isinstance(side_data, list) else []:
        found = mapping(entry)
        if found.get("side_data_type") == "Frame Cropping":
            left, right, top, bottom = (
                dimension(found.get(f"crop_{side}")) for side in ("left", "right", "top", "bottom")
            )
            return left + right, top + bottom
    return 0, 0


def _stream_duration(item: Mapping[str, object]) -> float | None:
    """Seconds from the stream, or from Matroska's DURATION tag ("00:00:01.234000000")."""
    duration = seconds(item.get("duration"))
    if duration is not None:
        return duration
    clock = _CLOCK.fullmatch(text(_tags(item).get("DURATION")) or "")
    if clock is None:
        return None
    hours, minutes, rest = clock.groups()
    return seconds(int(hours[:6]) * 3600 + int(minutes) * 60 + float(rest))


def _tags(item: Mapping[str, object]) -> Mapping[str, object]:
    return mapping(item.get("tags"))
