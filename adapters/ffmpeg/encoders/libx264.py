"""H.264 by x264, on the CPU. https://ffmpeg.org/ffmpeg-codecs.html#libx264_002c-libx264rgb"""

from adapters.ffmpeg.encode import VideoEncode


class Libx264:
    name = "libx264"
    codec = "h264"
    filters = True

    def arguments(self, settings: VideoEncode) -> tuple[str, ...]:
        gop = str(settings.gop_frames)
        wishes = (
            ("-preset", settings.speed),
            ("-tune", settings.tune),
            ("-profile:v", settings.codec_profile),
            ("-level:v", settings.level),
            ("-pix_fmt", settings.pixel_format),
            ("-crf", None if settings.crf is None else f"{settings.crf:g}"),
            ("-b:v", _kilobits(settings.bitrate_kbps)),
            ("-maxrate:v", _kilobits(settings.maxrate_kbps)),
            ("-bufsize:v", _kilobits(settings.bufsize_kbps)),
        )
        return (
            "-c:v", self.name,
            *(token for option, value in wishes if value is not None for token in (option, value)),
            # Key frames on the grid and nowhere else, so that all rungs can be switched at every segment.
            "-g", gop, "-keyint_min", gop, "-sc_threshold", "0", "-flags:v", "+cgop",
        )  # fmt: skip


def _kilobits(rate_kbps: int | None) -> str | None:
    return None if rate_kbps is None else f"{rate_kbps}k"
