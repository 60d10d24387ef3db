"""What every type of value does."""

from dataclasses import dataclass
from typing import Literal, Protocol

from adapters.ffmpeg.commandline.errors import Unfit

Role = Literal["media", "subtitles", "font", "lut"]
"""What a command uses a source as."""


class Kind(Protocol):
    """A type of value."""

    def read(self, text: str) -> str:
        """The value in a form of our own. Raises Unfit."""
        ...


def names(text: str) -> frozenset[str]:
    """The words of a text: how lists of names are written here."""
    return frozenset(text.split())


@dataclass(frozen=True, slots=True)
class Asset:
    """A file. It can only be named by reference to one of the job's inputs, never by path."""

    role: Role

    def read(self, text: str) -> str:
        raise Unfit("a file can only be one of the job's inputs here")


@dataclass(frozen=True, slots=True)
class Refused:
    """An option that exists and is not allowed; the reason stands in the table of refusals."""

    def read(self, text: str) -> str:
        raise Unfit("this option is not allowed", code="refused_option")


@dataclass(frozen=True, slots=True)
class Structural:
    """What the parser reads into a tree of its own: graphs, maps, formats, names of files; or no value at all."""

    name: str

    def read(self, text: str) -> str:
        raise TypeError(f"{self.name} is read by the parser")
