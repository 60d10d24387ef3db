"""The customer's names for what a command makes: checked, kept as labels, and never used on our disk."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from adapters.ffmpeg.commandline.errors import Unfit
from adapters.ffmpeg.commandline.sources import PLACEHOLDER
from adapters.ffmpeg.commandline.urls import is_url, last_part

_LABEL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
# One folder deep, with numbers (%03d) or variants (%v) in it: what HLS, DASH and image sequences are given.
_PATTERN = re.compile(r"[A-Za-z0-9_%$][A-Za-z0-9._%$-]{0,99}(?:/[A-Za-z0-9_%$][A-Za-z0-9._%$-]{0,99})?")
_NUMBER = re.compile(r"%(?:0?\d{1,2})?d", re.ASCII)
_NOWHERE = frozenset({"-", "/dev/null", "nul", "null", "pipe:", "pipe:1"})
_HINT = (
    "A name has letters, digits, dots, dashes and underscores, at most 100, and starts with none of . and -."
)


@dataclass(frozen=True, slots=True)
class Name:
    """`label` may hold one number (`%03d`); `destination` is a URL, if one was given."""

    label: str | None
    destination: str | None

    @property
    def extension(self) -> str:
        return PurePosixPath(self.label or "").suffix.removeprefix(".").lower()

    @property
    def is_numbered(self) -> bool:
        return _NUMBER.search(self.label or "") is not None


class Names:
    """Resolves what stands where a command names an output."""

    def __init__(self, given: Mapping[str, str] | Sequence[str]) -> None:
        if not isinstance(given, Mapping):
            given = {f"out_{number}": name for number, name in enumerate(given, 1)}
        self._given = dict(given)

    def resolve(self, text: str, *, nothing: bool) -> Name:
        """Raises Unfit. `nothing`: the output is thrown away, and its name with it."""
        placeholder = PLACEHOLDER.fullmatch(text)
        if placeholder:
            if placeholder[1] not in self._given:
                names = ", ".join(sorted(self._given)) or "none"
                raise Unfit(
                    f"there is no output '{placeholder[1]}'",
                    hint=f"The job's outputs are: {names}.",
                    code="invalid_name",
                )
            text = self._given[placeholder[1]]
        elif text in self._given:
            text = self._given[text]
        if nothing and (text.lower() in _NOWHERE or is_label(text) or is_pattern(text)):
            return Name(None, None)
        if is_url(text):
            label = last_part(text)
            if not is_label(label) and not is_pattern(label):
                raise Unfit(f"the last part of '{text[:80]}' is not a name", hint=_HINT, code="invalid_name")
            return Name(label, text)
        if not (is_label(text) or is_pattern(text)):
            raise _unfit(text)
        if len(re.findall(r"%", text.replace("%v", ""))) > 1:
            raise Unfit(
                f"'{text[:80]}' has more than one number", hint="One %03d is enough.", code="invalid_name"
            )
        return Name(text, None)


def check_name(text: str) -> str:
    """A name within an output, as `-hls_segment_filename` gives it. Raises Unfit."""
    if not is_pattern(text):
        raise _unfit(text)
    return text


def is_label(text: str) -> bool:
    return _LABEL.fullmatch(text) is not None


def is_pattern(text: str) -> bool:
    return _PATTERN.fullmatch(text) is not None and ".." not in text


def _unfit(text: str) -> Unfit:
    if text in ("-", "pipe:1", "pipe:"):
        return Unfit("there is no standard output", hint="Give the output a name.", code="invalid_name")
    if "://" in text or re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", text):
        return Unfit(
            f"'{text[:80]}': outputs go to no such address",
            hint="Give the output a name; where it is stored is the job's destination.",
            code="invalid_name",
        )
    if "/" in text or "\\" in text:
        return Unfit(
            f"'{text[:80]}' is a path",
            hint="Give a name without folders: the service makes its own.",
            code="invalid_name",
        )
    return Unfit(f"'{text[:80]}' is not a name for an output", hint=_HINT, code="invalid_name")
