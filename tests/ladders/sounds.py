"""What a listener hears, as loudness over time: where it is, not how it sounds."""

import array
import itertools
import subprocess
from collections.abc import Sequence
from pathlib import Path

RATE = 8000
_WINDOW = RATE // 50
"""20 ms."""
_SILENCE = 30.0


def envelope(ffmpeg: Path, file: Path, stream: str, delay_seconds: float = 0.0) -> list[float]:
    """The loudness of each 20 ms of a stream, which begins `delay_seconds` after the film does."""
    argv = [
        str(ffmpeg), "-nostdin", "-v", "error", "-i", str(file), "-map", f"0:{stream}",
        "-ac", "1", "-ar", str(RATE), "-f", "s16le", "-",
    ]  # fmt: skip
    done = subprocess.run(argv, capture_output=True, timeout=60, check=True)
    samples = array.array("h", bytes(2 * round(delay_seconds * RATE)) + done.stdout)
    return [
        (sum(one * one for one in samples[start : start + _WINDOW]) / _WINDOW) ** 0.5
        for start in range(0, len(samples) - _WINDOW + 1, _WINDOW)
    ]


def lag(heard: Sequence[float], wanted: Sequence[float], reach: int = 10) -> tuple[int, float]:
    """By how many windows `heard` is late, and how well it correlates there: 1 for the same."""
    found = {shift: _correlation(heard, wanted, shift) for shift in range(-reach, reach + 1)}
    best = max(found, key=lambda shift: (round(found[shift], 2), -abs(shift)))
    return best, found[best]


def is_silent(loudness: Sequence[float]) -> bool:
    return max(loudness, default=0.0) < _SILENCE


def hertz(ffmpeg: Path, file: Path, stream: str = "a:0") -> float:
    """Of a pure tone, by its zero crossings in the middle half second."""
    argv = [
        str(ffmpeg), "-nostdin", "-v", "error", "-ss", "0.4", "-i", str(file), "-map", f"0:{stream}", "-t", "0.5",
        "-ac", "1", "-ar", str(RATE), "-f", "s16le", "-",
    ]  # fmt: skip
    samples = array.array("h", subprocess.run(argv, capture_output=True, timeout=60, check=True).stdout)
    crossings = sum(one < 0 <= two for one, two in itertools.pairwise(samples))
    return crossings * RATE / len(samples)


def _correlation(a: Sequence[float], b: Sequence[float], shift: int) -> float:
    pairs = [(a[n + shift], b[n]) for n in range(len(b)) if 0 <= n + shift < len(a)]
    if len(pairs) < 10:
        return 0.0
    mean_a, mean_b = sum(x for x, _ in pairs) / len(pairs), sum(y for _, y in pairs) / len(pairs)
    both = sum((x - mean_a) * (y - mean_b) for x, y in pairs)
    norm = (sum((x - mean_a) ** 2 for x, _ in pairs) * sum((y - mean_b) ** 2 for _, y in pairs)) ** 0.5
    return both / norm if norm else 0.0
