"""What was measured, as rows of two interleaved series, and how it is shown and kept."""

import json
import os
import platform
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from rich.table import Table

Compared = Literal["ratio", "difference"]


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound on the median of the service's own figures, or of the comparison."""

    of: Literal["service", "ratio", "difference"]
    at_most: float = float("inf")
    at_least: float = float("-inf")

    def __str__(self) -> str:
        return f"≤ {self.at_most:g}" if self.at_most < float("inf") else f"≥ {self.at_least:g}"


@dataclass(frozen=True, slots=True)
class Row:
    """`service` and `beside` were measured in turns: the same position in both means neighbours in time."""

    part: str
    title: str
    unit: str
    service: list[float]
    beside_what: str
    beside: list[float]
    compared: Compared
    goal: Goal | None = None

    @property
    def comparison(self) -> float:
        """Median over the pairs: a machine that slows down for a while slows down both halves of a pair."""
        pairs = zip(self.service, self.beside, strict=True)
        ratio = self.compared == "ratio"
        return statistics.median(ours / theirs if ratio else ours - theirs for ours, theirs in pairs)

    @property
    def met(self) -> bool | None:
        if self.goal is None:
            return None
        seen = statistics.median(self.service) if self.goal.of == "service" else self.comparison
        return self.goal.at_least <= seen <= self.goal.at_most


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0 to 1) of all are not above."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def table(rows: Sequence[Row]) -> Table:
    shown = Table(
        "measured", "service", "beside it", "", "compared", "goal", title="medians of interleaved runs"
    )
    for row in rows:
        seen = f"x {row.comparison:.3f}" if row.compared == "ratio" else f"{row.comparison:+.1f} {row.unit}"
        verdict = {None: "", True: "met", False: "[red]missed[/red]"}[row.met]
        shown.add_row(
            row.title,
            f"{statistics.median(row.service):.4g} {row.unit}",
            f"{statistics.median(row.beside):.4g} {row.unit}",
            row.beside_what,
            seen,
            f"{row.goal} {verdict}" if row.goal else "",
        )
    return shown


def keep(rows: Sequence[Row], folder: Path) -> Path:
    """Every sample, with the command line and the machine; the file's name is the time (UTC)."""
    now = datetime.now(UTC)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{now:%Y%m%dT%H%M%SZ}.json"
    document = {
        "at": now.isoformat(timespec="seconds"),
        "command": sys.orig_argv,
        "machine": {"cores": os.cpu_count(), "platform": platform.platform(), "load": os.getloadavg()},
        "rows": [{**asdict(row), "comparison": row.comparison, "met": row.met} for row in rows],
    }
    file.write_text(json.dumps(document, indent=1) + "\n")
    return file
