"""Which pages of a document are meant: "1-3,7" as a print dialogue has it. Pure."""

import re

MAX_PAGE = 1000
"""The last page that can be asked for: the sizes of those behind it are not looked at."""
MAX_PAGES = 100
"""Of one extra. Each is a file with a row of its own."""
DEFAULT = "1"
_MAX_CHARACTERS = 400
_PART = re.compile(r"([0-9]{1,4})(?:-([0-9]{1,4}))?")


class PagesMalformed(ValueError):
    """The message is for its author."""


def page_numbers(text: str) -> tuple[int, ...]:
    """Ascending, each once, counted from 1. Raises PagesMalformed."""
    if len(text) > _MAX_CHARACTERS:
        raise PagesMalformed(f"At most {_MAX_CHARACTERS} characters.")
    numbers: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part.strip())
        if match is None:
            raise PagesMalformed(f"{part.strip()!r} is no page and no range of pages: write '1-3,7'.")
        first, last = int(match[1]), int(match[2] or match[1])
        if not 1 <= first <= last <= MAX_PAGE:
            raise PagesMalformed(
                f"{part.strip()!r} is not within 1 to {MAX_PAGE}, from the lower to the higher."
            )
        numbers.update(range(first, last + 1))
    if len(numbers) > MAX_PAGES:
        raise PagesMalformed(f"These are {len(numbers)} pages; an extra has at most {MAX_PAGES}.")
    return tuple(sorted(numbers))
