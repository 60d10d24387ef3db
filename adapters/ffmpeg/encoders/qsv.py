"""What Intel's Quick Sync encoders share. They need an Intel GPU, its media driver and the VPL runtime.

Never run on a GPU: written by https://ffmpeg.org/ffmpeg-codecs.html#QSV-Encoders and
https://trac.ffmpeg.org/wiki/Hardware/QuickSync. Whatever comes out is verified like any other output.
"""

from adapters.ffmpeg.encode import VideoEncode
from adapters.ffmpeg.encoders.base import Hardware, kilobits, options

# From fast to slow; FFmpeg's names for the targets 7 to 1.
SPEEDS = ("veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow")
DEFAULT_SPEED = "medium"
QSV = Hardware(
    name="qsv",
    before_input=lambda node: ("-init_hw_device", f"qsv=gpu:hw_any,child_device={node}"),
    # By VA-API, beneath which the same hardware lies: FFmpeg's QSV decoders cannot fall back to the CPU.
    decode=lambda node: ("-hwaccel", "vaapi", "-hwaccel_device", node),
    decoded_format="vaapi",
)
_PIXEL_FORMATS = {"yuv420p": "nv12", "yuv420p10le": "p010le"}


def arguments(name: str, settings: VideoEncode, *more: str) -> tuple[str, ...]:
    """Constant quality (ICQ; QVBR within a cap) or a bit rate (VBR), key frames on the grid."""
    target = settings.bitrate_kbps
    if target is None and settings.maxrate_kbps is not None:
        # QVBR wants a target beside the cap; one that is equal to it would mean a constant rate.
        target = settings.maxrate_kbps - 1
    return (
        "-c:v", name,
        *options(
            ("-preset", settings.speed),
            ("-profile:v", settings.codec_profile),
            # In tenths, for both codecs: a name of the codec's own it does not know.
            ("-level:v", None if settings.level is None else str(round(float(settings.level) * 10))),
            ("-pix_fmt", _PIXEL_FORMATS.get(settings.pixel_format or "", settings.pixel_format)),
            ("-global_quality:v", None if settings.crf is None else str(round(settings.crf))),
            ("-b:v", kilobits(target)),
            ("-maxrate:v", kilobits(settings.maxrate_kbps)),
            ("-bufsize:v", kilobits(settings.bufsize_kbps)),
        ),
        *more,
        # No I or B frame of its own choosing: together they make the GOP strict. Every I frame is an IDR frame.
        "-g", str(settings.gop_frames), "-adaptive_i", "0", "-adaptive_b", "0", "-forced_idr", "1",
    )  # fmt: skip
