"""What operators see of images, of documents, and of what was made of them."""

import pytest

from jobs.models import Attempt, Preset
from jobs.planner.specs import Extra, Ladder
from jobs.states import StepKind
from tests.factories import drive, make_job, upload
from tests.imaging.makers import corners, encoded, pdf

pytestmark = pytest.mark.django_db(transaction=True)

SMALL = Extra("small", "image_thumbnail", height=32)
PAGES = (Extra("page", "page_preview", pages="1-3", height=108), Extra("info", "media_info"))


def test_the_page_of_an_image_shows_what_it_is_and_what_was_made(acme, operator, text_of):
    exif = corners().getexif()
    exif[0x0112], exif[0x0110] = 6, "<b>Maker</b> 7"
    source = upload(acme, encoded(corners(), "JPEG", exif=exif), "a.jpg")
    job = drive(make_job(acme, source, Ladder("none", (), None, extras=(SMALL,))))
    html = operator.get(f"jobs/job/{job.id}/change/")
    for words in (
        "jpeg, RGB, turned by its EXIF (6)", "64x96", "&lt;b&gt;Maker&lt;/b&gt; 7", "none: extras alone", "32x48",
        "image thumbnail", "small/1/small.jpg",
    ):  # fmt: skip
        assert words in html, words
    assert "Segment" not in text_of(html)
    attempt = Attempt.objects.get(job=job, step__kind=StepKind.RENDITION)
    assert attempt.encoder_identity is not None
    assert attempt.encoder_identity.revision in html
    assert "adapters/imaging/program/__main__.py" in operator.get(f"jobs/attempt/{attempt.id}/change/")
    shown = text_of(operator.get(f"audit/encoderidentity/{attempt.encoder_identity_id}/change/"))
    assert "pdfium" in shown


def test_the_page_of_a_document_shows_its_pages_and_its_title(acme, operator, text_of):
    content = pdf(((200, 100),) * 2, info="/Title (A title)")
    job = drive(make_job(acme, upload(acme, content, "a.pdf"), Ladder("none", (), None, extras=PAGES)))
    seen = text_of(operator.get(f"jobs/job/{job.id}/change/"))
    for words in ("pdf, not encrypted", "200 x 100 points", "A title", "page preview, 2 files", "media info"):
        assert words in seen, words
    assert "Extra &#x27;page&#x27; shows 2 of 3 pages: the document has 2 pages." in seen


def test_a_preset_of_extras_alone_is_shown_by_its_extras(operator, text_of):
    ladder = Ladder("none", (), None, extras=(SMALL,)).to_json()
    preset = Preset.objects.create(name="thumbs", version=1, title="Small", ladder=ladder)
    assert "small" in text_of(operator.get("jobs/preset/"))
    seen = text_of(operator.get(f"jobs/preset/{preset.pk}/change/"))
    assert "None: extras alone." in seen
    assert "GOP" not in seen
