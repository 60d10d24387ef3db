"""How large a rung comes out for one source: never enlarged, never distorted, always even."""

from fractions import Fraction
from typing import NamedTuple

from jobs.planner.specs import DIMENSION, Rung

# 853x479 is 480p to anybody: a rung that misses the source by so little takes the source's size
# instead of vanishing.
_NEARLY = Fraction(19, 20)


class Size(NamedTuple):
    """Pixels as displayed."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


def scale(rung: Rung, source: Size) -> Fraction:
    """What the source is multiplied by to fit the rung's short side (height) and long side (width)."""
    sides = [(rung.height, min(source)), (rung.width, max(source))]
    return min(Fraction(wanted, given) for wanted, given in sides if wanted is not None)


def fit(rung: Rung, source: Size) -> Size | None:
    """The rung's size for this source; None if the source would have to be enlarged."""
    factor = scale(rung, source)
    if factor <= 1:
        return _even(source, factor)
    return own_size(source) if factor * _NEARLY <= 1 else None


def own_size(source: Size) -> Size:
    """The source's size, made even by giving up a row or a column."""
    return _even(source, Fraction(1))


def _even(source: Size, factor: Fraction) -> Size:
    factor = min(factor, Fraction(int(DIMENSION.high), max(source)))
    width, height = (min(2 * round(side * factor / 2), side // 2 * 2) for side in source)
    return Size(max(2, width), max(2, height))
