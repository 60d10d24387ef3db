"""What a page of the console consists of: facts, tables and texts, as data. The templates only print them."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from jobs import faults
from jobs.console import cells

# Plain text is escaped when it is printed; markup comes from `cells` alone.
Cell = str | SafeString


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and values."""

    title: str
    rows: Sequence[tuple[str, Cell]]
    template: str = "console/facts.html"


@dataclass(frozen=True, slots=True)
class Column:
    """`number` aligns to the right."""

    title: str
    number: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """`empty` is the sentence that stands for no rows; `note` one beneath the title."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    empty: str = "None."
    note: Cell = ""
    template: str = "console/table.html"

    @property
    def cells(self) -> "list[list[tuple[Column, Cell]]]":
        """The rows, each cell with its column: a template cannot walk through two lists at once."""
        return [list(zip(self.columns, row, strict=True)) for row in self.rows]


@dataclass(frozen=True, slots=True)
class Notes:
    """Sentences."""

    title: str
    sentences: Sequence[str]
    empty: str
    template: str = "console/notes.html"


@dataclass(frozen=True, slots=True)
class Text:
    """A block of machine text that scrolls; one click selects the whole of it."""

    title: str
    content: str
    template: str = "console/text.html"


@dataclass(frozen=True, slots=True)
class Notice:
    """What is wrong: `message` is what the customer reads, `operator` and `detail` are for the person here."""

    code: str
    bucket: str
    message: str
    operator: str
    detail: str
    template: str = "console/notice.html"

    @property
    def tone(self) -> str:
        return cells.tone_of_fault(self.code)


@dataclass(frozen=True, slots=True)
class Curves:
    """Drawings, one under another: `jobs.console.quality_section` knows their parts."""

    title: str
    charts: Sequence[object]
    template: str = "console/curves.html"


Section = Facts | Table | Notes | Text | Notice | Curves


def numbers(*titles: str) -> list[Column]:
    return [Column(title, number=True) for title in titles]


def columns(*titles: str) -> list[Column]:
    return [Column(title) for title in titles]


def notice(code: str, bucket: str, message: str, detail: str) -> list[Section]:
    """The fault of a row as a section, where it has one. A code of an older version may have no row any more."""
    if not code:
        return []
    spec = faults.SPECS.get(code)
    return [Notice(code, bucket, message, spec.operator if spec else "", detail)]
