"""How FFmpeg and ffprobe may open a source: the options before `-i`, the same for both.

A source is a stranger's file. Playlists (HLS, DASH, ffconcat, SDP, VobSub, image sequences) make a demuxer
open other files and hosts, so they are not on the list; `-protocol_whitelist file` alone does not stop local
reads. A picture of a kilobyte can ask for gigabytes of memory, so its pixels are bounded.
"""

from pathlib import Path

_DEMUXERS = (
    "mov,mp4,matroska,webm,mpegts,mpeg,mpegvideo,avi,flv,live_flv,asf,mxf,gxf,ogg,rm,wtv,nut,dv,ivf,obu,"
    "h264,hevc,vvc,av1,m4v,h263,mjpeg,yuv4mpegpipe,gif,apng,png_pipe,jpeg_pipe,webp_pipe,bmp_pipe,tiff_pipe,"
    "mp3,aac,loas,ac3,eac3,ac4,dts,truehd,mlp,flac,wav,w64,aiff,caf,au,amr,ape,wv,tta,tak,dsf"
)
_MAX_PIXELS = 8192 * 8192
_MAX_ALLOCATION_BYTES = 1 << 30


def input_arguments(source: Path) -> tuple[str, ...]:
    """`-i` and what must precede it. The `file:` prefix keeps a colon or `%d` from being special."""
    return (
        "-max_alloc", str(_MAX_ALLOCATION_BYTES),
        "-protocol_whitelist", "file",
        "-format_whitelist", _DEMUXERS,
        "-max_pixels", str(_MAX_PIXELS),
        "-i", f"file:{source}",
    )  # fmt: skip
