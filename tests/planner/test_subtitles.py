"""Which of a source's subtitles are carried, by which names, and what is said about the others."""

from dataclasses import replace

import pytest

from adapters.ffmpeg.probe import SubtitleStream
from jobs.planner.ladder import resolve
from jobs.planner.plan import Plan, SubtitlesPlan
from jobs.planner.specs import AudioRung, Extra, Ladder, Rung

LADDER = Ladder("hls", (Rung("240p", height=240),), AudioRung(), subtitles="all")
ENGLISH = SubtitleStream(2, "subrip", "eng", is_default=True, is_forced=False, title="English (SDH)")


@pytest.fixture
def plan(source, picture, sound):
    def make(*streams, ladder=LADDER, **changes) -> Plan:
        return resolve(ladder, source((picture(),), (sound(),), subtitles=streams, **changes))

    return make


def test_subtitles_of_text_are_renditions_that_the_job_may_do_without(plan):
    made = plan(ENGLISH)
    assert made.subtitles == (
        SubtitlesPlan(
            key="subtitles-eng",
            stream_index=2,
            language="eng",
            title="English (SDH)",
            is_default=True,
            is_forced=False,
            film_seconds=60.0,
            file_name="subtitles-eng.vtt",
        ),
    )
    assert Plan.from_json(made.to_json()) == made
    assert made.notes == ()


def test_a_ladder_that_does_not_ask_is_planned_as_ever(plan):
    silent = replace(LADDER, subtitles="none")
    assert plan(ENGLISH, ladder=silent) == plan(ladder=silent)
    assert plan() == plan(ladder=silent)


def test_a_plan_stored_before_there_were_subtitles_has_none(plan):
    document = plan().to_json()
    del document["subtitles"]
    assert Plan.from_json(document).subtitles == ()
    ladder = LADDER.to_json()
    del ladder["subtitles"]
    assert Ladder.from_json(ladder).subtitles == "none"


@pytest.mark.parametrize("codec", ["subrip", "ass", "ssa", "webvtt", "mov_text"])
def test_every_kind_of_text_is_carried(plan, codec):
    assert len(plan(replace(ENGLISH, codec=codec)).subtitles) == 1


@pytest.mark.parametrize("codec", ["hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle", "eia_608", "unknown"])
def test_pictures_of_text_are_left_out_with_a_note(plan, codec):
    made = plan(replace(ENGLISH, codec=codec))
    assert made.subtitles == ()
    assert made.notes == (f"Subtitle stream 2 is left out: {codec} is no text that could become WebVTT.",)


def test_a_container_whose_clock_jumps_tells_no_times(plan):
    made = plan(ENGLISH, format_name="mpegts")
    assert made.subtitles == ()
    assert "its times are not tied" in made.notes[-1]


def test_streams_are_named_by_language_and_else_by_index(plan):
    streams = (ENGLISH, replace(ENGLISH, index=3), replace(ENGLISH, index=4, language=None))
    taken = replace(LADDER, extras=(Extra("subtitles-4", "poster"),))
    assert [one.key for one in plan(*streams, ladder=taken).subtitles] == [
        "subtitles-eng",
        "subtitles-3",
        "subtitles-4-2",
    ]


def test_a_menu_ends_after_sixteen(plan):
    made = plan(*(replace(ENGLISH, index=number) for number in range(2, 22)))
    assert len(made.subtitles) == 16
    assert made.notes == ("The source has 20 subtitles of text: the first 16 are carried.",)


def test_media_info_needs_no_stream_and_no_encode(plan):
    made = plan(ladder=replace(LADDER, extras=(Extra("info", "media_info"),)))
    (info,) = made.extras
    assert (info.key, info.encode, info.file_name, info.required) == ("info", None, "info.json", False)
    assert Plan.from_json(made.to_json()) == made
