"""What is made beside the ladder, resolved against a source: moments inside the film, sizes that fit it."""

import math

from adapters.ffmpeg.extras import FORMATS, SUFFIXES, ExtraEncode, ExtraFormat, ExtraKind
from adapters.ffmpeg.probe import AudioStream, Probe, VideoStream
from jobs.planner.pictures import color_space_of, hdr_of, size_of_source
from jobs.planner.plan import ExtraPlan
from jobs.planner.sizes import Size, fit, own_size
from jobs.planner.specs import MEDIA_INFO, Extra, Rung
from jobs.planner.stills import leave_out

# Short sides, pixels.
_HEIGHTS: dict[ExtraKind, int] = {
    "poster": 1080,
    "thumbnail": 360,
    "preview_clip": 480,
    "animated_preview": 240,
    "sprite_sheet": 90,
}
_WAVEFORM = Size(1280, 240)
_SECONDS: dict[ExtraKind, float] = {"preview_clip": 15.0, "animated_preview": 3.0}
_SPRITE_SECONDS = 10.0
# A sheet of 100 pictures is 1600x900 pixels; players load it whole.
_MAX_TILES, _COLUMNS = 100, 10
_WIDEST_TILE = 480
_BEFORE_THE_END_SECONDS = 0.2


def plan_extras(
    extras: tuple[Extra, ...],
    probe: Probe,
    video: VideoStream | None,
    audio: AudioStream | None,
    notes: list[str],
) -> tuple[ExtraPlan, ...]:
    """The extras that this source has something for; a note says what is left out, and why.

    Raises PlanFailed for a required one that is made of images or documents alone.
    """
    planned = []
    for extra in extras:
        if extra.kind == MEDIA_INFO:
            planned.append(ExtraPlan(extra.name, extra.required, None, f"{extra.name}.json"))
            continue
        if extra.kind == "image_thumbnail" or extra.kind == "page_preview":
            leave_out(extra, notes, source_is="neither an image nor a document")
            continue
        encode = (
            _waveform(extra, audio)
            if extra.kind == "waveform"
            else _picture(extra, extra.kind, probe, video, audio, notes)
        )
        if encode is None:
            missing = "audio" if extra.kind == "waveform" else "video"
            notes.append(f"Extra {extra.name!r} is left out: the source has no {missing}.")
            continue
        file_name = f"{extra.name}{SUFFIXES[encode.format]}"
        planned.append(ExtraPlan(extra.name, extra.required, encode, file_name))
    return tuple(planned)


def _waveform(extra: Extra, audio: AudioStream | None) -> ExtraEncode | None:
    if audio is None:
        return None
    width, height = extra.width or _WAVEFORM.width, extra.height or _WAVEFORM.height
    return ExtraEncode("waveform", _format(extra, "waveform"), audio.index, width, height)


def _picture(
    extra: Extra,
    kind: ExtraKind,
    probe: Probe,
    video: VideoStream | None,
    audio: AudioStream | None,
    notes: list[str],
) -> ExtraEncode | None:
    if video is None:
        return None
    source = size_of_source(video)
    height = extra.height if extra.height or extra.width else _HEIGHTS[kind]
    # Of a panorama's tiles no sheet could be made.
    width = extra.width or (_WIDEST_TILE if kind == "sprite_sheet" else None)
    size = fit(Rung(extra.name, height=height, width=width), source) or own_size(source)
    film = video.duration_seconds or probe.duration_seconds
    at = extra.at_seconds or 0.0
    # A file's last picture may be gone some frames before its end.
    if film is not None and at and at > film - _BEFORE_THE_END_SECONDS:
        at = round(film / 2, 3)
        notes.append(f"Extra {extra.name!r} is taken at {at:g} s: the source ends at {film:g} s.")
    seconds = None
    if kind in _SECONDS:
        seconds = extra.duration_seconds or _SECONDS[kind]
        seconds = seconds if film is None else round(min(seconds, film - at), 3)
    interval, columns, rows = _SPRITE_SECONDS, 1, 1
    if kind == "sprite_sheet":
        at, film = 0.0, film or _SPRITE_SECONDS
        interval = max(extra.interval_seconds or _SPRITE_SECONDS, round(film / _MAX_TILES + 0.0005, 3))
        count = max(1, math.ceil(film / interval))
        columns = min(_COLUMNS, count)
        rows = math.ceil(count / columns)
    return ExtraEncode(
        kind=kind,
        format=_format(extra, kind),
        stream_index=video.index,
        width=size.width,
        height=size.height,
        at_seconds=at,
        duration_seconds=seconds,
        interval_seconds=interval,
        columns=columns,
        rows=rows,
        audio_stream_index=audio.index if audio and kind == "preview_clip" else None,
        tone_map=hdr_of(video) is not None,
        deinterlace=video.is_interlaced,
        color_space=color_space_of(video),
        full_range=video.has_full_range and hdr_of(video) is None,
    )


def _format(extra: Extra, kind: ExtraKind) -> ExtraFormat:
    return extra.format or FORMATS[kind][0]
