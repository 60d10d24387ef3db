"""What the child says of an image or a document, as values.

The child has read a stranger's file with a stranger's bugs in it: its answer is read as if it were the stranger's
own. What is missing, odd or hostile becomes None or the neutral value; texts are short and printable.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from adapters.ffmpeg.fields import count, mapping, number
from adapters.imaging.sniff import STILL_KINDS

MAX_SIDE = 1 << 20
MAX_LISTED_PAGES = 1000
"""Whose size is looked at; pages behind them are counted."""
_TEXT_CHARACTERS = 500
# A page of PDF 2.0 is at most 14,400 units a side, and a unit may be larger than a point (ISO 32000-2, table 31).
_MAX_POINTS = 1e7


@dataclass(frozen=True, slots=True)
class Image:
    """An image, upright: `width` and `height` are as seen, `orientation` is what its EXIF says (1 to 8)."""

    format: str
    width: int
    height: int
    mode: str
    """Pillow's name of the pixels: RGB, RGBA, CMYK, P, I;16 …"""
    is_animated: bool
    orientation: int
    profile: str | None
    """What the embedded colour profile calls itself."""
    captured_at: str | None
    """By the camera's clock: 2024-05-31T18:30:00, with +02:00 where the file knows its zone."""
    camera: str | None
    has_location: bool
    """Whether it tells where it was taken. Where that is, is not read."""

    def to_json(self) -> dict[str, Any]:
        return {"image": asdict(self)}


@dataclass(frozen=True, slots=True)
class Document:
    """A PDF document. `page_sizes` are in points (1/72 inch), upright, of the first MAX_LISTED_PAGES."""

    format: str
    pages: int
    page_sizes: tuple[tuple[float, float], ...]
    is_encrypted: bool
    """It says what may be done with it, and opens without a password."""
    title: str | None
    author: str | None
    subject: str | None
    keywords: str | None
    creator: str | None
    """The program that the text was written with; `producer` made the PDF of it."""
    producer: str | None
    created_at: str | None
    modified_at: str | None

    def to_json(self) -> dict[str, Any]:
        return {"document": asdict(self)}


def parse_still(document: object) -> Image | Document | None:
    """An image or a document from what `to_json` or the child wrote; None for anything else. Never raises."""
    whole = mapping(document)
    if "image" in whole:
        return _image(mapping(whole["image"]))
    if "document" in whole:
        return _document(mapping(whole["document"]))
    return None


def _image(item: Mapping[str, object]) -> Image | None:
    width, height = count(item.get("width")) or 0, count(item.get("height")) or 0
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE) or item.get("format") not in STILL_KINDS:
        return None
    orientation = count(item.get("orientation")) or 1
    return Image(
        format=str(item["format"]),
        width=width,
        height=height,
        mode=_text(item.get("mode")) or "unknown",
        is_animated=item.get("is_animated") is True,
        orientation=orientation if orientation <= 8 else 1,
        profile=_text(item.get("profile")),
        captured_at=_text(item.get("captured_at")),
        camera=_text(item.get("camera")),
        has_location=item.get("has_location") is True,
    )


def _document(item: Mapping[str, object]) -> Document | None:
    pages, listed = count(item.get("pages")) or 0, item.get("page_sizes")
    sizes = [_size(one) for one in listed[:MAX_LISTED_PAGES]] if isinstance(listed, list | tuple) else []
    known = tuple(size for size in sizes if size is not None)
    if len(known) != min(pages, MAX_LISTED_PAGES) or not known:
        return None
    words = ("title", "author", "subject", "keywords", "creator", "producer", "created_at", "modified_at")
    return Document(
        format="pdf",
        pages=pages,
        page_sizes=known,
        is_encrypted=item.get("is_encrypted") is True,
        **{word: _text(item.get(word)) for word in words},
    )


def _size(value: object) -> tuple[float, float] | None:
    if not isinstance(value, list | tuple) or len(value) != 2:
        return None
    width, height = number(value[0]), number(value[1])
    if width is None or height is None or not (0 < width <= _MAX_POINTS and 0 < height <= _MAX_POINTS):
        return None
    return width, height


def _text(value: object) -> str | None:
    """One line of printable characters: no control, no change of writing direction, no lone surrogate."""
    if not isinstance(value, str):
        return None
    printable = (letter if letter.isprintable() else " " for letter in value[: 4 * _TEXT_CHARACTERS])
    return " ".join("".join(printable).split())[:_TEXT_CHARACTERS].strip() or None
