"""What a child says is a stranger's word."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.imaging.seen import Document, Image, parse_still

PHOTO = Image("jpeg", 40, 30, "RGB", False, 6, "sRGB", "2024-05-31T18:30:00", "Maker Model", True)
REPORT = Document("pdf", 1, ((200.0, 100.0),), False, "Title", None, None, None, None, "Tool", None, None)


@pytest.mark.parametrize("seen", [PHOTO, REPORT])
def test_what_was_seen_survives_the_database(seen):
    assert parse_still(json.loads(json.dumps(seen.to_json()))) == seen


def test_texts_are_short_and_printable():
    hostile = "\x1b[31m<b>Ti\u202etle\x00\r\n\ud800 " + "x" * 9999
    document = REPORT.to_json()
    document["document"]["title"] = hostile
    seen = parse_still(document)
    assert isinstance(seen, Document)
    assert seen.title is not None
    assert seen.title.startswith("[31m<b>Ti tle x")
    assert len(seen.title) == 500


@pytest.mark.parametrize(
    ("part", "field", "value"),
    [
        ("image", "width", 0),
        ("image", "height", 2**40),
        ("image", "width", "many"),
        ("image", "format", "exe"),
        ("document", "pages", 0),
        ("document", "pages", 2),
        ("document", "page_sizes", [[200, -1]]),
        ("document", "page_sizes", [[200, float("nan")]]),
        ("document", "page_sizes", "A4"),
    ],
)
def test_sizes_that_cannot_be_are_no_image_and_no_document(part, field, value):
    document = (PHOTO if part == "image" else REPORT).to_json()
    document[part][field] = value
    assert parse_still(document) is None


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=9,
)


@settings(derandomize=True, deadline=None, max_examples=100)
@given(st.sampled_from(["image", "document"]), st.sampled_from(sorted({*PHOTO.to_json()["image"], *REPORT.to_json()["document"]})), anything)  # fmt: skip # noqa: E501
def test_nothing_that_is_said_makes_the_worker_stumble(part, field, value):
    document = (PHOTO if part == "image" else REPORT).to_json()
    document[part][field] = value
    seen = parse_still(document)
    assert seen is None or json.dumps(seen.to_json())
    parse_still({part: value})
    parse_still(value)
