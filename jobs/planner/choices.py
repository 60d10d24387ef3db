"""A ladder from three plain choices: how large, in which format, with sound or without."""

from collections.abc import Callable
from typing import Literal

from jobs.planner.presets import AAC, OPUS, h264, hevc, vp9
from jobs.planner.specs import AudioRung, Ladder, Packaging, Rung

Resolution = Literal["1080p", "720p", "480p", "360p"]
Format = Literal["mp4", "webm", "hevc"]

# Height, and the caps of each format in kbit/s.
_RESOLUTIONS: dict[Resolution, tuple[int, dict[Format, int]]] = {
    "1080p": (1080, {"mp4": 5000, "webm": 3500, "hevc": 4500}),
    "720p": (720, {"mp4": 2800, "webm": 1800, "hevc": 2000}),
    "480p": (480, {"mp4": 1400, "webm": 900, "hevc": 1000}),
    "360p": (360, {"mp4": 800, "webm": 500, "hevc": 500}),
}
_FORMATS: dict[Format, tuple[Packaging, Callable[[int, int], Rung], AudioRung]] = {
    "mp4": ("mp4", h264, AAC),
    "webm": ("webm", vp9, OPUS),
    "hevc": ("mp4", hevc, AAC),
}


def from_choices(resolution: Resolution, format: Format, *, include_audio: bool = True) -> Ladder:
    """One file of at most this size; "mp4" is H.264 and AAC, "webm" VP9 and Opus, "hevc" HEVC and AAC in MP4.

    Raises KeyError for an unknown choice.
    """
    height, caps = _RESOLUTIONS[resolution]
    packaging, rung, audio = _FORMATS[format]
    return Ladder(packaging, (rung(height, caps[format]),), audio if include_audio else None)
