"""The filters that a command may use, with the options that each takes; and why others are refused.

Names, aliases, order and ranges are those that `ffmpeg -h filter=NAME` prints (FFmpeg 9.0); tighter bounds where
a number costs memory. Not here: whatever opens, writes, connects, loads code, or needs a device.
"""

from adapters.ffmpeg.commandline.filters import (
    audio_channels,
    audio_level,
    audio_time,
    audio_tone,
    clean,
    colour,
    compose,
    geometry,
    pictures,
    sources,
    text,
    time,
)
from adapters.ffmpeg.commandline.filters.refused import FILTERS as REFUSED_FILTERS
from adapters.ffmpeg.commandline.filters.refused import OPTIONS as REFUSED_OPTIONS
from adapters.ffmpeg.commandline.notation import Table, joined_lines

__all__ = ["FILTERS", "REFUSED_FILTERS", "REFUSED_OPTIONS", "SOURCES"]

FILTERS = Table(
    *(
        group.TABLE
        for group in (
            geometry,
            time,
            compose,
            colour,
            clean,
            text,
            audio_level,
            audio_time,
            audio_channels,
            audio_tone,
            pictures,
            sources,
        )
    )
)
SOURCES = frozenset(line.split()[0] for line in joined_lines(sources.TABLE))
"""Filters without an input."""
