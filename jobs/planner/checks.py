"""What is checked of every part of a ladder in the same way: words, ranges, what a copy has no use for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from adapters.ffmpeg.encoders import Range


@dataclass(frozen=True, slots=True)
class Problem:
    """`pointer` is a JSON pointer (RFC 6901) relative to the ladder; `detail` a sentence for its author."""

    pointer: str
    code: str
    detail: str


def unknown(
    pointer: str, spec: object, choices: Mapping[str, Sequence[object]], *, of: str = ""
) -> Iterator[Problem]:
    for field, allowed in choices.items():
        value = getattr(spec, field)
        if value is None or value in allowed:
            continue
        known = ", ".join(map(str, allowed))
        if of and not allowed:
            yield Problem(f"{pointer}/{field}", "unknown", f"{of} has no {field} to choose.")
        else:
            yield Problem(f"{pointer}/{field}", "unknown", f"{value!r} is not one of: {known}.")


def outside(pointer: str, spec: object, ranges: Mapping[str, Range]) -> Iterator[Problem]:
    for field, (low, high) in ranges.items():
        value = getattr(spec, field)
        # Written so that NaN is outside too.
        if value is not None and not low <= value <= high:
            yield Problem(f"{pointer}/{field}", "out_of_range", f"{value} is not in {low:g} to {high:g}.")


def not_with_copy(pointer: str, spec: object, fields: Sequence[str]) -> Iterator[Problem]:
    for field in fields:
        if getattr(spec, field) is not None:
            yield Problem(f"{pointer}/{field}", "conflict", f"A copied stream keeps its own {field}.")
