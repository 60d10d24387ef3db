"""Extras resolved against a source: moments inside the film, sizes that fit it."""

import json
from fractions import Fraction

import pytest

from adapters.ffmpeg.extras import FORMATS, KINDS, ExtraEncode
from jobs.planner.ladder import resolve
from jobs.planner.plan import Plan
from jobs.planner.problems import problems
from jobs.planner.specs import AudioRung, Extra, Ladder, Rung


def planned(extra, probe):
    ladder = Ladder("mp4", (Rung("a", height=240),), AudioRung(), extras=(extra,))
    assert problems(ladder) == ()
    plan = resolve(ladder, probe)
    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan
    return plan


def encode(extra, probe):
    (one,) = planned(extra, probe).extras
    return one.encode


def test_a_thumbnail_is_taken_where_it_was_asked_for(source, picture, sound):
    probe = source((picture(),), (sound(),))
    (one,) = planned(Extra("thumbnail", "thumbnail", at_seconds=5, height=360), probe).extras
    assert (one.key, one.file_name, one.required) == ("thumbnail", "thumbnail.jpg", False)
    assert one.encode == ExtraEncode("thumbnail", "jpeg", 0, 640, 360, at_seconds=5)


def test_a_moment_behind_the_end_becomes_the_middle(source, picture):
    plan = planned(Extra("t", "thumbnail", at_seconds=70), source((picture(duration_seconds=3.0),)))
    assert plan.extras[0].encode.at_seconds == 1.5
    assert "Extra 't' is taken at 1.5 s: the source ends at 3 s." in plan.notes


def test_a_clip_ends_with_the_film_and_has_its_sound(source, picture, sound):
    clip = encode(Extra("p", "preview_clip", at_seconds=50), source((picture(),), (sound(),)))
    assert (clip.at_seconds, clip.duration_seconds, clip.audio_stream_index) == (50, 10, 1)
    assert (clip.width, clip.height) == (854, 480)
    assert encode(Extra("p", "preview_clip"), source((picture(),), (sound(),))).duration_seconds == 15


@pytest.mark.parametrize(
    ("seconds", "interval", "grid"),
    [
        (60.0, 10, (6, 1)),
        (5.0, 10, (1, 1)),
        (195.0, 10, (10, 2)),
        (7200.0, 72.001, (10, 10)),
        (None, 10, (1, 1)),
    ],
)
def test_a_sprite_sheet_covers_the_film_in_at_most_a_hundred_pictures(
    seconds, interval, grid, source, picture
):
    probe = source((picture(duration_seconds=seconds),), duration_seconds=seconds)
    sheet = encode(Extra("s", "sprite_sheet"), probe)
    assert (sheet.interval_seconds, (sheet.columns, sheet.rows)) == (interval, grid)
    assert (sheet.width, sheet.height) == (160, 90)


def test_a_panorama_has_tiles_that_a_sheet_can_hold(source, picture):
    sheet = encode(Extra("s", "sprite_sheet"), source((picture(width=8000, height=80),)))
    assert (sheet.width, sheet.height) == (480, 4)


def test_pictures_are_never_enlarged_and_stand_upright(source, picture):
    assert encode(Extra("p", "poster"), source((picture(width=321, height=181),))).width == 320
    upright = encode(Extra("p", "thumbnail"), source((picture(rotation=90),)))
    assert (upright.width, upright.height) == (360, 640)
    wide = encode(Extra("p", "thumbnail"), source((picture(sample_aspect_ratio=Fraction(4, 3)),)))
    assert (wide.width, wide.height) == (854, 360)


def test_hdr_and_fields_are_dealt_with_in_pictures_too(source, picture):
    extra = encode(Extra("p", "poster"), source((picture(color_transfer="smpte2084", field_order="bb"),)))
    assert (extra.tone_map, extra.deinterlace) == (True, True)


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_source_has_nothing_for_is_left_out_and_noted(kind, source, picture, sound):
    needs_sound = kind == "waveform"
    probe = source((picture(),)) if needs_sound else source((), (sound(),))
    plan = planned(Extra("x", kind), probe)
    assert plan.extras == ()
    assert f"Extra 'x' is left out: the source has no {'audio' if needs_sound else 'video'}." in plan.notes
    fitting = source((picture(),), (sound(),))
    assert encode(Extra("x", kind), fitting).format == FORMATS[kind][0]


def test_a_plan_stored_before_there_were_extras_has_none(source, picture):
    document = resolve(Ladder("mp4", (Rung("a", height=240),), None), source((picture(),))).to_json()
    del document["extras"], document["segments"], document["publish"], document["renditions"][0]["pool"]
    for new in ("hdr", "deinterlace", "passes", "codec_tag"):
        del document["renditions"][0]["encode"]["video"][new]
    assert Plan.from_json(document).extras == ()
