"""How FFmpeg and ffprobe may open a source: the options before `-i`, the same for both.

A source is a stranger's file. Playlists (HLS, DASH, ffconcat, SDP, VobSub, image sequences) make a demuxer
open other files and hosts, so they are not on the list; `-protocol_whitelist file` alone does not stop local
reads. A picture of a kilobyte can ask for gigabytes of memory, so its pixels are bounded.
"""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

DEMUXERS = (
    "mov,mp4,matroska,webm,mpegts,mpeg,mpegvideo,avi,flv,live_flv,asf,mxf,gxf,ogg,rm,wtv,nut,dv,ivf,obu,"
    "h264,hevc,vvc,av1,m4v,h263,mjpeg,yuv4mpegpipe,gif,apng,png_pipe,jpeg_pipe,webp_pipe,bmp_pipe,tiff_pipe,"
    "mp3,aac,loas,ac3,eac3,ac4,dts,truehd,mlp,flac,wav,w64,aiff,caf,au,amr,ape,wv,tta,tak,dsf"
)
SUBTITLE_DEMUXERS = "srt,webvtt,ass"
"""Formats of text alone, for commands that are given subtitles as a file of their own."""
MAX_PIXELS = 8192 * 8192
_MAX_ALLOCATION_BYTES = 1 << 30


def input_arguments(
    source: Path, *, demuxers: str = DEMUXERS, options: Sequence[str] = ()
) -> tuple[str, ...]:
    """`-i` and what must precede it. The `file:` prefix keeps a colon or `%d` from being special.

    `options` come last before `-i`; they are ours or read from a command, never a customer's text.
    """
    return (
        "-max_alloc", str(_MAX_ALLOCATION_BYTES),
        "-protocol_whitelist", "file",
        "-format_whitelist", demuxers,
        "-max_pixels", str(MAX_PIXELS),
        *options,
        "-i", f"file:{source}",
    )  # fmt: skip


def list_arguments(script: Path, *, demuxers: str = DEMUXERS, options: Sequence[str] = ()) -> tuple[str, ...]:
    """`-i` for a list of files that `list_script` wrote: the concat demuxer, which opens what the list says."""
    return input_arguments(
        script, demuxers=f"concat,{demuxers}", options=(*options, "-f", "concat", "-safe", "0")
    )


def list_script(
    members: Sequence[Path], *, demuxers: str = DEMUXERS, picture_seconds: Fraction | None = None
) -> str:
    """An ffconcat script (https://ffmpeg.org/ffmpeg-formats.html#concat-1) of our own.

    Each member has a whitelist of its own, without `concat`: FFmpeg hands the list's down otherwise, and a
    member that is a script itself would open the files that it names (measured with 8.1 and 9.0).
    `picture_seconds`: the members are single pictures, each shown so long.
    """
    lines = ["ffconcat version 1.0"]
    for member in members:
        quoted = str(member).replace("'", "'\\''")
        lines.append(f"file 'file:{quoted}'")
        lines.append(f"option format_whitelist {demuxers}")
        lines.append("option protocol_whitelist file")
        if picture_seconds is not None:
            # Said twice: the member's clock, so that times are exact, and its length, which a picture has not.
            lines.append(f"option framerate {1 / picture_seconds}")
            lines.append(f"duration {float(picture_seconds):.6f}")
    return "\n".join(lines) + "\n"
