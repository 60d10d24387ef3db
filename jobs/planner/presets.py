"""The presets that ship: ladders as data. A changed ladder is a new version, jobs keep the one they named.

crf sets the quality and a cap bounds the peak: easy scenes cost less than the cap, hard ones never more
than a player counts on. The caps are the usual ones of H.264 streaming: 5 Mbit/s at 1080p, about half of
that a rung down. "veryfast" since CPU is what a ladder costs; who wants smaller files names a `speed`.
GOPs of 2 s and segments of 4 s: quick starts, few requests.
"""

from dataclasses import dataclass

from jobs.planner.specs import AudioRung, Ladder, Rung


@dataclass(frozen=True, slots=True)
class Preset:
    """A ladder that a job can name."""

    name: str
    version: int
    title: str
    ladder: Ladder


def _rung(height: int, maxrate_kbps: int) -> Rung:
    return Rung(
        name=f"{height}p",
        height=height,
        crf=23,
        maxrate_kbps=maxrate_kbps,
        bufsize_kbps=2 * maxrate_kbps,
        speed="veryfast",
        codec_profile="high",
        pixel_format="yuv420p",
    )


_AUDIO = AudioRung(bitrate_kbps=128, channels=2)
_UP_TO_720P = (_rung(720, 2800), _rung(480, 1400), _rung(360, 800), _rung(240, 400))

SHIPPED: tuple[Preset, ...] = (
    Preset("hls-1080p", 1, "HLS, 1080p to 240p", Ladder("hls", (_rung(1080, 5000), *_UP_TO_720P), _AUDIO)),
    Preset("hls-720p", 1, "HLS, 720p to 240p", Ladder("hls", _UP_TO_720P, _AUDIO)),
    Preset("mp4-720p", 1, "One MP4 file, 720p", Ladder("mp4", (_rung(720, 2800),), _AUDIO)),
)
