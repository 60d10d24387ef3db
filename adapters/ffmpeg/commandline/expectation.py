"""What a command should make, as far as its text tells: for the check of the result."""

from dataclasses import dataclass
from typing import Literal

from adapters.ffmpeg.commandline.options.codecs import AUDIO_ENCODERS, VIDEO_ENCODERS
from adapters.ffmpeg.commandline.specifiers import Map
from adapters.ffmpeg.commandline.tree import Command, Output
from adapters.ffmpeg.commandline.values.kind import names
from adapters.ffmpeg.commandline.values.numbers import number, seconds

Kind = Literal["video", "audio", "image", "sequence", "playlist", "segments", "subtitles", "none"]
_AUDIO = names("mp3 adts wav w64 aiff flac oga opus ac3 eac3 amr caf mp2 s16le ipod")
_SUBTITLES = names("srt webvtt ass")
_PICTURES = names("gif apng webp")


@dataclass(frozen=True, slots=True)
class Expectation:
    """One output. None means: the text does not tell."""

    kind: Kind
    has_video: bool | None
    has_audio: bool | None
    duration_seconds: float | None
    """At most, as its own `-t` or `-to` says."""
    frames: int | None
    """Pictures at most."""
    encoders: tuple[str, ...]
    """Those that the command names, for the choice of the pool."""


def describe(command: Command) -> tuple[Expectation, ...]:
    """One expectation for each output of the command, in their order."""
    return tuple(_describe(output) for output in command.outputs)


def _describe(output: Output) -> Expectation:
    names = {setting.name for setting in output.settings}
    maps = [setting.value for setting in output.settings if isinstance(setting.value, Map)]
    video = _has("v", maps) if "vn" not in names and output.muxer not in _AUDIO | _SUBTITLES else False
    silent = "an" in names or output.muxer in _SUBTITLES | _PICTURES or output.shape in ("image", "sequence")
    audio = False if silent else _has("a", maps)
    kind: Kind
    match output.shape:
        case "image" | "sequence" | "playlist" | "segments" | "none":
            kind = output.shape
        case _:
            if output.muxer in _SUBTITLES:
                kind = "subtitles"
            elif output.muxer in _AUDIO or video is False:
                kind = "audio"
            else:
                kind = "video"
    frames = output.get("frames")
    encoders = (
        s.value for s in output.settings if s.name == "c" and isinstance(s.value, str) and s.value != "copy"
    )
    return Expectation(
        kind=kind,
        has_video=True if output.muxer in _PICTURES or output.shape in ("image", "sequence") else video,
        has_audio=True if output.muxer in _AUDIO else audio,
        duration_seconds=_duration(output),
        frames=int(number(frames.value)) if frames is not None and isinstance(frames.value, str) else None,
        encoders=tuple(name for name in dict.fromkeys(encoders) if name in VIDEO_ENCODERS | AUDIO_ENCODERS),
    )


def _has(media: str, maps: list[Map]) -> bool | None:
    """False if every map is of other streams for certain."""
    if not maps:
        return None
    kinds = [None if m.label or m.specifier is None else m.specifier.media for m in maps if not m.is_negative]
    certain = any(
        m.specifier is not None and m.specifier.media in (media, media.upper()) and not m.is_optional
        for m in maps
        if not m.is_negative
    )
    if certain:
        return True
    return None if None in kinds or media in kinds else False


def _duration(output: Output) -> float | None:
    own, until, start = output.get("t"), output.get("to"), output.get("ss")
    if own is not None and isinstance(own.value, str):
        return max(0.0, seconds(own.value))
    if until is not None and isinstance(until.value, str):
        begin = seconds(start.value) if start is not None and isinstance(start.value, str) else 0.0
        return max(0.0, seconds(until.value) - begin)
    return None
