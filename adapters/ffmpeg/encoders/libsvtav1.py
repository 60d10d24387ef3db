"""AV1 by SVT-AV1, on the CPU. https://gitlab.com/AOMediaCodec/SVT-AV1/-/blob/master/Docs/Parameters.md"""

from adapters.ffmpeg.encode import VideoEncode
from adapters.ffmpeg.encoders.base import EVERYWHERE, Range, VideoEncoder, decimal, kilobits, options


def _arguments(settings: VideoEncode) -> tuple[str, ...]:
    return (
        "-c:v", "libsvtav1",
        *options(
            ("-preset", settings.speed),
            ("-pix_fmt", settings.pixel_format),
            ("-crf", decimal(settings.crf)),
            ("-b:v", kilobits(settings.bitrate_kbps)),
            # Beside crf this caps the quality, beside a bit rate SVT-AV1 refuses it.
            ("-maxrate:v", kilobits(settings.maxrate_kbps) if settings.bitrate_kbps is None else None),
            ("-bufsize:v", kilobits(settings.bufsize_kbps)),
        ),
        # Key frames are on the grid (irefresh-type 2: closed GOPs) and none is added where the scene changes.
        "-g", str(settings.gop_frames), "-svtav1-params", "irefresh-type=2:scd=0",
    )  # fmt: skip


LIBSVTAV1 = VideoEncoder(
    name="libsvtav1",
    codec="av1",
    arguments=_arguments,
    containers=EVERYWHERE,
    # Above 10 it warns of visible artefacts, below 2 an hour of film takes days.
    speeds=("10", "9", "8", "7", "6", "5", "4", "3", "2"),
    default_speed="8",
    crf=Range(1, 63),
    default_crf=32,
    # It knows no other profile, and takes no option for it.
    codec_profiles={"main": ("yuv420p", "yuv420p10le")},
    default_codec_profile="main",
)
