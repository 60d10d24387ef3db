"""Subtitles of a source, carried as WebVTT: one FFmpeg in the box, and a file that every player reads."""

from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings

from adapters.ffmpeg.outputs import OutputRefused, check
from adapters.ffmpeg.subtitles import build_subtitles_argv
from adapters.ffmpeg.supervisor import Box
from adapters.packaging import webvtt
from jobs import faults, notes, storing
from jobs.attempts import Faulted, Running
from jobs.encoding import encode
from jobs.ingest import stage
from jobs.models import Rendition, Source
from jobs.planner.plan import SubtitlesPlan
from jobs.storing import File

KIND = "subtitles"
"""Of such a rendition."""
_MAX_BYTES = 4 * webvtt.MAX_CHARACTERS


def make(running: Running, rendition: Rendition) -> dict[UUID, dict[str, Any]]:
    """Carry one stream; what was found out about the file, for its row. Nothing where it has no cue to show.

    Raises Faulted, StorageError, LeaseLost.
    """
    planned = SubtitlesPlan.from_json(rendition.spec)
    source, folder = running.workspace / "0.bin", running.workspace / "out"
    stage(Source.objects.get(job_id=rendition.job_id, position=0), source, running.is_held)
    folder.mkdir()
    draft, target = folder / "draft.vtt", running.workspace / planned.file_name
    argv = build_subtitles_argv(
        planned.stream_index, ffmpeg=settings.FFMPEG_BINARY, source=source, target=draft
    )
    encode(
        (running,),
        rendition.job,
        [argv],
        box=Box(readable=(source,), writable=(folder,)),
        duration_seconds=planned.film_seconds,
        output_bytes=_MAX_BYTES,
    )
    subtitles = _read(draft, planned.film_seconds)
    if not subtitles.cues:
        return {}
    target.write_text(subtitles.text, encoding="utf-8", newline="")
    files = [File(target, planned.file_name)]
    outputs = storing.name(running, rendition, files)
    with storing.stored(outputs, files):
        return {outputs[0].id: {"duration_seconds": max(cue.end for cue in subtitles.cues) / 1000}}


def note_empty(rendition: Rendition) -> None:
    """Tell the customer why a rendition that went well is in no manifest. In a transaction that locks the job."""
    notes.add(rendition.job_id, f"{rendition.key!r} is left out: it shows nothing during the film.")


def _read(draft: Path, film_seconds: float | None) -> webvtt.Subtitles:
    """FFmpeg's file, mended, as another reader sees it. Raises Faulted."""
    try:
        check(draft)
        mended = webvtt.mend(draft.read_text("utf-8", "replace"), film_seconds)
        read = webvtt.parse(mended.text)
    except (OutputRefused, FileNotFoundError) as error:
        raise Faulted(faults.fault("output_refused", str(error))) from error
    except webvtt.SubtitlesUnreadable as error:
        raise Faulted(faults.fault("invalid_output", str(error))) from error
    if read != mended:
        raise Faulted(faults.fault("invalid_output", "the subtitles read back are not those written"))
    return read
