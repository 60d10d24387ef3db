"""FFmpeg for one attempt, or several at once. What ran is written down before it runs, what it said before it is
judged."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

from django.conf import settings

from adapters.ffmpeg.identity import identify
from adapters.ffmpeg.progress import Progress as Seen
from adapters.ffmpeg.stderr import diagnose
from adapters.ffmpeg.supervisor import Box, Completed, Limits, StopReason, run
from jobs import evidence, faults
from jobs.attempts import Faulted, Progress, Running
from jobs.leases import LeaseLost
from jobs.models import Job

Argv = tuple[str, ...]
# Between the commands of one attempt, as a shell would write it.
_AND_THEN = "&&"


@dataclass(frozen=True, slots=True)
class Encoded:
    """Commands that all ended well. `frames` is what the last one says that it wrote."""

    stderr: str
    frames: int | None


def encode(
    runnings: Sequence[Running],
    job: Job,
    commands: Sequence[Argv],
    *,
    box: Box,
    duration_seconds: float | None,
    output_bytes: int | None = None,
) -> Encoded:
    """Run the commands one after the other, until one fails. Raises Faulted, LeaseLost.

    `duration_seconds` is how long the result of each is expected to be, for the progress. The job's timeout is
    for all of them together.

    Attempts that share the commands share their workspace, which is the first one's, and have the same evidence: the
    figures of each are those of the process. It is stopped when no attempt is left that holds its lease.
    """
    identity = identify(settings.FFMPEG_BINARY, settings.CONTAINER_DIGEST)
    first = runnings[0]
    if first.claim.encoder_revision not in ("", identity.revision):
        raise Faulted(faults.fault("encoder_revision_mismatch", f"this worker runs {identity.revision}"))
    attempt_ids = [running.claim.attempt_id for running in runnings]
    argv = list(chain.from_iterable((_AND_THEN, *command) for command in commands))[1:]
    evidence.began(attempt_ids, argv, identity)

    ran: list[Completed] = []
    stderr = bytearray()
    deadline = time.monotonic() + job.timeout_seconds
    for number, command in enumerate(commands):
        stderr_file = first.workspace / f"stderr-{number}"
        completed = run(
            command,
            workspace=first.workspace,
            box=box,
            stderr_file=stderr_file,
            limits=Limits(
                wall_seconds=max(1.0, deadline - time.monotonic()),
                stall_seconds=settings.STALL_SECONDS,
                output_bytes=output_bytes or settings.OUTPUT_LIMIT_BYTES,
                memory_bytes=settings.MEMORY_LIMIT_BYTES,
            ),
            on_progress=_shown(runnings, duration_seconds, number, len(commands)),
            stop_reason=lambda: _stop_reason(runnings),
        )
        ran.append(completed)
        stderr += stderr_file.read_bytes()
        if completed.exit_code != 0 or completed.stop_reason is not None:
            break
    evidence.ended(attempt_ids, ran, bytes(stderr))
    last = ran[-1]
    if last.stop_reason == StopReason.LEASE_LOST:
        raise LeaseLost("stopped by its own heartbeat")
    text = stderr.decode("utf-8", "replace")
    if last.exit_code != 0 or last.stop_reason is not None:
        raise Faulted(_fault_of(last, text))
    return Encoded(text, last.last_progress.frame if last.last_progress else None)


def _stop_reason(runnings: Sequence[Running]) -> StopReason | None:
    return None if any(running.is_held() for running in runnings) else StopReason.LEASE_LOST


def _shown(
    runnings: Sequence[Running], duration_seconds: float | None, number: int, count: int
) -> Callable[[Seen], None]:
    def show(seen: Seen) -> None:
        duration, done = duration_seconds, seen.out_seconds
        if not duration or done is None:
            return
        fraction = min(max(done / duration, 0.0), 1.0)
        left = max(duration - done, 0.0) / seen.speed if seen.speed else None
        for running in runnings:
            running.progress = Progress((number + fraction) / count, seen.speed, left)

    return show


def _fault_of(completed: Completed, stderr: str) -> faults.Fault:
    diagnosis = diagnose(
        stop_reason=completed.stop_reason,
        signal=completed.signal,
        exit_code=completed.exit_code,
        stderr=stderr,
        stop_detail=completed.stop_detail,
    )
    return faults.fault(diagnosis.code, diagnosis.detail)
