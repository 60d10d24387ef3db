"""Collects refusals, so that a customer sees all of them at once."""

from collections.abc import Callable
from typing import TypeVar

from adapters.ffmpeg.commandline.errors import MAX_REFUSALS, CommandRefused, Refusal, Unfit
from adapters.ffmpeg.commandline.tokens import Token

_T = TypeVar("_T")


class Problems:
    """`text` is the command as written, or None for a list of arguments; it narrows a place to its fragment."""

    def __init__(self, text: str | None) -> None:
        self._text = text
        self._found: list[Refusal] = []

    def attempt(self, token: Token | None, read: Callable[[], _T]) -> _T | None:
        """What `read` gives; or None, and its complaint is kept with the token as its place."""
        try:
            return read()
        except Unfit as error:
            self.add(error, token)
            return None

    def add(self, error: Unfit, token: Token | None) -> None:
        """Raises CommandRefused when this was the twentieth."""
        pointer = ("/command" if self._text is not None else "/arguments") if token is None else token.pointer
        start, end = (0, 0) if token is None else self._place(token, error.fragment)
        sentence = error.sentence[:1].upper() + error.sentence[1:]
        self._found.append(
            Refusal(
                error.code,
                sentence if sentence.endswith((".", "?")) else sentence + ".",
                error.hint,
                pointer,
                None if token is None else token.index,
                start,
                end,
            )
        )
        if len(self._found) >= MAX_REFUSALS:
            self.raise_any()

    def raise_any(self) -> None:
        """Raises CommandRefused if there is anything to say."""
        if self._found:
            in_order = sorted(self._found, key=lambda refusal: -1 if refusal.token is None else refusal.token)
            raise CommandRefused(tuple(in_order))

    def _place(self, token: Token, fragment: str) -> tuple[int, int]:
        written = token.text if self._text is None else self._text[token.start : token.end]
        if fragment and written.count(fragment) == 1:
            start = token.start + written.index(fragment)
            return start, start + len(fragment)
        return token.start, token.end
