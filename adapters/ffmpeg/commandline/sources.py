"""The files that a command may read: those the request names, and the URLs that stand after `-i`.

Only a URL, or a name of the request's inputs, stands for a file. The parser says that something looks like a URL
with an allowed scheme; whether it may be fetched is the caller's to check.
"""

import re
from collections.abc import Mapping, Sequence

from adapters.ffmpeg.commandline.errors import Unfit
from adapters.ffmpeg.commandline.tree import Source
from adapters.ffmpeg.commandline.urls import is_url, last_part, suffix
from adapters.ffmpeg.commandline.values.kind import Role

MAX_SOURCES = 20
PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z0-9_.-]{1,100})\s*\}\}")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{1,30}):")
_LUT_SUFFIXES = frozenset({".cube", ".3dl", ".dat", ".m3d", ".csp"})
_HINT = "Give a URL (https, http, s3, file) or the name of one of the job's inputs."


class Sources:
    """Collects, in the order of first use; two names of the same URL are one source."""

    def __init__(self, given: Mapping[str, str] | Sequence[str]) -> None:
        if not isinstance(given, Mapping):
            given = {f"in_{number}": url for number, url in enumerate(given, 1)}
        self._given = dict(given)
        self._found: list[tuple[str, str]] = []
        self._roles: dict[int, dict[Role, None]] = {}
        self._lists: dict[str, tuple[int, ...]] = {}

    def resolve(self, text: str, role: Role) -> int:
        """The number of the source that `text` means. Raises Unfit if it means none."""
        placeholder = PLACEHOLDER.fullmatch(text)
        if placeholder and placeholder[1] not in self._given:
            raise Unfit(f"there is no input '{placeholder[1]}'", hint=self._names(), code="unknown_input")
        name = placeholder[1] if placeholder else self._name(text)
        url = self._given.get(name, name)
        if not is_url(url):
            raise self._unfit(url)
        return self._add(name, url, role)

    def asset(self, text: str, role: Role) -> int:
        """As `resolve`, for a file that a filter reads. A colour table's format is told by its extension."""
        number = self.resolve(text, role)
        if role == "lut" and suffix(self._found[number][1]) not in _LUT_SUFFIXES:
            known = ", ".join(sorted(_LUT_SUFFIXES))
            raise Unfit(f"'{text[:80]}' is not a colour table", hint=f"Its name ends with one of {known}.")
        return number

    def members(self, name: str) -> tuple[int, ...]:
        """What a list of files stands for: the given inputs that nothing else names, in their order.

        The same name means the same members in each command of a program. Raises Unfit if there are none.
        """
        if name not in self._lists:
            taken = {number for number, roles in self._roles.items() if roles}
            numbers = [self._add(given, url, None) for given, url in self._given.items()]
            members = tuple(number for number in numbers if number not in taken)
            if not members:
                raise Unfit(
                    f"'{name[:80]}' stands for the job's inputs, one after the other, and none are left for it",
                    hint="Give the files as the job's inputs; their order is that of the list.",
                    code="unknown_input",
                )
            for number in members:
                self._roles[number]["media"] = None
            self._lists[name] = members
        return self._lists[name]

    def result(self) -> tuple[Source, ...]:
        return tuple(
            Source(name, url, tuple(self._roles[number])) for number, (name, url) in enumerate(self._found)
        )

    def _add(self, name: str, url: str, role: Role | None) -> int:
        number = next((n for n, (_, known) in enumerate(self._found) if known == url), len(self._found))
        if number >= MAX_SOURCES:
            raise Unfit(f"there are more than {MAX_SOURCES} inputs", code="too_long")
        if number == len(self._found):
            self._found.append((name, url))
            self._roles[number] = {}
        if role is not None:
            self._roles[number][role] = None
        return number

    def _name(self, text: str) -> str:
        if text in self._given or is_url(text):
            return text
        same = [name for name, url in self._given.items() if last_part(url) == text]
        if len(same) == 1:
            return same[0]
        raise self._unfit(text)

    def _names(self) -> str:
        names = ", ".join(sorted(self._given)[:MAX_SOURCES])
        return f"The job's inputs are: {names}." if names else "The job has no named inputs."

    def _unfit(self, text: str) -> Unfit:
        shown = text[:80]
        if text == "-" or text.startswith("pipe:"):
            return Unfit("there is no standard input", hint=_HINT, code="refused_input")
        if text.startswith("concat:"):
            return Unfit(
                "the protocol concat: is not allowed",
                hint="Use the concat filter, or -f concat with the job's inputs.",
                code="refused_input",
            )
        scheme = _SCHEME.match(text)
        if scheme:
            sentence = f"'{shown}': the protocol {scheme[1].lower()} is not allowed"
            return Unfit(sentence, hint=_HINT, code="refused_input")
        return Unfit(
            f"'{shown}' is neither a URL nor one of the job's inputs", hint=_HINT, code="unknown_input"
        )
