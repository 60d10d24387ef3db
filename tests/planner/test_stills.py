"""Images and documents against a ladder of extras: sizes, pages, and what cannot be made of them."""

import json
from dataclasses import replace
from typing import Any

import pytest

from adapters.imaging.encode import ImageEncode, Picture
from adapters.imaging.seen import Document, Image
from jobs.planner.ladder import resolve
from jobs.planner.pages import PagesMalformed, page_numbers
from jobs.planner.plan import ExtraPlan, Plan, PlanFailed
from jobs.planner.problems import problems
from jobs.planner.specs import AudioRung, Extra, Ladder, Rung
from jobs.planner.stills import resolve_still, takes_stills

PHOTO = Image("jpeg", 4000, 3000, "RGB", False, 1, None, None, None, False)
REPORT = Document("pdf", 4, ((595.276, 841.89),) * 4, False, *(None,) * 8)


def ladder(*extras: Extra) -> Ladder:
    made = Ladder("none", (), None, extras=extras)
    assert problems(made) == ()
    return made


def planned(source: Image | Document, *extras: Extra) -> Plan:
    plan = resolve_still(ladder(*extras), source)
    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan
    return plan


def size(source: Image, **wish: Any) -> tuple[int, int]:
    (one,) = planned(source, Extra("a", "image_thumbnail", **wish)).extras
    assert isinstance(one.encode, ImageEncode)
    (picture,) = one.encode.pictures
    return picture.width, picture.height


def test_a_thumbnail_has_the_short_side_that_was_asked_for():
    plan = planned(PHOTO, Extra("small", "image_thumbnail", height=240, format="webp"))
    encode = ImageEncode("image_thumbnail", "webp", (Picture("small.webp", 320, 240),))
    assert plan.extras == (ExtraPlan("small", False, encode, "small.webp"),)
    assert (plan.packaging, plan.renditions, plan.notes) == ("none", (), ())


@pytest.mark.parametrize(
    ("source", "wish", "expected"),
    [
        ((4000, 3000), {}, (480, 360)),
        ((3000, 4000), {"height": 240}, (240, 320)),
        ((4000, 3000), {"width": 1000}, (1000, 750)),
        ((4000, 3000), {"width": 1000, "height": 500}, (667, 500)),
        ((4000, 3000), {"height": 101}, (135, 101)),
        ((320, 240), {"height": 1080}, (320, 240)),
        ((1, 100_000), {"height": 240}, (1, 8192)),
        ((100_000, 3), {"width": 16}, (16, 1)),
        ((16_000, 12_000), {"height": 8192}, (8192, 6144)),
    ],
)
def test_a_picture_is_never_enlarged_nor_larger_than_any_may_be(source, wish, expected):
    assert size(replace(PHOTO, width=source[0], height=source[1]), **wish) == expected


def test_a_note_tells_that_an_image_is_smaller_than_the_wish():
    plan = planned(replace(PHOTO, width=320, height=240), Extra("a", "image_thumbnail", height=480))
    assert plan.notes == ("Extra 'a' has the source's own size, 320x240: it is never enlarged.",)


def test_pages_are_drawn_as_large_as_was_asked_for_and_named_by_their_numbers():
    plan = planned(REPORT, Extra("page", "page_preview", pages="1,3-4", height=1080, format="jpeg"))
    (one,) = plan.extras
    assert one.encode == ImageEncode(
        "page_preview", "jpeg", tuple(Picture(f"page-{n}.jpg", 1080, 1527, n) for n in (1, 3, 4))
    )
    assert one.file_name == "page-1.jpg"


def test_names_of_pages_sort_as_their_numbers():
    long = replace(REPORT, pages=2000, page_sizes=((200.0, 100.0),) * 1000)
    (one,) = planned(long, Extra("p", "page_preview", pages="9-11", height=100)).extras
    assert isinstance(one.encode, ImageEncode)
    assert [picture.file_name for picture in one.encode.pictures] == ["p-09.jpg", "p-10.jpg", "p-11.jpg"]


def test_pages_behind_the_end_are_noted():
    plan = planned(REPORT, Extra("page", "page_preview", pages="1-50"))
    assert plan.notes == ("Extra 'page' shows 4 of 50 pages: the document has 4 pages.",)
    plan = planned(REPORT, Extra("page", "page_preview", pages="7"), Extra("info", "media_info"))
    assert [one.key for one in plan.extras] == ["info"]
    assert plan.notes == ("Extra 'page' is left out: the document has 4 pages.",)


@pytest.mark.parametrize("points", [(20_000.0, 20_000.0), (0.001, 20_000.0), (1e7, 0.001), (14_400.0, 3.0)])
def test_a_page_of_any_shape_is_a_picture_of_at_most_8192_pixels_a_side(points):
    (one,) = planned(replace(REPORT, pages=1, page_sizes=(points,)), Extra("p", "page_preview")).extras
    assert isinstance(one.encode, ImageEncode)
    (picture,) = one.encode.pictures
    assert 1 <= picture.width <= 8192
    assert 1 <= picture.height <= 8192


@pytest.mark.parametrize(
    ("source", "extra", "sentence"),
    [
        (PHOTO, Extra("p", "page_preview"), "it is made of a PDF document, and the source is a still image."),
        (REPORT, Extra("t", "image_thumbnail"), "it is made of an image, and the source is a PDF document."),
        (REPORT, Extra("t", "poster"), "it is made of a film, and the source is a PDF document."),
        (PHOTO, Extra("w", "waveform"), "it is made of a film, and the source is a still image."),
    ],
)
def test_what_cannot_be_made_is_left_out_unless_it_is_required(source, extra, sentence):
    plan = planned(source, extra, Extra("info", "media_info"))
    assert [one.key for one in plan.extras] == ["info"]
    assert plan.notes == (f"Extra {extra.name!r} is left out: {sentence}",)
    with pytest.raises(PlanFailed) as failed:
        resolve_still(ladder(replace(extra, required=True)), source)
    assert failed.value.code == "source_mismatch"
    assert failed.value.message == f"Extra {extra.name!r} cannot be made: {sentence}"
    with pytest.raises(PlanFailed) as failed:
        resolve_still(ladder(extra), source)
    assert failed.value.message.startswith("Nothing can be made of this source. ")


def test_required_pages_that_are_not_there_fail_the_job():
    with pytest.raises(PlanFailed) as failed:
        resolve_still(ladder(Extra("p", "page_preview", pages="5-9", required=True)), REPORT)
    assert (failed.value.code, failed.value.message) == (
        "pages_missing",
        "Extra 'p' has no page to show: the document has 4 pages.",
    )


@pytest.mark.parametrize(("source", "what"), [(PHOTO, "a still image"), (REPORT, "a PDF document")])
def test_neither_becomes_a_film(source, what):
    with pytest.raises(PlanFailed) as failed:
        resolve_still(Ladder("mp4", (Rung("a", height=240),), AudioRung()), source)
    assert (failed.value.code, failed.value.message) == (
        "no_usable_stream",
        f"The source is {what}, not a video.",
    )


# --- a ladder without rungs, and a film ---
def test_a_film_may_have_extras_alone(source, picture, sound):
    plan = resolve(ladder(Extra("poster", "poster")), source((picture(),), (sound(),)))
    assert (plan.renditions, [one.key for one in plan.extras]) == ((), ["poster"])
    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan


def test_a_film_of_which_no_extra_can_be_made_fails_with_the_reason(source, picture):
    with pytest.raises(PlanFailed) as failed:
        resolve(ladder(Extra("small", "image_thumbnail")), source((picture(),)))
    assert failed.value.code == "source_mismatch"
    assert failed.value.message == (
        "Nothing can be made of this source. Extra 'small' is left out: "
        "it is made of an image, and the source is neither an image nor a document."
    )


def test_an_image_is_a_film_only_where_a_film_is_wanted():
    film = (Rung("a", height=240),)
    assert not takes_stills(Ladder("mp4", film, None, extras=(Extra("s", "image_thumbnail"),)))
    assert not takes_stills(ladder(Extra("p", "animated_preview")))
    assert takes_stills(ladder(Extra("p", "poster"), Extra("s", "image_thumbnail")))
    assert takes_stills(ladder(Extra("info", "media_info")))


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("1", (1,)), ("3,1", (1, 3)), (" 2-4, 3 ,9", (2, 3, 4, 9)), ("901-1000", tuple(range(901, 1001)))],
)
def test_pages_are_named_as_in_a_print_dialogue(text, numbers):
    assert page_numbers(text) == numbers


@pytest.mark.parametrize(
    "text", ["", "a", "0", "1-", "-3", "1001", "99999", "4-2", "1..3", "1-101", "\u0661"]
)
def test_what_names_no_page_is_refused(text):
    with pytest.raises(PagesMalformed):
        page_numbers(text)
