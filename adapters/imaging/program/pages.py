"""PDF documents, by pdfium: a build without V8 and XFA, so scripts and dynamic forms are bytes to it.

https://pdfium.googlesource.com/pdfium/ (fpdfview.h, fpdf_doc.h), through pypdfium2.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
from pypdfium2 import raw

from adapters.imaging.program.refused import Refused

# Whose size is told.
MAX_LISTED_PAGES = 1000
# US Letter, which pdfium takes too for a page without a size.
_LETTER = (612.0, 792.0)
_WORDS = {"Title": "title", "Author": "author", "Subject": "subject", "Keywords": "keywords",
          "Creator": "creator", "Producer": "producer"}  # fmt: skip
# ISO 32000-1, 7.9.4: D:YYYYMMDDHHmmSSOHH'mm'
_DATE = re.compile(r"(?:D:)?(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:Z|([+-]\d\d)'?(\d\d)?'?)?")
_DATES = {"CreationDate": "created_at", "ModDate": "modified_at"}
_PASSWORD, _SECURITY = 4, 5
_MAX_WORDS = 2000


def look(source: Path) -> dict[str, Any]:
    """What the document says of itself; no page is drawn. Raises Refused."""
    with _opened(source) as document:
        count = len(document)
        if count < 1:
            raise Refused("source_unreadable", "the document has no pages")
        told = {key: document.get_metadata_value(key)[:_MAX_WORDS] for key in (*_WORDS, *_DATES)}
        return {
            "document": {
                "format": "pdf",
                "pages": count,
                "page_sizes": [_size(document, index) for index in range(min(count, MAX_LISTED_PAGES))],
                "is_encrypted": raw.FPDF_GetSecurityHandlerRevision(document) >= 0,
                **{word: told[key] or None for key, word in _WORDS.items()},
                **{word: _moment(told[key]) for key, word in _DATES.items()},
            }
        }


def draw(
    source: Path, pictures: Sequence[dict[str, Any]], keep: Callable[[dict[str, Any], Any], None]
) -> None:
    """Each page on white, in exactly its size, handed to `keep` as an image. Raises Refused."""
    with _opened(source) as document:
        for picture in pictures:
            keep(picture, _draw(document, picture["page"], picture["width"], picture["height"]))


def _draw(document: pdfium.PdfDocument, number: int, width: int, height: int) -> Any:
    try:
        page = document[number - 1]
        bitmap = pdfium.PdfBitmap.new_native(width, height, raw.FPDFBitmap_BGRx)
        bitmap.fill_rect((255, 255, 255, 255), 0, 0, width, height)
        raw.FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, raw.FPDF_ANNOT)
        image = bitmap.to_pil().convert("RGB")
        bitmap.close()
        page.close()
    except pdfium.PdfiumError as error:
        raise Refused("source_unreadable", f"page {number}: {error}") from error
    return image


@contextmanager
def _opened(source: Path) -> Iterator[pdfium.PdfDocument]:
    try:
        document = pdfium.PdfDocument(source)
    except pdfium.PdfiumError as error:
        if error.err_code in (_PASSWORD, _SECURITY):
            raise Refused("document_encrypted", str(error)) from error
        raise Refused("source_unreadable", str(error)) from error
    try:
        yield document
    finally:
        document.close()


def _size(document: pdfium.PdfDocument, index: int) -> tuple[float, float]:
    """In points, turned as it is shown."""
    try:
        width, height = document.get_page_size(index)
    except pdfium.PdfiumError:
        return _LETTER
    return (round(width, 3), round(height, 3)) if width > 0.001 and height > 0.001 else _LETTER


def _moment(value: str) -> str | None:
    """As ISO 8601, as exactly as the document knows it: a year at least."""
    match = _DATE.match(value)
    if match is None:
        return None
    *parts, zone, zone_minutes = match.groups()
    year, month, day, hour, minute, second = (
        int(part or default) for part, default in zip(parts, (0, 1, 1, 0, 0, 0), strict=True)
    )
    try:
        moment = datetime(year, month, day, hour, minute, second)
    except ValueError:
        return None
    offset = f"{zone}:{zone_minutes or '00'}" if zone else "+00:00" if "Z" in match[0] else ""
    return moment.isoformat() + offset
