"""Is the file what was planned?

Exit code 0 does not say so: FFmpeg gets over truncated and corrupt sources.
"""

from dataclasses import dataclass

from adapters.ffmpeg.encode import AudioEncode, Encode, VideoEncode
from adapters.ffmpeg.encoders import audio_encoder, video_encoder
from adapters.ffmpeg.probe import AudioStream, Probe, VideoStream

_TOLERATED_DAMAGE = 3
_TOLERATED_DAMAGE_PER_SECOND = 0.5


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The first thing that is not as planned; `code` is a fault's."""

    code: str
    message: str


def verify_output(encode: Encode, probe: Probe, *, decode_errors: int) -> Mismatch | None:
    """Compare the probe of an output with its plan; None if all is well.

    Duration: within 1 s or 2 %, whichever is more. A short output of a source with decode errors is the
    source's fault. Damage is tolerated up to 3 lines, or one for every two seconds: a recording that starts
    between key frames is still a film.
    """
    return (
        _streams(encode, probe)
        or (encode.video and _video(encode.video, probe.video[0]))
        or (encode.audio and _audio(encode.audio, probe.audio[0]))
        or _duration(encode, probe, decode_errors)
        or _damage(probe, decode_errors)
    )


def _streams(encode: Encode, probe: Probe) -> Mismatch | None:
    planned = (int(encode.video is not None), int(encode.audio is not None))
    found = (len(probe.video), len(probe.audio))
    if planned == found:
        return None
    return Mismatch(
        "output_streams_wrong",
        f"planned {planned[0]} video and {planned[1]} audio streams, found {found[0]} and {found[1]}",
    )


def _video(planned: VideoEncode, found: VideoStream) -> Mismatch | None:
    encoder = video_encoder(planned.encoder)
    if encoder.codec is None:
        return None
    if found.codec != encoder.codec:
        return Mismatch("output_streams_wrong", f"planned {encoder.codec}, found {found.codec}")
    if (found.display_width, found.display_height) != (planned.width, planned.height):
        return Mismatch(
            "output_size_wrong",
            f"planned {planned.width}x{planned.height}, found {found.display_width}x{found.display_height}",
        )
    rate = found.average_frame_rate
    # The average of a short file is off by its first and last frame.
    tolerance = max(0.01, 2 / found.frames) if found.frames else 0.01
    if planned.frame_rate and rate and abs(float(rate / planned.frame_rate) - 1.0) > tolerance:
        return Mismatch(
            "output_rate_wrong", f"planned {float(planned.frame_rate):.3f} fps, found {float(rate):.3f}"
        )
    return None


def _audio(planned: AudioEncode, found: AudioStream) -> Mismatch | None:
    codec = audio_encoder(planned.encoder).codec
    if codec is not None and found.codec != codec:
        return Mismatch("output_streams_wrong", f"planned {codec}, found {found.codec}")
    return None


def _duration(encode: Encode, probe: Probe, decode_errors: int) -> Mismatch | None:
    planned, found = encode.duration_seconds, probe.duration_seconds
    if found is None:
        return Mismatch("invalid_output", "the output has no duration: nothing was encoded")
    if planned is None or abs(found - planned) <= max(1.0, 0.02 * planned):
        return None
    truncated = decode_errors > 0 and found < planned
    return Mismatch(
        "source_truncated" if truncated else "output_duration_wrong",
        f"planned {planned:.3f} s, found {found:.3f} s, {decode_errors} decode errors",
    )


def _damage(probe: Probe, decode_errors: int) -> Mismatch | None:
    tolerated = max(_TOLERATED_DAMAGE, _TOLERATED_DAMAGE_PER_SECOND * (probe.duration_seconds or 0.0))
    if decode_errors <= tolerated:
        return None
    return Mismatch("source_damaged", f"{decode_errors} decode errors in {probe.duration_seconds:.3f} s")
