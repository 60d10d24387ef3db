"""Why a command was refused.

    CommandRefused(ValueError)      carries one or more Refusals, in the order of the command
    Unfit(ValueError)               a value that its type does not take; the parser adds the place

A Refusal is data: a code for programs, a sentence for people, and the place three times: the token's index, its
offsets in the text that the customer wrote, and a JSON pointer (RFC 6901) into the request.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

MAX_REFUSALS = 20
_CARET_COLUMNS = 100

Code = Literal[
    "syntax",  # not a command line at all: quotes, shell syntax, control characters
    "too_long",  # more text, tokens, inputs, outputs or filters than allowed
    "unknown_option",
    "refused_option",  # known, and not allowed: the sentence says why
    "misplaced_option",
    "unknown_filter",
    "refused_filter",
    "invalid_value",
    "out_of_range",
    "unknown_input",  # an input, asset, label or placeholder that nothing defines
    "refused_input",
    "unknown_format",
    "refused_format",
    "invalid_name",  # an output's name
    "endless",  # would never end by itself
    "incomplete",  # no input, no output, an option without its value
]


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason. Offsets count characters of the text; for a list of arguments, of the argument."""

    code: Code
    sentence: str
    hint: str | None
    pointer: str
    token: int | None
    """Index of the token, from 0; None if the whole command is meant."""
    start: int
    end: int

    def to_json(self) -> dict[str, str | int | None]:
        return {
            "code": self.code,
            "detail": self.sentence,
            "hint": self.hint,
            "pointer": self.pointer,
            "token": self.token,
            "start": self.start,
            "end": self.end,
        }


class CommandRefused(ValueError):
    """The command is not run. At most 20 refusals: the first ones."""

    def __init__(self, refusals: tuple[Refusal, ...]) -> None:
        super().__init__(" ".join(refusal.sentence for refusal in refusals))
        self.refusals = refusals

    def __iter__(self) -> Iterator[Refusal]:
        return iter(self.refusals)


class Unfit(ValueError):
    """A value that does not fit. `fragment` is the part of the token that is meant, for a narrower caret."""

    def __init__(
        self, sentence: str, *, hint: str | None = None, code: Code = "invalid_value", fragment: str = ""
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint
        self.code: Code = code
        self.fragment = fragment


def caret(text: str, refusal: Refusal) -> str:
    """The place of the refusal for a terminal: up to 100 columns of the text, and carets under the token."""
    start = max(0, min(refusal.start, len(text)))
    end = max(start + 1, min(refusal.end, len(text)))
    left = max(0, min(start - _CARET_COLUMNS // 3, len(text) - _CARET_COLUMNS))
    right = min(len(text), left + _CARET_COLUMNS)
    # Every character one column: a tab or an escape sequence would move the caret, or the terminal.
    line = "".join(c if c.isprintable() else " " for c in text[left:right])
    before, after = "…" if left else "", "…" if right < len(text) else ""
    carets = "^" * (min(end, max(right, start + 1)) - start)
    return f"{before}{line}{after}\n{' ' * (len(before) + start - left)}{carets}"
