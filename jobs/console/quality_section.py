"""Quality on a job's page: a curve for each measured rendition, and the parts of the film that were warned of."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.utils.safestring import SafeString

from adapters.ffmpeg.detections import MOST_FOUND
from jobs.console import cells
from jobs.console.sections import Cell, Curves, Table, columns, numbers
from jobs.models import Detection, Job, QualityMeasurement

# Of a rendition that was encoded again and again, the last ones are drawn.
_MOST_MEASUREMENTS = 60
_DRAWN = 3
# The drawing's own units; the page stretches it to its width.
_WIDTH, _HEIGHT = 1200, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 1188, 14, 150
_SECONDS = (0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400)
_MOST_TICKS = 10
# Of VMAF and of SSIM: how far apart lines may be, and where the scale ends.
_SCALES: dict[str, tuple[tuple[float, ...], float]] = {
    "vmaf": ((1, 2, 5, 10, 20, 25), 100.0),
    "ssim": ((0.01, 0.02, 0.05, 0.1, 0.2, 0.5), 1.0),
}
_MOST_LINES = 6
_GAP = 4.0


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the grid and what stands beside it."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """One rendition's curve, in units of the drawing."""

    key: str
    state: SafeString | str
    words: str
    ticks: Sequence[Tick]
    lines: Sequence[Tick]
    curve: Sequence[str]
    before: Sequence[str]
    """The curves of the encodes before it, as a picture of how it got better."""
    threshold: Tick | None
    worst: Tick
    worst_at: float
    worst_anchor: str
    worst_below: int
    """How far under its point the words stand: a curve leaves room beneath its lowest point."""
    label: str
    width: int = _WIDTH
    height: int = _HEIGHT
    left: int = _LEFT
    right: int = _RIGHT
    top: int = _TOP
    bottom: int = _BOTTOM


def curves(job: Job) -> Curves | None:
    """One query; None where nothing was measured."""
    rows = QualityMeasurement.objects.filter(rendition__job=job).select_related("rendition")
    newest = list(rows.defer("rendition__spec").order_by("-id")[:_MOST_MEASUREMENTS])[::-1]
    by_rendition: dict[tuple[int, str], list[QualityMeasurement]] = {}
    for row in newest:
        by_rendition.setdefault((row.rendition.position, row.rendition.key), []).append(row)
    if not by_rendition:
        return None
    charts = [_chart(key, rows[-_DRAWN:]) for (_, key), rows in sorted(by_rendition.items())]
    return Curves("Quality", charts)


def warnings(job: Job) -> Table | None:
    """One query, where something was looked for."""
    if not job.plan or not job.plan.get("detections"):
        return None
    rows: list[list[Cell]] = [
        [
            one.kind,
            clock(one.start_seconds),
            clock(one.end_seconds),
            cells.span(one.end_seconds - one.start_seconds),
        ]
        for one in Detection.objects.filter(job=job)[:MOST_FOUND]
    ]
    asked = ", ".join(job.plan["detections"])
    heads = [*columns("What"), *numbers("From", "To", "Length")]
    return Table("Warnings", heads, rows, empty="None found.", note=f"Looked for: {asked}.")


def clock(seconds: float) -> str:
    """A moment of a film: `1:02:03`, `2:03`, `0:03.5`."""
    minutes, rest = divmod(seconds, 60)
    whole = f"{rest:06.3f}".rstrip("0").rstrip(".")
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02}:{whole}" if hours else f"{minutes}:{whole}"


# --- one chart ------------------------------------------------------------------------------------------------
def _chart(key: str, rows: Sequence[QualityMeasurement]) -> Chart:
    row = rows[-1]
    alike = [one for one in rows if one.metric == row.metric and one.compare_at == row.compare_at]
    steps, top = _SCALES.get(row.metric, _SCALES["vmaf"])
    least = min([*(one.lowest for one in alike), *([] if row.threshold is None else [row.threshold])])
    step, bottom = _scale(least, top, steps)
    end = max((seconds for one in alike for seconds, _ in one.curve), default=0.0) or 1.0

    def x(seconds: float) -> float:
        return round(_LEFT + (_RIGHT - _LEFT) * seconds / end, 1)

    def y(score: float) -> float:
        inside = min(max(score, bottom), top)
        return round(_BOTTOM - (_BOTTOM - _TOP) * (inside - bottom) / (top - bottom), 1)

    def drawn(one: QualityMeasurement) -> list[str]:
        return [" ".join(f"{x(at)},{y(score)}" for at, score in part) for part in _parts(one.curve)]

    worst_at = x(row.lowest_at_seconds)
    score = _number(row.metric)
    worst = f"{score(row.lowest)} at {clock(row.lowest_at_seconds)}"
    threshold = None if row.threshold is None else Tick(y(row.threshold), f"minimum {row.threshold:g}")
    return Chart(
        key=key,
        state="" if row.passed is None else cells.verdict(row.passed),
        words=_words(row),
        ticks=[Tick(x(at), clock(at)) for at in _moments(end)],
        lines=[Tick(y(at), f"{at:g}") for at in _levels(bottom, top, step)],
        curve=drawn(row),
        before=[part for one in alike[:-1] for part in drawn(one)],
        threshold=threshold,
        worst=Tick(y(row.lowest), worst),
        worst_at=worst_at,
        worst_below=19 if y(row.lowest) < _BOTTOM - 24 else -9,
        worst_anchor="end" if worst_at > (_LEFT + _RIGHT) / 2 else "start",
        label=f"{row.metric.upper()} of {key} over time: {score(row.mean)} on average, worst {worst}",
    )


def _words(row: QualityMeasurement) -> str:
    score = _number(row.metric)
    model = f" ({row.model})" if row.model else ""
    return (
        f"{row.metric.upper()}{model} at {row.width}x{row.height}: mean {score(row.mean)}, "
        f"harmonic mean {score(row.harmonic_mean)}, 5th percentile {score(row.percentile_5)}, "
        f"lowest {score(row.lowest)}; {row.frames} frames"
    )


def _number(metric: str) -> "_Format":
    return _Format(4 if metric == "ssim" else 2)


@dataclass(frozen=True, slots=True)
class _Format:
    digits: int

    def __call__(self, score: float) -> str:
        return f"{score:.{self.digits}f}"


def _scale(least: float, top: float, steps: Sequence[float]) -> tuple[float, float]:
    """The distance of the lines, and the lowest of them."""
    for step in steps:
        bottom = math.floor(round(least / step, 9)) * step
        if (top - bottom) / step <= _MOST_LINES:
            break
    return step, min(bottom, top - step)


def _levels(bottom: float, top: float, step: float) -> Iterator[float]:
    for number in range(round((top - bottom) / step) + 1):
        yield round(bottom + number * step, 6)


def _moments(end: float) -> Iterator[float]:
    step = next((one for one in _SECONDS if end / one <= _MOST_TICKS), end / _MOST_TICKS)
    for number in range(int(end / step) + 1):
        yield round(number * step, 3)


def _parts(curve: Sequence[Sequence[float]]) -> Iterable[list[Sequence[float]]]:
    """Windows apart from one another: a line between them would tell of what nobody has looked at."""
    if not curve:
        return
    between = sorted(after[0] - before[0] for before, after in pairwise(curve))
    usual = between[len(between) // 2] if between else 0.0
    part = [curve[0]]
    for before, after in pairwise(curve):
        if after[0] - before[0] > _GAP * usual:
            yield part
            part = []
        part.append(after)
    yield part
