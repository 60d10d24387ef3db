"""How a rung is measured, by which model and at which size; what the score decides; what is better."""

from dataclasses import replace
from fractions import Fraction

import pytest

from adapters.ffmpeg.scores import summarise
from jobs.planner.ladder import resolve
from jobs.planner.plan import Plan
from jobs.planner.problems import problems
from jobs.planner.quality import raised, verdict
from jobs.planner.specs import AudioRung, Ladder, QualityWish, Rung

RUNGS = (Rung("1080p", height=1080), Rung("240p", height=240, min_quality=40.0))


def planned(probe, wish=QualityWish(minimum=90.0), rungs=RUNGS, **changes):  # noqa: B008 - it is frozen
    plan = resolve(Ladder("hls", rungs, AudioRung(), quality=wish, **changes), probe)
    assert Plan.from_json(plan.to_json()) == plan
    return {one.key: one for one in plan.renditions}, plan.notes


def test_each_picture_is_measured_and_no_sound(source, picture, sound):
    found, notes = planned(source((picture(),), (sound(),)))
    one = found["240p"].quality
    assert (one.metric, one.model, one.width, one.height, one.minimum) == (
        "vmaf",
        "vmaf_v0.6.1",
        426,
        240,
        40.0,
    )
    assert (one.frame_rate, one.gop_seconds, one.can_seek) == (Fraction(25), Fraction(2), True)
    assert found["1080p"].quality.minimum == 90.0
    assert found["audio"].quality is None
    assert notes == ()


def test_without_a_wish_nothing_is_measured(source, picture):
    found, _ = planned(source((picture(),)), None, (Rung("240p", height=240),))
    assert found["240p"].quality is None


@pytest.mark.parametrize(
    ("size", "at", "model"),
    [
        ({}, (1920, 1080), "vmaf_v0.6.1"),
        ({"width": 3840, "height": 2160}, (1920, 1080), "vmaf_v0.6.1"),
        ({"width": 1080, "height": 1920}, (1080, 1920), "vmaf_v0.6.1"),
        ({"width": 853, "height": 479}, (852, 478), "vmaf_v0.6.1"),
    ],
)
def test_as_viewers_see_it_is_the_sources_size_on_a_screen(source, picture, size, at, model):
    found, _ = planned(source((picture(**size),)), QualityWish(compare_at="source"))
    assert {(one.quality.width, one.quality.height, one.quality.model) for one in found.values()} == {
        (*at, model)
    }


def test_a_rendition_larger_than_a_screen_has_the_model_of_a_larger_one(source, picture):
    rungs = (Rung("2160p", height=2160),)
    found, _ = planned(source((picture(width=3840, height=2160),)), rungs=rungs)
    assert found["2160p"].quality.model == "vmaf_4k_v0.6.1"


def test_hdr_that_is_kept_is_measured_by_ssim_without_a_gate(source, picture):
    hdr = picture(color_transfer="smpte2084", pixel_format="yuv420p10le")
    rungs = (Rung("kept", height=720, encoder="libx265", hdr="keep"), Rung("sdr", height=720))
    found, notes = planned(source((hdr,)), rungs=rungs)
    assert (found["kept"].quality.metric, found["kept"].quality.model) == ("ssim", None)
    assert found["kept"].quality.minimum is None
    assert (found["sdr"].quality.metric, found["sdr"].quality.minimum) == ("vmaf", 90.0)
    assert (
        "'kept' keeps its HDR, for which VMAF is not defined: its SSIM is measured, without a minimum."
        in notes
    )


def test_a_copy_is_not_measured(source, picture):
    found, notes = planned(source((picture(),)), rungs=(Rung("copy", encoder="copy"),))
    assert found["copy"].quality is None
    assert "The quality of 'copy' is not measured: a copy loses nothing." in notes


def test_a_capped_rate_is_the_renditions_own(source, picture):
    rungs = (Rung("720p", height=720, max_frame_rate=15.0),)
    found, _ = planned(
        source((picture(frame_rate=Fraction(30), average_frame_rate=Fraction(30)),)), rungs=rungs
    )
    assert found["720p"].quality.frame_rate == 15


def test_a_format_without_an_index_is_not_entered_in_its_middle(source, picture):
    found, _ = planned(source((picture(),), format_name="mpegts"))
    assert not found["240p"].quality.can_seek


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"quality": QualityWish("psnr")}, "/quality/metric", "unknown"),  # type: ignore[arg-type]
        ({"quality": QualityWish("vmaf", 101)}, "/quality/minimum", "out_of_range"),
        ({"quality": QualityWish("ssim", 90)}, "/quality/minimum", "out_of_range"),
        ({"quality": QualityWish("ssim", float("nan"))}, "/quality/minimum", "out_of_range"),
        ({"quality": QualityWish(compare_at="screen")}, "/quality/compare_at", "unknown"),  # type: ignore[arg-type]
        ({"rungs": (Rung("a", height=240, min_quality=50),)}, "/rungs/0/min_quality", "conflict"),
        (
            {"rungs": (Rung("a", height=240, min_quality=50),), "quality": QualityWish("ssim")},
            "/rungs/0/min_quality",
            "out_of_range",
        ),
        (
            {"rungs": (Rung("a", encoder="copy", min_quality=50),), "quality": QualityWish()},
            "/rungs/0/min_quality",
            "conflict",
        ),
        ({"detections": ("black", "noise")}, "/detections/1", "unknown"),
        ({"detections": ("black", "black")}, "/detections/1", "duplicate"),
    ],
)
def test_what_cannot_be_measured_is_refused_at_its_place(changes, pointer, code):
    ladder = replace(Ladder("hls", (Rung("a", height=240),), None), **changes)
    assert [(one.pointer, one.code) for one in problems(ladder)] == [(pointer, code)]


def test_a_ladder_with_both_wishes_survives_json():
    ladder = Ladder(
        "hls", RUNGS, None, quality=QualityWish("ssim", 0.9, "source"), detections=("black", "silence")
    )
    assert Ladder.from_json(ladder.to_json()) == ladder


@pytest.fixture
def rendition(source, picture):
    def make(minimum: float | None = 90.0, **wish):
        rung = Rung("240p", **{"height": 240, **wish})
        found, _ = planned(source((picture(),)), QualityWish(minimum=minimum), (rung,))
        return found["240p"]

    return make


def test_a_score_at_the_minimum_is_good_and_one_below_it_gets_one_more_try(rendition):
    at, below = summarise([(0.0, 90.0)]), summarise([(0.0, 89.9)])
    once = rendition()
    assert (verdict(once, at), verdict(once, below)) == ("good", "again")
    twice = raised(once).planned
    assert (verdict(twice, at), verdict(twice, below)) == ("good", "bad")
    assert raised(twice) is None
    assert verdict(rendition(minimum=None), below) == "good"


@pytest.mark.parametrize(
    ("wish", "change"),
    [
        ({"crf": 23}, "crf 23 > 20"),
        ({"crf": 2.5}, "crf 2.5 > 1"),
        ({"crf": 1}, None),
        ({"encoder": "libsvtav1", "crf": 35, "maxrate_kbps": 500}, "crf 35 > 32"),
        ({"bitrate_kbps": 1001}, "bitrate_kbps 1001 > 1302"),
        ({"bitrate_kbps": 1001, "passes": 2}, "bitrate_kbps 1001 > 1302"),
        ({"bitrate_kbps": 1000, "maxrate_kbps": 1100}, "bitrate_kbps 1000 > 1100"),
        ({"bitrate_kbps": 1000, "maxrate_kbps": 1000}, None),
    ],
)
def test_a_better_setting_stays_within_the_encoder_and_beneath_its_cap(rendition, wish, change):
    better = raised(rendition(**wish))
    assert (better and better.change) == change
    if better:
        assert verdict(better.planned, summarise([(0.0, 1.0)])) == "bad"
