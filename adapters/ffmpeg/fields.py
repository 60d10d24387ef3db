"""Single values out of ffprobe's JSON, which a hostile file can fill with anything: odd ones become None."""

import math
import re
from collections.abc import Mapping
from fractions import Fraction

_MAX_DIMENSION = 1 << 20
_MAX_SECONDS = 1e7


def mapping(value: object) -> Mapping[str, object]:
    """The object, or an empty one."""
    return value if isinstance(value, dict) else {}


def text(value: object) -> str | None:
    """A string that says something; ffprobe writes "unknown" and "N/A" where it does not know."""
    return value if isinstance(value, str) and value not in ("", "unknown", "N/A") else None


def number(value: object) -> float | None:
    """A finite number, also from a string, never from a boolean."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def count(value: object) -> int | None:
    """A whole number from 0 to 2^62."""
    found = number(value)
    return int(found) if found is not None and 0 <= found < 1 << 62 else None


def dimension(value: object) -> int:
    """Pixels from 0 to 2^20; 0 for everything else."""
    found = count(value)
    return found if found is not None and found <= _MAX_DIMENSION else 0


def seconds(value: object) -> float | None:
    """A positive duration of at most 10^7 s, a third of a year."""
    found = number(value)
    return found if found is not None and 0 < found < _MAX_SECONDS else None


def ratio(value: object) -> Fraction | None:
    """A positive "num/den" or "num:den" of at most ten digits a side; None for "0/0" and the rest."""
    match = re.fullmatch(r"(\d{1,10})[:/](\d{1,10})", value) if isinstance(value, str) else None
    if match is None:
        return None
    numerator, denominator = int(match[1]), int(match[2])
    return Fraction(numerator, denominator) if numerator and denominator else None
