"""Streams of ordinary sources, to be changed by one field a test."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from adapters.ffmpeg.probe import AudioStream, Probe, VideoStream

PICTURE = VideoStream(
    index=0,
    codec="h264",
    codec_profile="High",
    width=1920,
    height=1080,
    sample_aspect_ratio=Fraction(1),
    rotation=0,
    frame_rate=Fraction(25),
    average_frame_rate=Fraction(25),
    duration_seconds=60.0,
    frames=1500,
    pixel_format="yuv420p",
    color_transfer="bt709",
    color_primaries="bt709",
    color_space="bt709",
    color_range="tv",
    field_order="progressive",
    is_attached_picture=False,
    is_default=True,
    start_seconds=0.0,
)
SOUND = AudioStream(
    index=1,
    codec="aac",
    sample_rate_hz=48000,
    channels=2,
    channel_layout="stereo",
    language=None,
    is_default=True,
    duration_seconds=60.0,
    start_seconds=0.0,
)


@pytest.fixture
def picture() -> Callable[..., VideoStream]:
    """A 1080p25 stream with the given fields changed."""
    return lambda **changes: replace(PICTURE, **changes)


@pytest.fixture
def sound() -> Callable[..., AudioStream]:
    """A stereo AAC stream with the given fields changed."""
    return lambda **changes: replace(SOUND, **changes)


@pytest.fixture
def source() -> Callable[..., Probe]:
    """An MP4 file of the given streams."""

    def make(
        video: tuple[VideoStream, ...] = (), audio: tuple[AudioStream, ...] = (), **changes: Any
    ) -> Probe:
        probe = Probe("mov,mp4,m4a,3gp,3g2,mj2", 60.0, 10**7, 1333.0, video, audio, ())
        return replace(probe, **changes)

    return make
