"""The ladders that are measured here: of 2 s of the clip, crf 45 has VMAF 29, 42 has 40, 39 has 55."""

from typing import Any

from jobs.models import Attempt, Job, Step
from jobs.planner.specs import Ladder, QualityWish, Rung


def ladder(crf: float = 42, minimum: float | None = None, **changes: Any) -> Ladder:
    """One small picture, measured."""
    rungs = (Rung("180p", height=180, crf=crf, speed="ultrafast"),)
    return Ladder(
        **{
            "packaging": "hls",
            "rungs": rungs,
            "audio": None,
            "quality": QualityWish(minimum=minimum),
            **changes,
        }
    )


def states(job: Job) -> dict[str, tuple[str, int]]:
    """Every step: its state, and how often it was claimed."""
    return {str(step): (step.state, step.epoch) for step in Step.objects.filter(job=job)}


def tried(job: Job) -> list[tuple[str, str, str]]:
    """The attempts at renditions and at measuring them, in the order of time."""
    rows = Attempt.objects.filter(job=job, step__kind__in=["rendition", "quality", "detection"]).order_by(
        "id"
    )
    return [(str(row.step), row.state, row.fault_code) for row in rows.select_related("step")]
