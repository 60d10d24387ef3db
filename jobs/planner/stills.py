"""A ladder of extras meets an image or a document: which pictures there will be, and how large."""

from collections.abc import Sequence
from fractions import Fraction

from adapters.ffmpeg.extras import SUFFIXES
from adapters.imaging.encode import FORMATS, ImageEncode, Picture
from adapters.imaging.encode import KINDS as IMAGE_KINDS
from adapters.imaging.seen import Document, Image
from jobs.planner import pages
from jobs.planner.plan import ExtraPlan, Plan, PlanFailed
from jobs.planner.sizes import Size
from jobs.planner.specs import DIMENSION, MEDIA_INFO, Extra, Ladder, exact

# Short sides, pixels.
_THUMBNAIL, _PAGE = 360, 1080
_MADE_OF = {"image_thumbnail": "an image", "page_preview": "a PDF document"}


def takes_stills(ladder: Ladder) -> bool:
    """Whether an image is meant as one. A ladder with rungs, or with a film's extras alone, takes it for a film.

    Of a GIF both can be meant; a document is never a film.
    """
    kinds = {extra.kind for extra in ladder.extras} - {MEDIA_INFO}
    return not ladder.rungs and ladder.audio is None and (not kinds or not kinds.isdisjoint(IMAGE_KINDS))


def resolve_still(ladder: Ladder, source: Image | Document) -> Plan:
    """The plan for `ladder`, in which `problems` finds nothing, against an image or a document.

    Raises PlanFailed("no_usable_stream") for a ladder of film and sound, PlanFailed("source_mismatch") where nothing,
    or not all that is required, can be made of this source, PlanFailed("pages_missing") where it has not the pages.
    """
    what = "a still image" if isinstance(source, Image) else "a PDF document"
    if ladder.rungs or ladder.audio is not None:
        raise PlanFailed("no_usable_stream", f"The source is {what}, not a video.")
    notes: list[str] = []
    planned: list[ExtraPlan] = []
    for extra in ladder.extras:
        if extra.kind == MEDIA_INFO:
            planned.append(ExtraPlan(extra.name, extra.required, None, f"{extra.name}.json"))
            continue
        encode = None
        if isinstance(source, Image) and extra.kind == "image_thumbnail":
            encode = _thumbnail(extra, source, notes)
        elif isinstance(source, Document) and extra.kind == "page_preview":
            encode = _preview(extra, source, notes)
        else:
            leave_out(extra, notes, source_is=what)
        if encode is not None:
            planned.append(ExtraPlan(extra.name, extra.required, encode, encode.pictures[0].file_name))
    refuse_nothing(planned, notes)
    return Plan(
        packaging=ladder.packaging,
        segment_seconds=exact(ladder.segment_seconds),
        gop_seconds=exact(ladder.gop_seconds),
        frame_rate=None,
        duration_seconds=None,
        renditions=(),
        notes=tuple(notes),
        extras=tuple(planned),
    )


def leave_out(extra: Extra, notes: list[str], *, source_is: str) -> None:
    """Note that the source is of the wrong kind. Raises PlanFailed where the extra is required."""
    wanted = _MADE_OF.get(extra.kind, "a film")
    sentence = f"it is made of {wanted}, and the source is {source_is}."
    if extra.required:
        raise PlanFailed("source_mismatch", f"Extra {extra.name!r} cannot be made: {sentence}")
    notes.append(f"Extra {extra.name!r} is left out: {sentence}")


def refuse_nothing(planned: Sequence[ExtraPlan], notes: Sequence[str]) -> None:
    """Raises PlanFailed where none of the extras is left."""
    if not planned:
        raise PlanFailed("source_mismatch", " ".join(("Nothing can be made of this source.", *notes)))


def _thumbnail(extra: Extra, source: Image, notes: list[str]) -> ImageEncode:
    own = Size(source.width, source.height)
    factor = _factor(extra, own, _THUMBNAIL)
    if factor > 1:
        notes.append(f"Extra {extra.name!r} has the source's own size, {own}: it is never enlarged.")
    size = _scaled(own, min(factor, Fraction(1)))
    format = extra.format if extra.format in FORMATS else FORMATS[0]
    return ImageEncode(
        "image_thumbnail", format, (Picture(f"{extra.name}{SUFFIXES[format]}", size.width, size.height),)
    )


def _preview(extra: Extra, source: Document, notes: list[str]) -> ImageEncode | None:
    """Pages have no pixels to run out of: they are drawn as large as was asked for."""
    asked = pages.page_numbers(extra.pages or pages.DEFAULT)
    found = [number for number in asked if number <= source.pages]
    have = "1 page" if source.pages == 1 else f"{source.pages} pages"
    if not found:
        sentence = f"the document has {have}."
        if extra.required:
            raise PlanFailed("pages_missing", f"Extra {extra.name!r} has no page to show: {sentence}")
        notes.append(f"Extra {extra.name!r} is left out: {sentence}")
        return None
    if len(found) < len(asked):
        notes.append(
            f"Extra {extra.name!r} shows {len(found)} of {len(asked)} pages: the document has {have}."
        )
    format = extra.format if extra.format in FORMATS else FORMATS[0]
    digits = len(str(found[-1]))
    pictures = []
    for number in found:
        # As exactly as points are written; a side of a millionth of a point is a line all the same.
        own = [
            max(Fraction(round(side * 1000), 1000), Fraction(1, 1000))
            for side in source.page_sizes[number - 1]
        ]
        size = _scaled(own, _factor(extra, own, _PAGE))
        file_name = f"{extra.name}-{number:0{digits}d}{SUFFIXES[format]}"
        pictures.append(Picture(file_name, size.width, size.height, number))
    return ImageEncode("page_preview", format, tuple(pictures))


def _factor(extra: Extra, own: Sequence[int | Fraction], usual: int) -> Fraction:
    """What the source is multiplied by to fit the short side (height) and the long side (width) of the wish."""
    height = extra.height if extra.height or extra.width else usual
    sides = [(height, min(own)), (extra.width, max(own))]
    return min(Fraction(wanted) / Fraction(given) for wanted, given in sides if wanted is not None)


def _scaled(own: Sequence[int | Fraction], factor: Fraction) -> Size:
    """At least a pixel, and no side longer than a picture may be anywhere else here."""
    factor = min(factor, Fraction(int(DIMENSION.high)) / Fraction(max(own)))
    width, height = (max(1, round(side * factor)) for side in own)
    return Size(width, height)
