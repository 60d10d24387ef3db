"""Logs of libvmaf and ssim, whole and hostile, and what they come to."""

import json
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ffmpeg.quality import Window
from adapters.ffmpeg.scores import MOST_POINTS, ScoresUnreadable, read_scores, summarise, thinned
from tests.ffmpeg.test_quality import COMPARISON

SSIM = replace(COMPARISON, metric="ssim", model=None)
FROM_TEN = Window(Fraction(10), 5.0)


def vmaf(*frames: object) -> str:
    return json.dumps({"version": "3", "frames": frames, "pooled_metrics": {}})


def frame(number: object, score: object) -> object:
    return {"frameNum": number, "metrics": {"vmaf": score, "integer_motion2": 1.0}}


def test_frames_of_vmaf_have_their_times_in_the_film(tmp_path):
    log = tmp_path / "log"
    log.write_text(vmaf(frame(0, 90.5), frame(5, 80.25)))
    assert read_scores(log, COMPARISON, FROM_TEN, 5) == [(10.0, 90.5), (10.2, 80.25)]


def test_frames_of_ssim_are_counted_from_one_and_by_every_which_was_taken(tmp_path):
    log = tmp_path / "log"
    log.write_text(
        "n:1 Y:0.897910 U:0.902514 V:0.925880 All:0.903339 (10.147495)\n"
        "n:2 Y:1.000000 U:1.000000 V:1.000000 All:1.000000 (inf)\n"
    )
    assert read_scores(log, SSIM, FROM_TEN, 5) == [(10.0, 0.903339), (10.2, 1.0)]


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[" * 100_000, "null", "[]", '{"frames": 7}', '{"frames": [7, null, {"metrics": []}]}',
        vmaf(frame("x", 1), frame(-1, 5), frame(True, 50), frame(1, None), frame(2, "nan"), frame(3, 1e300)),
        vmaf(frame(1, 100.5), frame(2, -3)),
    ],
)  # fmt: skip
def test_a_log_without_scores_is_none(tmp_path, text):
    log = tmp_path / "log"
    log.write_text(text)
    for comparison in (COMPARISON, SSIM):
        with pytest.raises(ScoresUnreadable):
            read_scores(log, comparison, FROM_TEN, 1)


def test_a_log_that_is_a_link_or_missing_is_not_read(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text(vmaf(frame(0, 90)))
    (tmp_path / "link").symlink_to(secret)
    for name in ("link", "none"):
        with pytest.raises(ScoresUnreadable):
            read_scores(tmp_path / name, COMPARISON, FROM_TEN, 1)


def test_a_log_larger_than_any_of_ours_is_not_read(tmp_path):
    log = tmp_path / "log"
    with log.open("wb") as file:
        file.truncate(17 << 20)
    with pytest.raises(ScoresUnreadable, match="too large"):
        read_scores(log, COMPARISON, FROM_TEN, 1)


def test_scores_come_to_what_libvmaf_says_of_them():
    scores = summarise([(0.0, 90.0), (0.2, 30.0), (0.4, 60.0), (0.6, 60.0)])
    assert (scores.frames, scores.mean, scores.lowest, scores.lowest_at_seconds) == (4, 60.0, 30.0, 0.2)
    assert scores.harmonic_mean == pytest.approx(4 / (1 / 91 + 1 / 31 + 2 / 61) - 1)
    assert scores.percentile_5 == 30.0
    assert scores.curve == ((0.0, 90.0), (0.2, 30.0), (0.4, 60.0), (0.6, 60.0))


@given(st.lists(st.floats(0, 100), min_size=1, max_size=2000))
def test_a_curve_is_bounded_ordered_and_hides_no_bad_moment(values):
    points = [(number / 25, value) for number, value in enumerate(values)]
    curve = list(thinned(points))
    assert len(curve) <= MOST_POINTS
    assert curve == sorted(curve, key=lambda point: point[0])
    assert min(score for _, score in curve) == min(values)
    scores = summarise(points)
    tiny = 1e-9
    assert scores.lowest - tiny <= scores.harmonic_mean <= scores.mean + tiny
    assert scores.lowest <= scores.percentile_5 <= max(values)


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=50))
def test_any_ssim_has_a_harmonic_mean(values):
    assert -1 <= summarise([(0.0, value) for value in values]).harmonic_mean <= 1 + 1e-9
