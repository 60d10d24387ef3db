"""`make demo`: one real job over HTTP, from a clip to a ladder that plays, on a stack of its own."""

import os
import re
import shutil
import time
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TaskProgressColumn, TextColumn
from rich.table import Table

from config.embedded import media, playback, programs
from config.embedded.client import Client, Document
from config.embedded.ports import free_ports
from config.embedded.programs import ROOT
from config.embedded.stack import Stack

PRESET = "hls-1080p"
ACCOUNT = "demo"
POLL_SECONDS = 0.3
FINAL_STATES = frozenset({"succeeded", "partial", "failed", "dead_letter", "cancelled"})
# Shorter than any segment, longer than the frames by which audio is rounded.
SKIPPED_SECONDS = 0.2
SUMS = "SHA256SUMS"
WIDTH_FOR_CHECKSUMS = 150


class DemoFailed(Exception):
    """The demo did not end well; the message says why."""


def demo(source: str, folder: Path, output: Path, console: Console) -> None:
    """Encode `source` (a path, an http(s) URL, or "" for the clip) and leave the ladder in `output`.

    Returns only if every rendition reads to its end through the manifest, and is as long as the source.
    """
    file = None if re.match("https?://", source) else Path(source or media.clip(ROOT / ".cache"))
    if file is not None and not file.is_file():
        raise DemoFailed(f"{file}: no such file")
    if output.exists() and any(output.iterdir()) and not (output / SUMS).exists():
        raise DemoFailed(f"{output} holds something else than a demo's ladder: choose another folder")
    (port,) = free_ports(1)
    workers = programs.few_workers(os.cpu_count() or 1)
    parts = [programs.web(port), programs.beat(), programs.conductor(), *workers]
    with Stack(folder, port=port, programs=parts) as stack:
        began = time.monotonic()
        with console.status("Starting ...") as status:
            stack.start(lambda name: status.update(f"Starting ... {name} is ready"))
        console.print(f"Started in {time.monotonic() - began:.1f} s: {', '.join(stack.children)}.")
        began = time.monotonic()
        api = Client(stack.url, stack.services.credentials.api_key)
        job_id = api.submit(source if file is None else _upload(file, stack), PRESET)
        job = _follow(api, job_id, stack, console)
        if job["state"] != "succeeded":
            raise DemoFailed(_why(job, stack))
        console.print(f"Done {time.monotonic() - began:.1f} s after submission.")
        console.print(_table(job, console.width))
        manifest = _download(api, job, output.absolute())
        _check(job)
        console.print(f"While the stack ran: {job['manifest']['public_url']}", soft_wrap=True)
        console.print(f"To look further: `make run` (API, admin, Flower); logs: {stack.services.logs}")
    console.print(f"manifest: {manifest.as_uri()}", soft_wrap=True, highlight=False)


def _upload(file: Path, stack: Stack) -> str:
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", file.name).lstrip(".-") or "source"
    stack.services.seaweed.client().upload_file(str(file), "sources", f"{ACCOUNT}/{name}")
    return f"s3://sources/{ACCOUNT}/{name}"


def _follow(api: Client, job_id: str, stack: Stack, console: Console) -> Document:
    """Draw a bar for each rendition until the job is final; the job as it then is."""
    columns = (
        SpinnerColumn(finished_text=" "),
        TextColumn("{task.description:<10}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[note]}"),
    )
    bars: dict[str, TaskID] = {}
    with Progress(*columns, console=console) as progress:
        whole = progress.add_task("job", total=1.0, note="")
        while True:
            job = api.job(job_id)
            progress.update(whole, completed=job["progress"], note=job["state"])
            for rendition in job["renditions"]:
                key = rendition["key"]
                if key not in bars:
                    bars[key] = progress.add_task(key, total=1.0, note="")
                progress.update(bars[key], completed=rendition["progress"], note=_note(rendition))
            if job["state"] in FINAL_STATES:
                return job
            stack.check()
            time.sleep(POLL_SECONDS)


def _note(rendition: Document) -> str:
    if rendition["state"] != "running":
        return str(rendition["state"])
    speed, eta = rendition["speed"], rendition["eta_seconds"]
    shown = [f"{speed:.1f}x" if speed else "", f"{eta:.0f} s left" if eta is not None else ""]
    return ", ".join(filter(None, shown)) or "running"


def _table(job: Document, width: int) -> Table:
    # The whole checksums are in SHA256SUMS; here they stand where there is room.
    digits = 64 if width >= WIDTH_FOR_CHECKSUMS else 12
    table = Table(
        "rendition", "resolution", "kbps", "duration", "size", "SHA-256", "encoder revision", "took"
    )
    for rendition in job["renditions"]:
        output = rendition["output"]
        size = f"{rendition['width']}x{rendition['height']}" if rendition["width"] else ""
        table.add_row(
            rendition["key"],
            size,
            f"{output['bitrate_kbps']:.0f}",
            f"{output['duration_seconds']:.2f} s",
            f"{output['size_bytes'] / 1000:,.0f} kB",
            output["sha256"][:digits],
            rendition["encoder_revision"],
            f"{rendition['encode_seconds']:.2f} s",
        )
    return table


def _download(api: Client, job: Document, folder: Path) -> Path:
    """Copy the ladder to `folder` as it lies beneath the job's own, with checksums; the manifest's path there."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / SUMS).touch()  # marks it as ours, however this ends
    sums: list[str] = []
    manifest: Path | None = None
    for output in api.outputs(job["id"]):
        target = Path(folder / output["path"]).resolve()
        if not target.is_relative_to(folder.resolve()):
            raise DemoFailed(f"an output claims the path {output['path']}")
        target.parent.mkdir(parents=True, exist_ok=True)
        if api.save(output["download_url"], target) != output["sha256"]:
            raise DemoFailed(f"{output['path']} is not what was stored: its SHA-256 differs")
        sums.append(f"{output['sha256']}  {output['path']}\n")
        if output["kind"] == "manifest":
            manifest = target
    if manifest is None:
        raise DemoFailed("the job has no manifest")
    (folder / SUMS).write_text("".join(sums))
    return manifest


def _check(job: Document) -> None:
    """Every playlist of the manifest reads to its end and is as long as the source: within 0.5 s, or 2 %."""
    expected_seconds = job["source"]["duration_seconds"]
    tolerance_seconds = max(0.5, 0.02 * expected_seconds)
    played = playback.play(job["manifest"]["public_url"], media.ffprobe())
    if len(played) != len(job["renditions"]):
        raise DemoFailed(f"the manifest names {len(played)} of {len(job['renditions'])} renditions")
    for one in played:
        if one.fault:
            raise DemoFailed(f"{one.url} does not play: {one.fault}")
        if abs(one.read_seconds - one.promised_seconds) > SKIPPED_SECONDS:
            promised, read = f"{one.promised_seconds:.2f} s", f"{one.read_seconds:.2f} s"
            raise DemoFailed(f"{one.url} promises {promised}, of which {read} can be read")
        if abs(one.promised_seconds - expected_seconds) > tolerance_seconds:
            raise DemoFailed(
                f"{one.url}: {one.promised_seconds:.2f} s, the source has {expected_seconds:.2f} s"
            )


def _why(job: Document, stack: Stack) -> str:
    faults = [("job", job["fault"]), *((one["key"], one["fault"]) for one in job["renditions"])]
    lines = [f"{name}: {fault['message']} ({fault['code']})" for name, fault in faults if fault]
    return "\n".join([f"The job ended as {job['state']}.", *lines, f"Logs: {stack.services.logs}"])
