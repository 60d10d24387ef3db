"""A picture that an attempt has made, looked at by other eyes than those that made it."""

from pathlib import Path
from typing import Any

from django.conf import settings

from adapters.ffmpeg.probe import Probe, ProbeFailed, run_probe
from jobs import faults
from jobs.attempts import Faulted
from jobs.ingest import kind_of


def look(file: Path, format: str, width: int, height: int) -> tuple[Probe, dict[str, Any]]:
    """What ffprobe says of it. Raises Faulted for what is no picture of this format, or not of the planned size."""
    # Told by its name that a file is a JPEG, ffprobe believes it.
    if kind_of(file) != format:
        raise Faulted(faults.fault("invalid_output", f"{file.name} is no {format}"))
    probe, document = film(file)
    found = probe.video[0]
    # A build without PNG's decoder knows the format alone, and FFmpeg's knows no moving WebP.
    if found.width and (found.width, found.height) != (width, height):
        size = f"{found.width}x{found.height}"
        raise Faulted(faults.fault("output_size_wrong", f"{size} instead of {width}x{height}"))
    return probe, document


def film(file: Path) -> tuple[Probe, dict[str, Any]]:
    """What ffprobe says of whatever moves. Raises Faulted for what holds no picture."""
    try:
        probe, document = run_probe(settings.FFPROBE_BINARY, file)
    except ProbeFailed as error:
        raise Faulted(faults.fault("invalid_output", error.diagnosis.detail)) from error
    if not probe.video:
        raise Faulted(faults.fault("invalid_output", f"{file.name} holds no picture"))
    return probe, document
