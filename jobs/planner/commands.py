"""The plan of a customer's command: one rendition, whatever the command makes. It is not resolved, but run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.ffmpeg.commandline.tree import Program
from adapters.ffmpeg.probe import Probe

KEY = KIND = "command"
"""Key and kind of the one rendition."""


@dataclass(frozen=True, slots=True)
class CommandPlan:
    """`duration_seconds` is that of the longest source: the best that the progress can go by."""

    duration_seconds: float | None

    def to_json(self) -> dict[str, Any]:
        return {
            "packaging": "files",
            "duration_seconds": self.duration_seconds,
            "renditions": [{"key": KEY}],
            "notes": [],
        }


def plan_command(probes: Sequence[Probe | None]) -> CommandPlan:
    """`probes` of the sources; None for those that are no media (fonts, subtitles, tables of colours)."""
    durations = [probe.duration_seconds for probe in probes if probe is not None]
    return CommandPlan(max((seconds for seconds in durations if seconds), default=None))


def media_sources(command: Mapping[str, Any]) -> list[bool]:
    """For each source of a stored command whether it is opened as media. Raises CommandRefused."""
    return ["media" in source.roles for source in Program.from_json(command).sources]
