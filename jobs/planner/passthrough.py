"""Whether a stream of the source is what its rung asks for already, and need not be encoded.

Only what can be known without decoding counts, and what is not known speaks against a copy.
"""

from adapters.ffmpeg.command import AudioEncode, VideoEncode
from adapters.ffmpeg.encode import Container
from adapters.ffmpeg.encoders import audio_encoder, video_encoder
from adapters.ffmpeg.probe import AudioStream, Probe, VideoStream
from jobs.planner import pictures, sounds
from jobs.planner.streams import delay_seconds

# ffprobe's names of the profiles that each of a rung's promises to play, itself included.
_PLAYED: dict[tuple[str, str], frozenset[str]] = {
    ("h264", "baseline"): frozenset({"Constrained Baseline"}),
    ("h264", "main"): frozenset({"Constrained Baseline", "Main"}),
    ("h264", "high"): frozenset({"Constrained Baseline", "Main", "High"}),
    ("h264", "high10"): frozenset({"Constrained Baseline", "Main", "High", "High 10"}),
    ("hevc", "main"): frozenset({"Main"}),
    ("hevc", "main10"): frozenset({"Main", "Main 10"}),
    ("av1", "main"): frozenset({"Main"}),
    ("vp9", "0"): frozenset({"Profile 0"}),
    ("vp9", "2"): frozenset({"Profile 0", "Profile 2"}),
}
# What 1.0 is in the units in which a codec writes its level (H.264, A.3.1; H.265, A.4.1).
_LEVEL_UNITS = {"h264": 10, "hevc": 30}
# Rates of players differ by more than this from one encode to the next.
_SAME_KBPS = 1.02


def why_encoded(
    wish: VideoEncode, video: VideoStream, probe: Probe, container: Container, *, has_segments: bool
) -> str | None:
    """Why this video cannot be copied where `wish` was planned, in half a sentence; None if it can."""
    codec = video_encoder(wish.encoder).codec or ""
    if has_segments:
        return "players change the rendition at key frames, and where the source has them is not known"
    if video.codec != codec or codec not in pictures.COPYABLE[container]:
        return f"the source is {video.codec}, the rung {codec}"
    return (
        _why_other_picture(wish, video)
        or _why_other_time(wish, video, probe)
        or _why_too_much(wish, video, probe)
    )


def _why_other_picture(wish: VideoEncode, video: VideoStream) -> str | None:
    played = _PLAYED.get((video.codec, wish.codec_profile or ""), frozenset())
    if video.rotation or video.sample_aspect_ratio != 1:
        return "the source's picture is turned or has pixels that are not square"
    if video.is_cropped:
        return "the source's container crops its picture"
    if video.is_interlaced:
        return "the source is interlaced"
    if (video.width, video.height) != (wish.width, wish.height):
        return f"the source has {video.width}x{video.height}, the rung {wish.width}x{wish.height}"
    if wish.tone_map:
        return "the source is HDR, the rung SDR"
    if wish.full_range:
        return "the source's picture has the full range of values, the rung the limited one"
    if video.pixel_format != wish.pixel_format:
        return (
            f"the source's pixel format is {video.pixel_format or 'unknown'}, the rung's {wish.pixel_format}"
        )
    if video.codec_profile not in played:
        return f"the source's profile is {video.codec_profile or 'unknown'}, the rung's {wish.codec_profile}"
    return None


def _why_other_time(wish: VideoEncode, video: VideoStream, probe: Probe) -> str | None:
    if wish.frame_rate is not None:
        return f"the rung has a constant {float(wish.frame_rate):.6g} frames per second"
    # A copy cannot be filled up, and its sound would run ahead of it.
    if delay_seconds(video, probe) > 0:
        return "the source's video starts late"
    return None


def _why_too_much(wish: VideoEncode, video: VideoStream, probe: Probe) -> str | None:
    if wish.level is not None:
        unit = _LEVEL_UNITS.get(video.codec)
        if unit is None or video.level is None or video.level > round(float(wish.level) * unit):
            return f"the source is not known to be within level {wish.level}"
    limit = wish.bitrate_kbps or wish.maxrate_kbps
    # The whole file's rate is an upper bound of its video's.
    found = video.bit_rate_kbps or probe.bit_rate_kbps
    if limit is not None and found is None:
        return "the source does not tell its bit rate"
    if limit is not None and found is not None and found > limit * _SAME_KBPS:
        return f"the source has {found:.0f} kbit/s, the rung at most {limit}"
    return None


def why_audio_encoded(
    wish: AudioEncode, audio: AudioStream, probe: Probe, container: Container
) -> str | None:
    """The same for audio."""
    codec = audio_encoder(wish.encoder).codec or ""
    found = audio.bit_rate_kbps
    if wish.loudness_lufs is not None:
        return "its loudness is to be changed"
    if audio.codec != codec or codec not in sounds.COPYABLE[container]:
        return f"the source is {audio.codec}, the rung {codec}"
    if codec == "aac" and audio.codec_profile != "LC":
        return f"the source's profile is {audio.codec_profile or 'unknown'}, the rung's LC"
    if (audio.channels, audio.sample_rate_hz) != (wish.channels, wish.sample_rate_hz):
        return (
            f"the source has {audio.channels} channels at {audio.sample_rate_hz} Hz, "
            f"the rung {wish.channels} at {wish.sample_rate_hz} Hz"
        )
    if delay_seconds(audio, probe) > 0:
        return "the source's audio starts late"
    if wish.bitrate_kbps is not None and (found is None or found > wish.bitrate_kbps * _SAME_KBPS):
        rate = "an unknown bit rate" if found is None else f"{found:.0f} kbit/s"
        return f"the source has {rate}, the rung at most {wish.bitrate_kbps}"
    return None
