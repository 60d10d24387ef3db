"""What is made beside the ladder: posters, thumbnails, sprite sheets, previews, waveforms, pages, media info.

Renditions of their own.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings

from adapters.ffmpeg.extras import ExtraEncode, build_extra_argv, sprite_vtt
from adapters.ffmpeg.supervisor import Box
from adapters.imaging.encode import ImageEncode
from adapters.imaging.seen import parse_still
from jobs import faults, imaging, pictures, storing
from jobs.attempts import Faulted, Running
from jobs.encoding import encode
from jobs.ingest import stage
from jobs.models import Rendition, Source
from jobs.planner.plan import ExtraPlan
from jobs.storing import File

KIND = "extra"
"""Of such a rendition."""


def make(running: Running, rendition: Rendition) -> dict[UUID, dict[str, Any]]:
    """Make one, look at it, store it; what was found out about each file, for its row."""
    planned = ExtraPlan.from_json(rendition.spec)
    source, folder = running.workspace / "0.bin", running.workspace / "out"
    folder.mkdir()
    target = folder / planned.file_name
    if planned.encode is None:
        return _write_info(running, rendition, target)
    if isinstance(planned.encode, ImageEncode):
        return imaging.make(running, rendition, planned.encode)
    stage(Source.objects.get(job_id=rendition.job_id, position=0), source, running.is_held)
    argv = build_extra_argv(planned.encode, ffmpeg=settings.FFMPEG_BINARY, source=source, target=target)
    box = Box(readable=(source,), writable=(folder,))
    encode((running,), rendition.job, [argv], box=box, duration_seconds=planned.encode.duration_seconds)
    files = [File(target, planned.file_name)]
    duration = rendition.job.plan["duration_seconds"]
    if planned.encode.kind == "sprite_sheet" and duration:
        cues = target.with_suffix(".vtt")
        cues.write_text(sprite_vtt(planned.encode, duration, planned.file_name), encoding="utf-8")
        files.append(File(cues, cues.name))
    outputs = storing.name(running, rendition, files)
    with storing.stored(outputs, files):
        return {outputs[0].id: _look(target, planned.encode)}


def _write_info(running: Running, rendition: Rendition, target: Path) -> dict[UUID, dict[str, Any]]:
    """Media info: nothing runs for it, and the source is not fetched."""
    document = media_info(Source.objects.get(job_id=rendition.job_id, position=0), rendition.job.plan)
    target.write_text(json.dumps(document, indent=1), encoding="utf-8")
    files = [File(target, target.name)]
    outputs = storing.name(running, rendition, files)
    with storing.stored(outputs, files):
        return {outputs[0].id: {}}


def media_info(source: Source, plan: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of a source, and the plan of each rendition. Its URL may hold a key, its path is ours: neither."""
    known = {
        "sha256": source.sha256,
        "size_bytes": source.size_bytes,
        "content_type": source.content_type,
    }
    still = parse_still(source.probe)
    if still is not None:
        return {"source": {**known, **still.to_json()}, "plan": plan}
    probe = source.probe or {}
    container = {key: value for key, value in probe.get("format", {}).items() if key != "filename"}
    return {"source": {**known, "probe": {**probe, "format": container}}, "plan": plan}


def _look(file: Path, encode: ExtraEncode) -> dict[str, Any]:
    """Raises Faulted for a file that is empty, or not the picture that was planned."""
    if file.stat().st_size == 0:
        raise Faulted(faults.fault("invalid_output", "the file is empty"))
    if encode.format == "mp4":
        probe, document = pictures.film(file)
    else:
        columns, rows = (encode.columns, encode.rows) if encode.kind == "sprite_sheet" else (1, 1)
        size = encode.width * columns, encode.height * rows
        probe, document = pictures.look(file, encode.format, *size)
    return {"probe": document, "duration_seconds": probe.duration_seconds}
