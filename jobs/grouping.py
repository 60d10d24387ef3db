"""Renditions of one group: one FFmpeg makes them, and then each is looked at, stored and committed by itself.

What one of them does not survive ends that one alone. What the process does not survive ends all their attempts,
and each step goes its own way after that.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import NoReturn

from django.conf import settings

from adapters.ffmpeg.group import Member, build_group
from adapters.ffmpeg.supervisor import Box
from jobs import execution, storing
from jobs.attempts import Faulted, Running, Work
from jobs.encoding import Encoded, encode
from jobs.ingest import stage
from jobs.models import Rendition, Source
from jobs.planner.plan import RenditionPlan


@contextmanager
def begin(runnings: Sequence[Running]) -> Iterator[Sequence[Work]]:
    """The part that renditions have in common, if there are several. Raises Faulted, StorageError, LeaseLost."""
    with ExitStack() as stack:
        yield [execution.work] if len(runnings) == 1 else _encode(runnings, stack)


def _encode(runnings: Sequence[Running], stack: ExitStack) -> list[Work]:
    first = runnings[0]
    by_step = Rendition.objects.select_related("job").in_bulk(
        [running.claim.step_id for running in runnings], field_name="step_id"
    )
    renditions = [by_step[running.claim.step_id] for running in runnings]
    planned = [RenditionPlan.from_json(rendition.spec) for rendition in renditions]
    source, folder = first.workspace / "0.bin", first.workspace / "out"
    stage(
        Source.objects.get(job_id=first.claim.job_id, position=0),
        source,
        lambda: any(running.is_held() for running in runnings),
    )
    folder.mkdir()
    durations = [one.encode.duration_seconds for one in planned]
    try:
        encoded = encode(
            runnings,
            renditions[0].job,
            [
                build_group(
                    members(planned, folder),
                    ffmpeg=settings.FFMPEG_BINARY,
                    source=source,
                    cpus=len(os.sched_getaffinity(0)),
                )
            ],
            box=Box(readable=(source,), writable=(folder,)),
            duration_seconds=max((one for one in durations if one is not None), default=None),
            output_bytes=settings.OUTPUT_LIMIT_BYTES * len(runnings),
        )
    except Faulted as error:
        # A film whose sound is broken has a picture, and the other way round.
        error.is_common &= len({one.encode.streams for one in planned}) == 1
        raise
    beside = stack.enter_context(storing.threads())
    return [
        _begun(running, rendition, one, folder, encoded, stack, beside)
        for running, rendition, one in zip(runnings, renditions, planned, strict=True)
    ]


def members(planned: Sequence[RenditionPlan], folder: Path) -> list[Member]:
    """Those that are there: who should be scaled from one that is not, is scaled from the source."""
    position = {one.key: number for number, one in enumerate(planned)}
    return [
        Member(one.encode, folder / one.file_name, position.get(one.scaled_from or "")) for one in planned
    ]


def _begun(
    running: Running,
    rendition: Rendition,
    planned: RenditionPlan,
    folder: Path,
    encoded: Encoded,
    stack: ExitStack,
    beside: ThreadPoolExecutor,
) -> Work:
    """Begin to look at one file and to store it, beside the others; its attempt's own end is the rest."""
    try:
        kept = stack.enter_context(
            execution.keeping(running, rendition, planned, folder / planned.file_name, beside)
        )
    except Exception as error:  # noqa: BLE001 - judged in its turn, for this attempt alone
        return partial(_raise, error=error)
    return partial(_finish, rendition=rendition, folder=folder, kept=lambda: kept(encoded))


def _raise(_: Running, error: Exception) -> NoReturn:
    raise error


def _finish(
    running: Running, rendition: Rendition, folder: Path, kept: Callable[[], execution.Found]
) -> None:
    execution.commit(running, rendition, kept(), folder)
