"""Reading a stranger's JSON: a value at a place, of the kind that is documented, or a sentence that names the place."""

from collections.abc import Iterator
from typing import Any

from webhooks.inbound.registry import CannotHandle


def at(document: Any, pointer: str) -> Any:
    """The value at a JSON pointer (RFC 6901, of names without escapes); None where the way ends early."""
    for name in pointer.split("/")[1:]:
        if isinstance(document, list) and name.isdecimal() and int(name) < len(document):
            document = document[int(name)]
        elif isinstance(document, dict):
            document = document.get(name)
        else:
            return None
    return document


def text(document: Any, pointer: str, *, at_most: int = 200) -> str:
    """A string that is there and not longer than `at_most` characters. Raises CannotHandle."""
    value = maybe_text(document, pointer, at_most=at_most)
    if not value:
        raise CannotHandle("document_unexpected", f"{pointer}: a text is missing here.")
    return value


def maybe_text(document: Any, pointer: str, *, at_most: int = 200) -> str:
    """The string at the place, or an empty one. Raises CannotHandle for one that is too long, or not plain."""
    value = at(document, pointer)
    if not isinstance(value, str):
        return ""
    if len(value) > at_most or not value.isprintable():
        raise CannotHandle("document_unexpected", f"{pointer}: at most {at_most} printable characters.")
    return value


def whole(document: Any, pointer: str) -> int:
    """A whole number that is there, 0 or more. Raises CannotHandle."""
    value = at(document, pointer)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise CannotHandle("document_unexpected", f"{pointer}: a whole number is missing here.")
    return value


def items(document: Any, pointer: str) -> Iterator[Any]:
    """The members of a list; none where there is no list."""
    value = at(document, pointer)
    yield from value if isinstance(value, list) else ()
