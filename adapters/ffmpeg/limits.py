"""What one FFmpeg process may use, and the reasons to end it before its time."""

from dataclasses import dataclass
from enum import StrEnum


class StopReason(StrEnum):
    """Why the supervisor ended a process before its time."""

    LEASE_LOST = "lease_lost"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"
    STALLED = "stalled"
    OUTPUT_TOO_LARGE = "output_too_large"
    OUT_OF_MEMORY = "out_of_memory"
    WORKER_STOPPING = "worker_stopping"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a process may use. None means no limit."""

    wall_seconds: float
    """At this age the group gets SIGTERM, and after the grace SIGKILL."""
    stall_seconds: float
    """Longest time in which neither the progress nor any file of the workspace changes."""
    output_bytes: int | None
    """How much the workspace, with the stderr file, may grow."""
    grace_seconds: float = 5.0
    """Between SIGTERM and SIGKILL."""
    memory_bytes: int | None = None
    """Resident memory of the process with its children; see `adapters.ffmpeg.memory` for who enforces it."""
