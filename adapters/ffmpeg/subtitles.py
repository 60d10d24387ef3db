"""Subtitles of a source as WebVTT: which can be, and the command that does it. Pure."""

from pathlib import Path

from adapters.ffmpeg.command import HEAD
from adapters.ffmpeg.inputs import input_arguments

TEXT_CODECS = frozenset({"subrip", "ass", "ssa", "webvtt", "mov_text"})
"""FFmpeg's names of subtitles that are text. The others are pictures of text, or come inside the picture."""


def build_subtitles_argv(stream_index: int, *, ffmpeg: Path, source: Path, target: Path) -> tuple[str, ...]:
    """The command that writes one stream as WebVTT, both local files.

    FFmpeg takes the file's own start off every time, as it does for the pictures: cues stay where they are seen.
    Formats that forget delays (`Probe.forgets_delays`) are not for it.
    """
    return (
        str(ffmpeg),
        *HEAD,
        *input_arguments(source),
        "-map", f"0:{stream_index}", "-vn", "-an", "-dn",
        "-c:s", "webvtt",
        "-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact",
        "-f", "webvtt", f"file:{target}",
    )  # fmt: skip
