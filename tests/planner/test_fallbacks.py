"""Rungs of a GPU with a fallback: both encodes are in the plan, each on its own scale."""

from dataclasses import replace
from fractions import Fraction

import pytest

from adapters.ffmpeg.encode import VideoEncode
from jobs.planner.ladder import resolve
from jobs.planner.plan import RenditionPlan
from jobs.planner.specs import Ladder, Rung
from jobs.routing import TRANSCODE_CPU, TRANSCODE_GPU, TRANSCODE_HIGHMEM, encode_in, queue_of

RUNG = Rung(
    "720p", height=720, encoder="h264_nvenc", crf=28, maxrate_kbps=3000, speed="p6", level="4.1", tune="hq",
    fallback="libx264", fallback_crf=23, fallback_speed="medium", max_frame_rate=30,
)  # fmt: skip


def planned(probe, rung: Rung = RUNG, **ladder) -> RenditionPlan:
    plan = resolve(Ladder(**{"packaging": "hls", "rungs": (rung,), "audio": None} | ladder), probe)
    return plan.renditions[0]


@pytest.fixture
def film(source, picture):
    return source(video=(picture(),))


def video(encode) -> VideoEncode:
    assert encode.video is not None
    return encode.video


def test_the_fallback_has_the_same_picture_and_its_own_quality_and_speed(film):
    one = planned(film)
    assert one.fallback is not None
    expected = replace(video(one.encode), encoder="libx264", crf=23, speed="medium", tune=None)
    assert one.fallback == replace(one.encode, video=expected)
    assert RenditionPlan.from_json(one.to_json()) == one


def test_without_qualities_of_their_own_both_have_their_defaults(film):
    one = planned(film, Rung("a", height=720, encoder="hevc_vaapi", fallback="libx265"))
    assert one.fallback is not None
    assert (video(one.encode).crf, video(one.fallback).crf) == (28, 26)
    assert (video(one.encode).speed, video(one.fallback).speed) == (None, "veryfast")


def test_two_passes_stay_where_the_fallback_has_them(film):
    wish = {"height": 720, "bitrate_kbps": 900, "passes": 2}
    one = planned(film, Rung("a", encoder="h264_nvenc", fallback="libx264", **wish))
    other = planned(film, Rung("a", encoder="av1_nvenc", fallback="libsvtav1", **wish))
    assert one.fallback is not None
    assert other.fallback is not None
    assert (video(one.fallback).passes, video(one.fallback).bitrate_kbps) == (2, 900)
    assert (video(other.encode).passes, video(other.fallback).passes) == (2, 1)


def test_an_attempt_makes_the_fallback_wherever_there_are_no_gpus(film):
    one = planned(film)
    assert queue_of(one.encode, one.pool) == TRANSCODE_GPU
    assert encode_in(TRANSCODE_GPU, one) == one.encode
    assert encode_in(TRANSCODE_CPU, one) == encode_in(TRANSCODE_HIGHMEM, one) == one.fallback
    without = replace(one, fallback=None)
    assert encode_in(TRANSCODE_CPU, without) == one.encode


def test_a_gpu_rung_stays_out_of_groups_and_the_grid_is_the_ladders(film):
    cpu = Rung("360p", height=360)
    plan = resolve(Ladder("hls", (RUNG, cpu), None, strategy="group"), film)
    first, second = plan.renditions
    assert first.group is None
    assert second.fallback is None
    assert first.fallback is not None
    assert first.fallback.fragment_seconds == second.encode.fragment_seconds == Fraction(2)
    assert plan.notes[-1] == "'720p' is made by h264_nvenc on a GPU, or by libx264 where none can."
