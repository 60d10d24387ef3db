"""A copy instead of an encode, where the source is what the rung asks for: with the reason, either way."""

from dataclasses import replace
from fractions import Fraction

import pytest

from jobs.planner.ladder import PlanFailed, resolve
from jobs.planner.specs import AudioRung, Ladder, Rung

RUNG = Rung("1080p", height=1080, maxrate_kbps=5000)
LADDER = Ladder("mp4", (RUNG,), AudioRung(bitrate_kbps=128), passthrough="auto")


@pytest.fixture
def fit(picture, sound):
    """Streams that fit both rungs."""
    return picture(bit_rate_kbps=4000.0, level=40), sound(codec_profile="LC", bit_rate_kbps=127.5)


def encoders(plan):
    (one,) = plan.renditions
    return one.encode.video.encoder, one.encode.audio.encoder


def test_a_source_that_fits_is_copied_and_says_so(fit, source):
    video, audio = fit
    plan = resolve(LADDER, source((video,), (audio,)))
    assert encoders(plan) == ("copy", "copy")
    assert plan.notes == (
        "'audio' is a copy: the source is what it asks for already.",
        "Rung '1080p' is a copy: the source is what it asks for already.",
    )


def test_a_copy_that_would_lose_the_crop_is_refused(picture, source):
    ladder = Ladder("mp4", (Rung("same", encoder="copy"),), None)
    with pytest.raises(
        PlanFailed, match="shows 480x360 of a larger picture, which 'same' cannot carry over"
    ) as failed:
        resolve(ladder, source((picture(width=480, height=360, is_cropped=True),)))
    assert failed.value.code == "container_refused"


def test_nothing_is_copied_unless_asked_for(fit, source):
    video, audio = fit
    assert encoders(resolve(replace(LADDER, passthrough="never"), source((video,), (audio,)))) == (
        "libx264",
        "aac",
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"codec": "hevc"}, "the source is hevc, the rung h264"),
        ({"rotation": 90}, "turned"),
        ({"sample_aspect_ratio": Fraction(64, 45)}, "not square"),
        ({"is_cropped": True}, "the source's container crops its picture"),
        ({"field_order": "tt"}, "interlaced"),
        ({"color_range": "pc"}, "full range"),
        ({"width": 1921}, "the source has 1921x1080, the rung 1920x1080"),
        ({"width": 3840, "height": 2160}, "the source has 3840x2160"),
        ({"color_transfer": "smpte2084", "pixel_format": "yuv420p10le"}, "the source is HDR, the rung SDR"),
        ({"pixel_format": "yuv422p"}, "pixel format is yuv422p"),
        ({"pixel_format": None}, "pixel format is unknown"),
        ({"codec_profile": "High 4:4:4 Predictive"}, "profile is High 4:4:4 Predictive"),
        ({"codec_profile": None}, "profile is unknown"),
        ({"average_frame_rate": Fraction(24)}, "constant 24 frames per second"),
        ({"start_seconds": 1.0}, "constant 25 frames per second"),
        ({"start_seconds": 0.04}, "starts late"),
        ({"bit_rate_kbps": 5200.0}, "the source has 5200 kbit/s, the rung at most 5000"),
    ],
)
def test_a_picture_that_does_not_fit_is_encoded_and_the_reason_noted(changes, reason, fit, source):
    video, audio = fit
    plan = resolve(LADDER, source((replace(video, **changes),), (audio,)))
    assert encoders(plan)[0] == "libx264"
    (note,) = [note for note in plan.notes if note.startswith("Rung '1080p' is encoded: ")]
    assert reason in note


def test_an_unknown_bit_rate_is_the_files_or_none(fit, source):
    video, audio = fit
    video = replace(video, bit_rate_kbps=None)
    assert encoders(resolve(LADDER, source((video,), (audio,), bit_rate_kbps=4900.0)))[0] == "copy"
    assert encoders(resolve(LADDER, source((video,), (audio,), bit_rate_kbps=6000.0)))[0] == "libx264"
    assert encoders(resolve(LADDER, source((video,), (audio,), bit_rate_kbps=None)))[0] == "libx264"


@pytest.mark.parametrize(
    ("level", "found", "encoder"), [("4.0", 40, "copy"), ("3.1", 40, "libx264"), ("4.0", None, "libx264")]
)
def test_a_level_is_a_promise(level, found, encoder, fit, source):
    video, audio = fit
    ladder = replace(LADDER, rungs=(replace(RUNG, level=level),))
    assert encoders(resolve(ladder, source((replace(video, level=found),), (audio,))))[0] == encoder


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"codec": "mp3"}, "the source is mp3, the rung aac"),
        ({"codec_profile": "HE-AAC"}, "profile is HE-AAC"),
        ({"sample_rate_hz": 96000}, "96000 Hz"),
        ({"start_seconds": 0.5}, "starts late"),
        ({"bit_rate_kbps": 192.0}, "192 kbit/s, the rung at most 128"),
        ({"bit_rate_kbps": None}, "unknown bit rate"),
    ],
)
def test_a_sound_that_does_not_fit_is_encoded_and_the_reason_noted(changes, reason, fit, source):
    video, audio = fit
    plan = resolve(LADDER, source((video,), (replace(audio, **changes),)))
    assert encoders(plan)[1] == "aac"
    (note,) = [note for note in plan.notes if note.startswith("'audio' is encoded: ")]
    assert reason in note


def test_a_loudness_target_is_never_a_copy(fit, source):
    video, audio = fit
    ladder = replace(LADDER, audio=AudioRung(bitrate_kbps=128, loudness_lufs=-23))
    assert encoders(resolve(ladder, source((video,), (audio,)))) == ("copy", "aac")


def test_a_rung_with_segments_is_never_a_copy_but_its_sound_may_be(fit, source):
    video, audio = fit
    plan = resolve(replace(LADDER, packaging="hls"), source((video,), (audio,)))
    assert [(one.encode.video or one.encode.audio).encoder for one in plan.renditions] == ["libx264", "copy"]
    assert any("where the source has them is not known" in note for note in plan.notes)
