"""What the encoders of VA-API share: Intel's and AMD's, by the drivers of Mesa or Intel. They need a render node.

Never run on a GPU: written by https://ffmpeg.org/ffmpeg-codecs.html#VAAPI-encoders and
https://trac.ffmpeg.org/wiki/Hardware/VAAPI. Whatever comes out is verified like any other output.
"""

from adapters.ffmpeg.encode import VideoEncode
from adapters.ffmpeg.encoders.base import Hardware, kilobits, options

VAAPI = Hardware(
    name="vaapi",
    before_input=lambda node: ("-vaapi_device", node),
    decode=lambda node: ("-hwaccel", "vaapi", "-hwaccel_device", node),
    decoded_format="vaapi",
    upload={"yuv420p": "format=nv12,hwupload", "yuv420p10le": "format=p010,hwupload"},
)


def arguments(name: str, settings: VideoEncode, *more: str) -> tuple[str, ...]:
    """Constant quality (ICQ or CQP, what the driver has; QVBR within a cap) or a bit rate (VBR), key frames on the
    grid.

    The mode is named where a rate is to be held: left alone, FFmpeg would drop the rate where the driver cannot.
    """
    mode, target = None, settings.bitrate_kbps
    if target is not None:
        mode = "VBR"
    elif settings.maxrate_kbps is not None:
        mode, target = "QVBR", settings.maxrate_kbps
    return (
        "-c:v", name,
        *options(
            ("-profile:v", settings.codec_profile),
            # FFmpeg's names for the levels: 4, 4.1.
            ("-level:v", None if settings.level is None else settings.level.removesuffix(".0")),
            ("-rc_mode", mode),
            ("-global_quality:v", None if settings.crf is None else str(round(settings.crf))),
            ("-b:v", kilobits(target)),
            ("-maxrate:v", kilobits(settings.maxrate_kbps)),
            ("-bufsize:v", kilobits(settings.bufsize_kbps)),
        ),
        *more,
        # Every I frame is an IDR frame, and the encoder adds none.
        "-g", str(settings.gop_frames), "-idr_interval", "0",
    )  # fmt: skip
