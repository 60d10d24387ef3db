"""Is the file what was planned?

Exit code 0 does not say so: FFmpeg gets over truncated and corrupt sources.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from adapters.ffmpeg.encode import HDR_TRANSFERS, AudioEncode, Encode, VideoEncode
from adapters.ffmpeg.encoders import audio_encoder, video_encoder
from adapters.ffmpeg.probe import AudioStream, Probe, VideoStream

_TOLERATED_DAMAGE = 3
_TOLERATED_DAMAGE_PER_SECOND = 0.5


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The first thing that is not as planned; `code` is a fault's."""

    code: str
    message: str


def verify_output(
    encode: Encode, probe: Probe, *, decode_errors: int, frames: int | None = None
) -> Mismatch | None:
    """Compare the probe of an output with its plan; None if all is well.

    Duration: within 1 s or 2 %, whichever is more; a copy may also miss a GOP, since it starts at a key frame.
    `frames` is how many pictures FFmpeg says it wrote (a fragmented file does not tell): within 2 or 2 % of
    what the duration holds at the output's rate. A short output of a source with decode errors is the source's
    fault. Damage is tolerated up to 3 lines, or one for every two seconds: a recording that starts between key
    frames is still a film.
    """
    return (
        _streams(encode, probe)
        or (encode.video and _video(encode.video, probe.video[0]))
        or (encode.audio and _audio(encode.audio, probe.audio[0]))
        or _duration(encode, probe, decode_errors)
        or (encode.video and _frames(encode, encode.video, probe, frames, decode_errors))
        or _damage(probe, decode_errors)
    )


def verify_grid(
    encode: Encode, durations: Sequence[int], timescale: int, *, frames: int | None = None
) -> Mismatch | None:
    """Compare the fragments of a CMAF output, in ticks of `timescale`, with the grid; None if all is well.

    Every fragment but the last is one GOP, within a tick: otherwise the rungs cannot be switched at every
    segment. Where a source has a hole, one GOP lasts longer by the pictures that are not there, in all rungs
    alike; `frames`, how many are there, tells it from a missing key frame. Audio and copies have no grid.
    """
    video = encode.video
    if video is None or encode.fragment_seconds is None or video_encoder(video.encoder).codec is None:
        return None
    gop = encode.fragment_seconds * timescale
    for number, duration in enumerate(durations[:-1], start=1):
        if duration < gop - 1:
            return _off_grid(number, duration / timescale, encode.fragment_seconds)
    frame = gop / video.gop_frames
    missing = 0 if frames is None else max(0, round(sum(durations) / frame) - frames)
    excess = sum(max(duration - gop, Fraction(0)) for duration in durations)
    if excess <= missing * frame + len(durations):
        return None
    longest = max(durations)
    return _off_grid(durations.index(longest) + 1, longest / timescale, encode.fragment_seconds)


def _off_grid(number: int, seconds: float, planned: Fraction) -> Mismatch:
    return Mismatch(
        "output_grid_wrong",
        f"fragment {number} lasts {seconds:.6f} s, planned is a GOP of {float(planned):.6f} s",
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
    wanted = HDR_TRANSFERS[planned.hdr] if planned.hdr else None
    is_hdr = found.color_transfer in HDR_TRANSFERS.values()
    if (wanted and found.color_transfer != wanted) or (planned.tone_map and is_hdr):
        return Mismatch(
            "invalid_output", f"planned {wanted or 'SDR'}, found transfer function {found.color_transfer}"
        )
    if found.pixel_format is not None and planned.pixel_format not in (None, found.pixel_format):
        return Mismatch("invalid_output", f"planned {planned.pixel_format}, found {found.pixel_format}")
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
    if planned is None or abs(found - planned) <= max(
        1.0, 0.02 * planned, _copied_gop_seconds(encode, probe)
    ):
        return None
    truncated = decode_errors > 0 and found < planned
    return Mismatch(
        "source_truncated" if truncated else "output_duration_wrong",
        f"planned {planned:.3f} s, found {found:.3f} s, {decode_errors} decode errors",
    )


def _copied_gop_seconds(encode: Encode, probe: Probe) -> float:
    if encode.video is None or video_encoder(encode.video.encoder).codec is not None:
        return 0.0
    rate = probe.video[0].average_frame_rate
    return float(encode.video.gop_frames / rate) if rate else 0.0


def _frames(
    encode: Encode, video: VideoEncode, probe: Probe, frames: int | None, decode_errors: int
) -> Mismatch | None:
    found = probe.video[0]
    frames = frames if frames is not None else found.frames
    seconds = found.duration_seconds or probe.duration_seconds
    rate = _rate(encode, video) or found.average_frame_rate
    if frames is None or not seconds or not rate or video_encoder(video.encoder).codec is None:
        return None
    expected = seconds * float(rate)
    is_short = frames < expected
    if abs(frames - expected) <= max(2.0, 0.02 * expected) or (is_short and decode_errors):
        return None
    return Mismatch(
        "output_frames_wrong",
        f"{frames} frames in {seconds:.3f} s, at {float(rate):.3f} fps there are {expected:.0f}",
    )


def _rate(encode: Encode, video: VideoEncode) -> Fraction | None:
    """Frames per second of the grid, where it is known: a constant rate of the source is not written out."""
    if video.frame_rate is None and encode.fragment_seconds is not None:
        return video.gop_frames / encode.fragment_seconds
    return video.frame_rate


def _damage(probe: Probe, decode_errors: int) -> Mismatch | None:
    tolerated = max(_TOLERATED_DAMAGE, _TOLERATED_DAMAGE_PER_SECOND * (probe.duration_seconds or 0.0))
    if decode_errors <= tolerated:
        return None
    return Mismatch("source_damaged", f"{decode_errors} decode errors in {probe.duration_seconds:.3f} s")
