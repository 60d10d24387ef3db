"""A command's text to tokens that know where they stood.

Splits as POSIX `shlex.split` does, with two differences that pasted commands need and that no value can tell
apart: a backslash before a line break joins the lines, as in a shell, and `&&` between commands is a separator.
What only a shell could mean (pipes, redirections, substitutions) is refused: nothing here runs in a shell.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.ffmpeg.commandline.errors import CommandRefused, Refusal

MAX_TEXT = 32 * 1024
MAX_TOKENS = 2_000
_SHELL_HINT = "No shell runs this. Quote the character if it belongs to a value, or leave it out."


@dataclass(frozen=True, slots=True)
class Token:
    """One word after quoting; `start` and `end` enclose it with its quotes in the text."""

    text: str
    index: int
    start: int
    end: int
    pointer: str
    is_separator: bool = False
    """An unquoted `&&`."""


def split(text: str, *, pointer: str = "/command") -> tuple[Token, ...]:
    """Raises CommandRefused for text that is too long, not closed, or meant for a shell."""
    if len(text) > MAX_TEXT:
        sentence = f"The command has {len(text):,} characters; {MAX_TEXT:,} are allowed."
        raise CommandRefused((Refusal("too_long", sentence, None, pointer, None, 0, 0),))
    return _Splitter(text, pointer).tokens()


def enumerate_arguments(arguments: Sequence[str], *, pointer: str = "/arguments") -> tuple[Token, ...]:
    """Tokens of a list of arguments, which needs no quoting. Raises CommandRefused as `split` does."""
    if len(arguments) > MAX_TOKENS or sum(map(len, arguments)) > MAX_TEXT:
        sentence = f"The arguments are more than {MAX_TOKENS:,} or longer than {MAX_TEXT:,} characters."
        raise CommandRefused((Refusal("too_long", sentence, None, pointer, None, 0, 0),))
    tokens = []
    for index, text in enumerate(arguments):
        place = f"{pointer}/{index}"
        for position, character in enumerate(text):
            if _is_control(character):
                raise CommandRefused((_control(place, index, position, character),))
        tokens.append(Token(text, index, 0, len(text), place, is_separator=text == "&&"))
    return tuple(tokens)


def _is_control(character: str) -> bool:
    """Line breaks and tabs may stand inside of quotes: filter graphs are often written over several lines."""
    return (character < " " and character not in "\n\t\r") or "\x7f" <= character <= "\x9f"


def _control(pointer: str, index: int | None, position: int, character: str) -> Refusal:
    sentence = f"The command contains a control character (U+{ord(character):04X})."
    return Refusal("syntax", sentence, None, pointer, index, position, position + 1)


class _Splitter:
    def __init__(self, text: str, pointer: str) -> None:
        self._text = text
        self._pointer = pointer
        self._tokens: list[Token] = []
        self._at = 0
        self._end = len(text.rstrip(" \t\r\n"))

    def tokens(self) -> tuple[Token, ...]:
        for position, character in enumerate(self._text):
            if _is_control(character):
                raise CommandRefused((_control(self._pointer, None, position, character),))
        while self._skip_space():
            if len(self._tokens) >= MAX_TOKENS:
                self._refuse(f"The command has more than {MAX_TOKENS:,} words.", self._at, self._at + 1)
            start = self._at
            word, bare = self._word()
            if bare == "&&":
                self._add("&&", start, is_separator=True)
                continue
            self._refuse_shell(bare, start)
            self._add(word, start)
        return tuple(self._tokens)

    def _add(self, word: str, start: int, *, is_separator: bool = False) -> None:
        self._tokens.append(
            Token(word, len(self._tokens), start, self._at, self._pointer, is_separator=is_separator)
        )

    def _skip_space(self) -> bool:
        """To the next word; False at the end."""
        text = self._text
        while self._at < self._end:
            if text[self._at] == "\\" and text[self._at + 1 : self._at + 3].startswith(("\n", "\r\n")):
                self._at += 2 if text[self._at + 1] == "\n" else 3
            elif text[self._at] in "\r\n":
                if self._tokens:
                    self._refuse(
                        "The command goes on after a line break.",
                        self._at,
                        self._at + 1,
                        "End a line that goes on with a backslash, or write the command in one line.",
                    )
                self._at += 1
            elif text[self._at] in " \t":
                self._at += 1
            else:
                return True
        return False

    def _word(self) -> tuple[str, str]:
        """The word, and the same with every quoted character replaced by U+0000, which cannot occur."""
        text, word, bare = self._text, [], []
        while self._at < len(text) and text[self._at] not in " \t\r\n":
            character = text[self._at]
            if character in "'\"":
                inside = self._quoted(character)
                word.append(inside)
                bare.append("\0" * max(1, len(inside)))
            elif character == "\\":
                if text[self._at + 1 : self._at + 3].startswith(("\n", "\r\n")):
                    break
                if self._at + 1 >= len(text):
                    self._refuse("The command ends with a backslash.", self._at, self._at + 1)
                word.append(text[self._at + 1])
                bare.append("\0")
                self._at += 2
            else:
                word.append(character)
                bare.append(character)
                self._at += 1
        return "".join(word), "".join(bare)

    def _quoted(self, quote: str) -> str:
        text, start, inside = self._text, self._at, []
        self._at += 1
        while self._at < len(text) and text[self._at] != quote:
            character = text[self._at]
            following = text[self._at + 1 : self._at + 2]
            if quote == '"' and character == "\\" and following in ('"', "\\"):
                inside.append(following)
                self._at += 2
                continue
            if quote == '"' and (character == "`" or (character == "$" and following in ("(", "{"))):
                self._refuse(
                    "A shell would run or replace this, also between double quotes.",
                    self._at,
                    self._at + 1 + len(following),
                    "Write what it stands for, or use single quotes if it is meant as it stands.",
                )
            inside.append(character)
            self._at += 1
        if self._at >= len(text):
            self._refuse("A quotation mark is not closed.", start, start + 1)
        self._at += 1
        return "".join(inside)

    def _refuse_shell(self, bare: str, start: int) -> None:
        """`;` and `|` are also letters of filter graphs, `&` of URLs: only there they may stand unquoted."""
        for sign in ("`", "$(", "${", ">", "<", "&&"):
            if sign in bare:
                self._refuse(f"Shell syntax: '{sign}'.", start, self._at, _SHELL_HINT)
        inner = bare[1:-1] if len(bare) > 2 else ""
        for sign, company in ((";", "[="), ("|", "[="), ("&", "=?")):
            if sign in bare and (
                bare.count(sign) != inner.count(sign) or not any(letter in bare for letter in company)
            ):
                self._refuse(f"Shell syntax: '{sign}'.", start, self._at, _SHELL_HINT)

    def _refuse(self, sentence: str, start: int, end: int, hint: str | None = None) -> None:
        index = len(self._tokens)
        raise CommandRefused((Refusal("syntax", sentence, hint, self._pointer, index, start, end),))
