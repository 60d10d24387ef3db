"""What can be wrong with an extra of a ladder."""

from collections.abc import Iterator

from adapters.ffmpeg.encoders import Range
from adapters.ffmpeg.extras import FORMATS
from adapters.imaging.encode import FORMATS as IMAGE_FORMATS
from jobs.planner.checks import Problem, outside, unknown
from jobs.planner.pages import PagesMalformed, page_numbers
from jobs.planner.specs import DIMENSION, EXTRA_KINDS, MEDIA_INFO, Extra

_FILM_WISHES = ("at_seconds", "duration_seconds", "interval_seconds")
_PICTURE_WISHES = (*_FILM_WISHES, "format", "height", "width")
_MOMENT = Range(0, 10**7)
_LENGTH = Range(0.1, 60)
_INTERVAL = Range(0.1, 3600)
# A sheet holds a hundred tiles, and JPEG 65,535 pixels a side.
_TILE = Range(16, 480)


def of_extra(pointer: str, extra: Extra) -> Iterator[Problem]:
    """All that is wrong with it, at its JSON pointer; its name is the ladder's to check."""
    yield from unknown(pointer, extra, {"kind": EXTRA_KINDS})
    yield from _pages(pointer, extra)
    if extra.kind == MEDIA_INFO:
        for field in _PICTURE_WISHES:
            if getattr(extra, field) is not None:
                yield Problem(f"{pointer}/{field}", "conflict", f"Media info has no {field}: leave it out.")
        return
    if extra.kind == "image_thumbnail" or extra.kind == "page_preview":
        yield from _image_extra(pointer, extra)
        return
    ranges = {
        "at_seconds": _MOMENT,
        "duration_seconds": _LENGTH,
        "interval_seconds": _INTERVAL,
        "height": DIMENSION,
        "width": DIMENSION,
    }
    if extra.kind == "sprite_sheet":
        ranges |= {"height": _TILE, "width": _TILE}
    yield from outside(pointer, extra, ranges)
    if extra.kind in FORMATS:
        yield from unknown(pointer, extra, {"format": FORMATS[extra.kind]}, of=extra.kind)


def _image_extra(pointer: str, extra: Extra) -> Iterator[Problem]:
    for field in _FILM_WISHES:
        if getattr(extra, field) is not None:
            yield Problem(f"{pointer}/{field}", "conflict", f"{extra.kind} is made of no film: leave it out.")
    yield from outside(pointer, extra, {"height": DIMENSION, "width": DIMENSION})
    yield from unknown(pointer, extra, {"format": IMAGE_FORMATS}, of=extra.kind)


def _pages(pointer: str, extra: Extra) -> Iterator[Problem]:
    if extra.pages is None:
        return
    if extra.kind != "page_preview":
        yield Problem(f"{pointer}/pages", "conflict", "Only a page_preview has pages.")
        return
    try:
        page_numbers(extra.pages)
    except PagesMalformed as error:
        yield Problem(f"{pointer}/pages", "malformed", str(error))
