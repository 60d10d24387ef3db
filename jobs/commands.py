"""A customer's own command, as a rendition: the same frame, the same evidence, a box of its own.

What is stored with the job is what the customer asked for; the command line that runs is made anew from it, by
the allow-list of the program that runs it, and every path in it is one of ours.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings

from adapters.ffmpeg.commandline import (
    Caps,
    CommandRefused,
    Expectation,
    Made,
    Program,
    Regenerated,
    describe,
    regenerate,
)
from adapters.ffmpeg.outputs import OutputRefused, collect
from adapters.ffmpeg.probe import Probe, ProbeFailed, parse_probe, run_probe
from adapters.ffmpeg.supervisor import Box
from jobs import faults, storing
from jobs.attempts import Faulted, Running
from jobs.encoding import encode
from jobs.ingest import stage
from jobs.models import Job, Rendition, Source
from jobs.storing import File

# A picture for each second of a long film, or the segments of a ladder; each is an object and a row.
_MOST_FILES = 2000
# How far FFmpeg may stop from a cap: a packet, or the index behind it.
_CAP_SLACK_BYTES = 1 << 20
_CAP_SLACK_SECONDS = 1.0
_NUMBER = re.compile(r"%(0?[0-9]{0,2})d")


@dataclass(frozen=True, slots=True)
class _Result:
    """A file that the command made; what is expected of it, where it is one that can be looked at by itself."""

    file: File
    expected: Expectation | None


def make(running: Running, rendition: Rendition) -> dict[UUID, dict[str, Any]]:
    """Run the command and store what it made; what was found out about each output, for its row.

    Raises Faulted, StorageError, LeaseLost.
    """
    job = rendition.job
    inputs, out = running.workspace / "in", running.workspace / "out"
    inputs.mkdir()
    out.mkdir()
    sources = list(Source.objects.filter(job_id=job.id).order_by("position"))
    paths = [inputs / f"{source.position}.bin" for source in sources]
    for source, path in zip(sources, paths, strict=True):
        stage(source, path, running.is_held)
    caps = Caps(duration_seconds=settings.COMMAND_DURATION_SECONDS, file_bytes=settings.OUTPUT_LIMIT_BYTES)
    command = _command(job, sources, paths, out, caps)
    for folder in command.folders:
        folder.mkdir(parents=True, exist_ok=True)
    for path, text in command.files.items():
        path.write_text(text, encoding="utf-8")
    for link, source_path in command.links.items():
        link.symlink_to(source_path)
    encode(
        (running,),
        job,
        command.argvs,
        box=Box(readable=(inputs,), writable=(out,)),
        duration_seconds=job.plan["duration_seconds"],
    )
    results = list(_results(command, _program(job)))
    files = [result.file for result in results]
    outputs = storing.name(running, rendition, files)
    with storing.stored(outputs, files):
        return {
            output.id: _look(result.file.file, result.expected, caps)
            for output, result in zip(outputs, results, strict=True)
            if result.expected is not None
        }


def _program(job: Job) -> Program:
    return Program.from_json(job.command)


def _command(
    job: Job, sources: Sequence[Source], paths: Sequence[Path], out: Path, caps: Caps
) -> Regenerated:
    durations = [parse_probe(one.probe).duration_seconds if one.probe else None for one in sources]
    try:
        return regenerate(
            _program(job),
            sources=paths,
            out=out,
            ffmpeg=settings.FFMPEG_BINARY,
            caps=caps,
            durations=durations,
        )
    except CommandRefused as error:
        # By the rules of today, which may be stricter than those of the day on which it was accepted.
        first = error.refusals[0]
        fault = replace(faults.fault("command_refused", str(error)), message=first.sentence)
        raise Faulted(fault) from error


def _results(command: Regenerated, program: Program) -> Iterator[_Result]:
    """What there is, under the customer's names. Raises Faulted for what no command of ours leaves."""
    left = _MOST_FILES
    for number, made in enumerate(command.outputs):
        try:
            found = collect(made.folder, most=left)
        except (OutputRefused, FileNotFoundError) as error:
            raise Faulted(faults.fault("output_refused", str(error))) from error
        left -= len(found)
        expected = _expectation(program, made)
        is_one = expected.kind in ("video", "audio", "image", "subtitles")
        if not found or (is_one and found != (made.entry,)):
            raise Faulted(faults.fault("output_refused", f"output {number} was not written"))
        for file in found:
            name = _name(made, file)
            yield _Result(
                File(file, name if is_one else f"{number}/{name}"),
                expected if is_one and expected.kind != "subtitles" else None,
            )


def _expectation(program: Program, made: Made) -> Expectation:
    command = program.commands[made.command]
    return describe(command)[command.outputs.index(made.output)]


def _name(made: Made, file: Path) -> str:
    """The customer's label for a single file, for each picture of a sequence, and for what is opened first.

    The others keep the names that FFmpeg was given: the first one names them.
    """
    label = made.output.label
    if label is None:
        return file.name
    if made.output.shape == "sequence":
        return _NUMBER.sub(lambda match: format(int(file.stem), f"{match[1]}d"), label)
    return label if file == made.entry else file.name


def _look(file: Path, expected: Expectation, caps: Caps) -> dict[str, Any]:
    """Exit code 0 is not enough. Raises Faulted."""
    size = file.stat().st_size
    if size == 0:
        raise Faulted(faults.fault("invalid_output", f"{file.name} is empty"))
    if size >= caps.file_bytes - _CAP_SLACK_BYTES:
        raise Faulted(faults.fault("output_too_large", f"stopped at {caps.file_bytes} bytes"))
    try:
        probe, document = run_probe(settings.FFPROBE_BINARY, file)
    except ProbeFailed as error:
        raise Faulted(faults.fault("invalid_output", error.diagnosis.detail)) from error
    problem = _mismatch(probe, expected, caps)
    if problem is not None:
        raise Faulted(faults.fault("invalid_output", problem))
    return {"probe": document, "duration_seconds": probe.duration_seconds}


def _mismatch(probe: Probe, expected: Expectation, caps: Caps) -> str | None:
    if expected.has_video and not probe.video:
        return "no video stream"
    if expected.has_audio and not probe.audio:
        return "no audio stream"
    seconds = probe.duration_seconds or 0.0
    if expected.duration_seconds is None and seconds >= caps.duration_seconds - _CAP_SLACK_SECONDS:
        return f"stopped at {caps.duration_seconds:g} s, the longest that is made"
    return None
