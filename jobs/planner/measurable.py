"""What can be wrong with the wish to measure a ladder, or to look through it."""

from collections.abc import Iterator

from adapters.ffmpeg.detections import DETECTIONS
from adapters.ffmpeg.quality import COMPARE_AT, METRICS
from jobs.planner.checks import Problem, outside, unknown
from jobs.planner.specs import SCORE_OF, Ladder


def looking(ladder: Ladder) -> Iterator[Problem]:
    """In its quality, its rungs and its detections."""
    wish = ladder.quality
    if wish is not None:
        yield from unknown("/quality", wish, {"metric": METRICS, "compare_at": COMPARE_AT})
        if wish.metric in SCORE_OF:
            yield from outside("/quality", wish, {"minimum": SCORE_OF[wish.metric]})
    for position, rung in enumerate(ladder.rungs):
        pointer = f"/rungs/{position}"
        if rung.min_quality is None:
            continue
        if wish is None:
            yield Problem(
                f"{pointer}/min_quality", "conflict", "Nothing is measured: say what in the ladder's quality."
            )
        elif wish.metric in SCORE_OF:
            yield from outside(pointer, rung, {"min_quality": SCORE_OF[wish.metric]})
    for position, kind in enumerate(ladder.detections):
        pointer = f"/detections/{position}"
        if kind not in DETECTIONS:
            known = ", ".join(DETECTIONS)
            yield Problem(pointer, "unknown", f"{kind!r} is not one of: {known}.")
        elif kind in ladder.detections[:position]:
            yield Problem(pointer, "duplicate", f"{kind!r} is looked for already.")
