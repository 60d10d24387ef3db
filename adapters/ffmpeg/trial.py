"""A short command of our own, run to see whether this machine can: nothing of it is kept but the reason why not."""

from pathlib import Path

from adapters.ffmpeg.stderr import diagnose
from adapters.ffmpeg.supervisor import Box, Limits, supervise


def problem_of(argv: tuple[str, ...], *, folder: Path, box: Box, limits: Limits) -> str | None:
    """None if it ends well; else the reason in FFmpeg's words, or the fault's code. Call from the main thread."""
    stderr = folder / "stderr"
    completed = supervise(
        argv,
        workspace=folder,
        box=box,
        stderr_file=stderr,
        limits=limits,
        on_output=lambda data: True,
        stop_reason=lambda: None,
    )
    if completed.exit_code == 0 and completed.stop_reason is None:
        return None
    diagnosis = diagnose(
        stop_reason=completed.stop_reason,
        signal=completed.signal,
        exit_code=completed.exit_code,
        stderr=stderr.read_text(errors="replace"),
        stop_detail=completed.stop_detail,
    )
    return diagnosis.detail or diagnosis.code
