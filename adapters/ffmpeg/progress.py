"""Reads what `ffmpeg -progress pipe:1` writes: blocks of key=value lines, each closed by `progress=`."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

_MAX_LINE_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Progress:
    """One block. None where FFmpeg says N/A or nothing, as for the frames of an audio file."""

    frame: int | None
    fps: float | None
    out_seconds: float | None
    """Position on the output's timeline, never negative."""
    speed: float | None
    """Media seconds made in one second of wall time."""
    size_bytes: int | None
    ended: bool


class ProgressReader:
    """Takes the pipe's bytes in pieces of any size; memory stays bounded whatever comes."""

    def __init__(self) -> None:
        self._rest = b""
        self._overlong = False
        self._fields: dict[str, str] = {}

    def feed(self, data: bytes) -> Iterator[Progress]:
        """The blocks that `data` completes, in order. Never raises; foreign lines are ignored."""
        *lines, rest = (self._rest + data).split(b"\n")
        blocks = []
        for line in lines:
            if not self._overlong and (block := self._take(line)) is not None:
                blocks.append(block)
            self._overlong = False
        self._overlong = self._overlong or len(rest) > _MAX_LINE_BYTES
        self._rest = b"" if self._overlong else rest
        return iter(blocks)

    def _take(self, line: bytes) -> Progress | None:
        key, equals, value = line.decode("ascii", "replace").partition("=")
        key, value = key.strip(), value.strip()
        if not equals:
            return None
        if key != "progress":
            if key in _KEYS:
                self._fields[key] = value
            return None
        fields, self._fields = self._fields, {}
        microseconds = _number(fields.get("out_time_us"))
        return Progress(
            frame=_count(fields.get("frame")),
            fps=_number(fields.get("fps")),
            out_seconds=None if microseconds is None else max(0.0, microseconds / 1e6),
            speed=_number(fields.get("speed", "").removesuffix("x")),
            size_bytes=_count(fields.get("total_size")),
            ended=value == "end",
        )


_KEYS = frozenset({"frame", "fps", "out_time_us", "speed", "total_size"})


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _count(text: str | None) -> int | None:
    number = _number(text)
    return int(number) if number is not None and number >= 0 else None
