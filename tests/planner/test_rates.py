"""The frame-rate cap: smooth where it can be, and never off the common grid."""

from dataclasses import replace
from fractions import Fraction

import pytest

from jobs.planner.gop import capped_rate
from jobs.planner.ladder import resolve
from jobs.planner.specs import Ladder, Rung

HIGH, LOW = Rung("high", height=720), Rung("low", height=360, max_frame_rate=30)


@pytest.mark.parametrize(
    ("rate", "cap", "expected"),
    [
        ("25", 30, "25"),
        ("30000/1001", 29.97, "30000/1001"),
        ("60", 30, "30"),
        ("60000/1001", 30, "30000/1001"),
        ("60000/1001", 29.97, "30000/1001"),
        ("50", 30, "25"),
        ("120", 50, "40"),
        ("25", 24, "24"),
        ("30", 25, "25"),
        ("30", 29.97, "25"),  # 30000/1001 shares no beat with 30 that a GOP could hold
        ("30000/1001", 24, "24000/1001"),
        ("117/7", 15, "117/14"),
        ("100", 1, "1"),
    ],
)
def test_a_capped_rate_is_smooth_or_the_best_below(rate, cap, expected):
    assert capped_rate(Fraction(rate), cap, Fraction(2)) == Fraction(expected)


@pytest.mark.parametrize("rate", ["60", "50", "60000/1001", "24", "25", "30000/1001", "119/2"])
@pytest.mark.parametrize("cap", [15, 24, 25, 29.97, 30, 48])
def test_all_rungs_have_gops_of_the_same_length_whatever_their_rates(rate, cap, source, picture):
    rate = Fraction(rate)
    ladder = Ladder(
        "hls", (HIGH, replace(LOW, max_frame_rate=cap), replace(LOW, name="x", max_frame_rate=10)), None
    )
    plan = resolve(ladder, source((picture(frame_rate=rate, average_frame_rate=rate),)))
    assert plan.frame_rate == rate
    for one in plan.renditions:
        video = one.encode.video
        assert (
            video.gop_frames / (video.frame_rate or rate) == plan.gop_seconds == one.encode.fragment_seconds
        )
    capped = plan.renditions[1].encode.video.frame_rate or rate
    assert capped <= cap * 1.001
    assert 1 <= plan.gop_seconds <= 4


def test_a_cap_on_every_rung_is_the_ladders_rate(source, picture):
    video = picture(frame_rate=Fraction(60), average_frame_rate=Fraction(60))
    plan = resolve(Ladder("hls", (LOW, replace(LOW, name="x", max_frame_rate=15)), None), source((video,)))
    assert plan.frame_rate == 30
    assert [one.encode.video.frame_rate for one in plan.renditions] == [30, 15]
    assert [one.encode.video.gop_frames for one in plan.renditions] == [60, 30]
    assert plan.notes == (
        "Rung 'low' has 30 of the source's 60 frames per second.",
        "Rung 'x' has 15 of the source's 60 frames per second.",
    )


def test_a_cap_above_the_source_changes_nothing(source, picture):
    plan = resolve(Ladder("hls", (HIGH, LOW), None), source((picture(),)))
    assert [one.encode.video.frame_rate for one in plan.renditions] == [None, None]
    assert plan.notes == ()


def test_a_rate_is_made_sure_where_the_container_does_not_count_its_pictures(source, picture):
    """Matroska's promise of 25 a second says nothing of those that are missing."""
    for frames, rate in ((1500, None), (None, Fraction(25))):
        plan = resolve(Ladder("hls", (HIGH,), None), source((picture(frames=frames),)))
        assert plan.renditions[0].encode.video.frame_rate == rate
        assert plan.notes == ()


def test_a_copy_is_not_refused_for_pictures_that_nobody_has_counted(source, picture):
    video = picture(frames=None, bit_rate_kbps=900.0, height=720, width=1280)
    plan = resolve(Ladder("mp4", (HIGH,), None, passthrough="auto"), source((video,)))
    assert plan.renditions[0].encode.video.encoder == "copy"
