"""What NVIDIA's encoders share. They need a GPU, its driver, and a free session on it.

https://docs.nvidia.com/video-technologies/video-codec-sdk/13.0/ffmpeg-with-nvidia-gpu/
"""

from adapters.ffmpeg.encode import VideoEncode
from adapters.ffmpeg.encoders.base import Hardware, decimal, kilobits, options

SPEEDS = ("p1", "p2", "p3", "p4", "p5", "p6", "p7")
DEFAULT_SPEED = "p4"
NVENC = Hardware(
    name="nvenc",
    before_input=lambda node: (),
    decode=lambda node: ("-hwaccel", "cuda"),
    decoded_format="cuda",
    has_nodes=False,
)
# NVENC's 10 bits are semi-planar; FFmpeg converts between the two.
_PIXEL_FORMATS = {"yuv420p10le": "p010le"}


def arguments(name: str, settings: VideoEncode, *more: str) -> tuple[str, ...]:
    """Constant quality (`-cq`, within a cap if there is one) or a bit rate, key frames on the grid."""
    pixel_format = settings.pixel_format
    return (
        "-c:v", name,
        *options(
            ("-preset", settings.speed),
            ("-tune", settings.tune),
            ("-profile:v", settings.codec_profile),
            ("-level:v", settings.level),
            ("-pix_fmt", None if pixel_format is None else _PIXEL_FORMATS.get(pixel_format, pixel_format)),
            ("-rc:v", "vbr"),
            ("-cq", decimal(settings.crf)),
            ("-b:v", "0" if settings.bitrate_kbps is None else kilobits(settings.bitrate_kbps)),
            ("-maxrate:v", kilobits(settings.maxrate_kbps)),
            ("-bufsize:v", kilobits(settings.bufsize_kbps)),
            # Its two passes are within a frame and need no run of their own.
            ("-multipass", "fullres" if settings.passes == 2 else None),
        ),
        *more,
        # Every key frame an IDR picture, none where the scene changes.
        "-g", str(settings.gop_frames), "-no-scenecut", "1", "-forced-idr", "1", "-strict_gop", "1",
    )  # fmt: skip
