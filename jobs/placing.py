"""A command's outputs at the URLs that the customer gave for them: copies of what is committed.

The copy is no row: before the job there may have been something of the customer's at that place, and what a row
names is deleted when the row does not count. It is evidence of the attempt that made it.
"""

from pathlib import Path
from typing import Any

from adapters.ffmpeg.commandline.errors import CommandRefused
from adapters.ffmpeg.commandline.tree import Program
from adapters.storage.location import parse_object
from jobs import faults, leases, stores
from jobs.attempts import Faulted, Running
from jobs.leases import LeaseLost
from jobs.models import Attempt, Job, Output
from jobs.results import Result, results


def place(running: Running, job: Job) -> None:
    """Copy what has a place of its own; where everything is there already, the same once more.

    The parts of a playlist, and the pictures of a sequence, go to the folder that the URL is in. Raises
    StorageError, LeaseLost, Faulted.
    """
    try:
        found = [one for one in results(job) if one.destination is not None]
    except CommandRefused as error:
        raise Faulted(faults.fault("command_refused", str(error))) from error
    told: list[dict[str, Any]] = []
    for one in found:
        # What others name comes first: whoever sees the entry finds the rest.
        for file in reversed(one.files):
            if not running.is_held():
                raise LeaseLost("lost between two copies")
            _copy(running, file, target_of(one, file))
        told.append(_evidence(one))
        # Each by itself: what has been written in the customer's place is told even if the next one fails.
        with leases.holding(running.claim):
            Attempt.objects.filter(id=running.claim.attempt_id).update(evidence={"delivered": told})


def has_places(job: Job) -> bool:
    """Whether any output of the command has a place of its own; True where the command cannot be read any more."""
    try:
        program = Program.from_json(job.command)
    except CommandRefused:
        return True
    return any(output.destination is not None for command in program.commands for output in command.outputs)


def target_of(result: Result, file: Output) -> str:
    """Where a file of an output with a destination goes."""
    destination = result.destination or ""
    name = result.name_of(file)
    return destination if name == result.label else f"{destination.rpartition('/')[0]}/{name}"


def _evidence(result: Result) -> dict[str, Any]:
    entry = result.entry
    told = {"url": target_of(result, entry), "sha256": entry.sha256, "size_bytes": entry.size_bytes}
    return told if len(result.files) == 1 else {**told, "files": len(result.files)}


def _copy(running: Running, output: Output, url: str) -> None:
    here, there = stores.storages().for_url(output.url), stores.storages().for_url(url)
    if here is there:
        here.copy(output.url, url, content_type=output.content_type)
        return
    file: Path = running.workspace / "copy"
    fetched = here.fetch(output.url, file, limit_bytes=output.size_bytes, keep_going=running.is_held)
    if fetched.sha256 != output.sha256:
        raise Faulted(faults.fault("invalid_output", f"{output.path} holds other bytes than were committed"))
    there.store(file, parse_object(url).url, content_type=output.content_type, sha256=output.sha256)
    file.unlink()
