"""Output formats: what an extension or `-f` stands for, and under which names of ours the files are written."""

from dataclasses import dataclass
from typing import Literal

Shape = Literal["file", "image", "sequence", "playlist", "segments", "none"]
"""One file; one picture; numbered pictures; a manifest with its files; numbered parts; nothing."""


@dataclass(frozen=True, slots=True)
class Muxer:
    """`name` is FFmpeg's; `extension` the one of our file, where the customer's says nothing else."""

    name: str
    extension: str
    extensions: tuple[str, ...]
    shape: Shape = "file"


_ALL = (
    Muxer("mp4", "mp4", ("mp4", "m4v")),
    Muxer("mov", "mov", ("mov", "qt")),
    Muxer("ipod", "m4a", ("m4a", "m4b")),
    Muxer("3gp", "3gp", ("3gp",)),
    Muxer("matroska", "mkv", ("mkv", "mka", "mks")),
    Muxer("webm", "webm", ("webm", "weba")),
    Muxer("mpegts", "ts", ("ts", "mts", "m2ts", "m2t")),
    Muxer("mpeg", "mpg", ("mpg", "mpeg")),
    Muxer("vob", "vob", ("vob",)),
    Muxer("avi", "avi", ("avi",)),
    Muxer("flv", "flv", ("flv",)),
    Muxer("asf", "wmv", ("wmv", "wma", "asf")),
    Muxer("mxf", "mxf", ("mxf",)),
    Muxer("nut", "nut", ("nut",)),
    Muxer("ivf", "ivf", ("ivf",)),
    Muxer("h264", "h264", ("h264", "264")),
    Muxer("hevc", "hevc", ("hevc", "h265", "265")),
    Muxer("gif", "gif", ("gif",)),
    Muxer("apng", "apng", ("apng",)),
    Muxer("webp", "webp", ("webp",)),
    Muxer("mp3", "mp3", ("mp3",)),
    Muxer("adts", "aac", ("aac",)),
    Muxer("wav", "wav", ("wav",)),
    Muxer("w64", "w64", ("w64",)),
    Muxer("aiff", "aiff", ("aiff", "aif")),
    Muxer("flac", "flac", ("flac",)),
    Muxer("ogg", "ogg", ("ogg", "ogv")),
    Muxer("oga", "oga", ("oga",)),
    Muxer("opus", "opus", ("opus",)),
    Muxer("ac3", "ac3", ("ac3",)),
    Muxer("eac3", "eac3", ("eac3",)),
    Muxer("amr", "amr", ("amr",)),
    Muxer("caf", "caf", ("caf",)),
    Muxer("mp2", "mp2", ("mp2",)),
    Muxer("s16le", "pcm", ("pcm", "raw")),
    Muxer("srt", "srt", ("srt",)),
    Muxer("webvtt", "vtt", ("vtt",)),
    Muxer("ass", "ass", ("ass", "ssa")),
    Muxer("image2", "jpg", ("jpg", "jpeg", "png", "bmp", "tiff", "tif"), "image"),
    Muxer("hls", "m3u8", ("m3u8",), "playlist"),
    Muxer("dash", "mpd", ("mpd",), "playlist"),
    Muxer("segment", "mp4", (), "segments"),
    Muxer("null", "", (), "none"),
)
MUXERS = {muxer.name: muxer for muxer in _ALL}
MUXER_ALIASES = {"ssegment": "segment", "stream_segment": "segment", "image2pipe": "image2", "m4a": "ipod"}
BY_EXTENSION = {extension: muxer for muxer in _ALL for extension in muxer.extensions}
IMAGE_EXTENSIONS = frozenset({"jpg", "jpeg", "png", "bmp", "tiff", "tif", "webp"})

REFUSED_MUXERS: dict[str, str] = {
    "tee": "opens files and addresses by itself; write several outputs instead",
    "fifo": "opens another output by itself",
    "rtsp": "opens a network connection",
    "rtp": "opens a network connection",
    "rtp_mpegts": "opens a network connection",
    "sap": "opens a network connection",
    "smoothstreaming": "is not offered; use hls or dash",
    "hds": "is not offered; use hls or dash",
    "md5": "prints a checksum; the service gives one for each output",
    "hash": "prints a checksum; the service gives one for each output",
    "framemd5": "prints checksums; the service gives one for each output",
    "framehash": "prints checksums; the service gives one for each output",
    "ffmetadata": "is not offered",
    "chromaprint": "is not offered",
    "alsa": "needs a device",
    "pulse": "needs a device",
    "oss": "needs a device",
    "fbdev": "needs a device",
    "v4l2": "needs a device",
    "video4linux2": "needs a device",
    "xv": "needs a device",
    "sdl": "needs a device",
    "sdl2": "needs a device",
    "opengl": "needs a device",
    "caca": "needs a device",
    "audiotoolbox": "needs a device",
    "decklink": "needs a device",
    "whip": "opens a network connection",
}

# What `-f` may say before an input, beside lavfi, concat and image2, which the parser treats on their own.
DEMUXERS = frozenset(
    [
        "mov",
        "mp4",
        "m4a",
        "matroska",
        "webm",
        "mpegts",
        "mpeg",
        "mpegvideo",
        "avi",
        "flv",
        "live_flv",
        "asf",
        "mxf",
        "ogg",
        "nut",
        "dv",
        "ivf",
        "obu",
        "h264",
        "hevc",
        "vvc",
        "av1",
        "m4v",
        "mjpeg",
        "gif",
        "apng",
        "png_pipe",
        "jpeg_pipe",
        "webp_pipe",
        "bmp_pipe",
        "tiff_pipe",
        "mp3",
        "aac",
        "ac3",
        "eac3",
        "dts",
        "flac",
        "wav",
        "w64",
        "aiff",
        "caf",
        "au",
        "amr",
        "srt",
        "ass",
        "webvtt",
    ]
)
REFUSED_DEMUXERS: dict[str, str] = {
    **dict.fromkeys(
        ("x11grab", "v4l2", "video4linux2", "alsa", "pulse", "oss", "jack", "fbdev", "kmsgrab", "avfoundation",
         "dshow", "gdigrab", "decklink", "iec61883", "libcdio", "openal", "sndio", "bktr"),
        "records from a device, and the service has none",
    ),
    **dict.fromkeys(
        ("hls", "applehttp", "dash", "sdp", "rtsp", "rtp", "sap", "imf", "vobsub", "webm_dash_manifest"),
        "opens other files or hosts by itself; give the media itself as the input",
    ),
    "image2pipe": "is not offered; give the pictures as the job's inputs",
    "rawvideo": "says nothing about its size; give a file with a header",
    "s16le": "says nothing about its rate; give a WAV file",
    "ffmetadata": "is not offered; set tags with -metadata",
    "tty": "turns any file into a picture of its text",
    "data": "turns any file into a stream",
    "bin": "turns any file into a picture of its bytes",
}  # fmt: skip
