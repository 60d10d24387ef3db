"""PDF documents, through the child as a worker starts it."""

from pathlib import Path

import pytest

from adapters.imaging import imager
from adapters.imaging.encode import Picture
from adapters.imaging.imager import ImagingFailed
from adapters.imaging.seen import Document
from tests.imaging.boxed import make
from tests.imaging.makers import is_near, pdf

RED, WHITE = (255, 0, 0), (255, 255, 255)


def look(content: bytes, folder: Path) -> Document:
    file = folder / "source"
    file.write_bytes(content)
    seen = imager.look(file, "pdf")
    assert isinstance(seen, Document)
    return seen


def test_a_document_tells_what_it_is(tmp_path):
    info = "/Title (A \\(short\\) title\\001) /Author (\\376\\377\\000\\304) /CreationDate (D:20240102030405+01'00')"
    info += " /ModDate (D:2024) /Producer (Tool)"
    seen = look(pdf(((200, 100), (14400, 1)), info=info, page_extra="/Rotate 90"), tmp_path)
    assert seen == Document(
        format="pdf",
        pages=2,
        page_sizes=((100.0, 200.0), (1.0, 14400.0)),
        is_encrypted=False,
        title="A (short) title",
        author="Ä",
        subject=None,
        keywords=None,
        creator=None,
        producer="Tool",
        created_at="2024-01-02T03:04:05+01:00",
        modified_at="2024-01-01T00:00:00",
    )


@pytest.mark.parametrize("date", ["yesterday", "D:20241399", "D:99999999999999", "D:", "20240230"])
def test_a_date_that_is_none_is_passed_over(date, tmp_path):
    assert look(pdf(info=f"/CreationDate ({date})"), tmp_path).created_at is None


def test_pages_are_drawn_on_white_in_exactly_their_size(tmp_path):
    pictures = [Picture("p-1", 401, 203, 1), Picture("p-2", 100, 100, 2)]
    made = make(pdf(((200, 100), (50, 50))), tmp_path, pictures, format="jpeg")
    assert (made.fault, sorted(file.name for file in made.folder.iterdir())) == (None, ["p-1", "p-2"])
    first, second = made.picture("p-1"), made.picture("p-2")
    assert (first.size, second.size) == ((401, 203), (100, 100))
    assert is_near(first.getpixel((50, 150)), RED)
    assert is_near(first.getpixel((150, 150)), WHITE)
    assert is_near(second.getpixel((5, 5)), RED)


def test_a_page_is_turned_as_it_says(tmp_path):
    made = make(pdf(page_extra="/Rotate 90"), tmp_path, [Picture("p", 100, 200, 1)])
    assert is_near(made.picture("p").getpixel((25, 25)), RED)
    assert is_near(made.picture("p").getpixel((25, 175)), WHITE)


def test_a_page_that_is_not_there_ends_in_words(tmp_path):
    made = make(pdf(), tmp_path, [Picture("p", 100, 50, 7)])
    assert (made.fault, made.detail[:7]) == ("source_unreadable", "page 7:")


def test_an_encrypted_document_asks_for_its_password(tmp_path):
    with pytest.raises(ImagingFailed) as failed:
        look(pdf(encrypted_with=b"secret"), tmp_path)
    assert failed.value.code == "document_encrypted"


def test_a_document_that_only_restricts_opens(tmp_path):
    content = pdf(encrypted_with=b"")
    assert look(content, tmp_path).is_encrypted
    assert make(content, tmp_path, [Picture("p", 200, 100, 1)]).fault is None


def test_a_script_is_only_bytes(tmp_path):
    script = "/OpenAction << /S /JavaScript /JS (while\\(1\\){ app.alert\\(1\\) }) >>"
    made = make(pdf(catalog_extra=script), tmp_path, [Picture("p", 200, 100, 1)])
    assert made.fault is None
    assert made.completed.cpu_seconds < 5
