"""`manage.py submit`: post a job from a terminal, through the same checks and the same service as the API."""

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TaskProgressColumn, TextColumn

from adapters.ffmpeg.commandline import CommandRefused, Refusal, caret, parse
from jobs import allowance, stores, submission
from jobs.api.problems import flatten as flatten
from jobs.api.requests import JobRequest
from jobs.models import Account, Job, Output, Rendition
from jobs.results import results
from jobs.states import FINAL_JOB, FINAL_RENDITION, JobState, OutputState, RenditionState

POLL_SECONDS = 0.4
DEFAULT_PRESET = "hls-720p"
ACTOR = "command:submit"


class Command(BaseCommand):
    help = "Submit a job; with --wait, follow it to its end."
    requires_system_checks = ["settings"]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "source", nargs="?", help="URL of the source, or the path of a file beneath FILE_ROOTS"
        )
        parser.add_argument("--preset", help="a stored ladder (default: hls-720p)")
        parser.add_argument("--command", help="'ffmpeg -i URL ... out.mp4', instead of a source and a ladder")
        parser.add_argument("--account", default="demo", help="slug of the account (default: demo)")
        parser.add_argument("--destination", help="folder for the outputs (default: the account's own)")
        parser.add_argument("--wait", action="store_true", help="show progress, and end as the job ends")

    def handle(self, *args: Any, **options: Any) -> None:
        job = _submit(options)
        self.stdout.write(str(job.id))
        if not options["wait"]:
            return
        console = Console(stderr=True)
        try:
            _follow(job.id, console)
        except KeyboardInterrupt:
            raise CommandError("Not watching any more; the job goes on.", returncode=130) from None
        self._report(Job.objects.select_related("manifest").get(id=job.id))

    def _report(self, job: Job) -> None:
        if job.state not in (JobState.SUCCEEDED, JobState.PARTIAL):
            raise CommandError("\n".join(_why(job)))
        if job.state == JobState.PARTIAL:
            self.stderr.write("\n".join(_why(job)))
        for url in _results(job):
            self.stdout.write(stores.public_url(url) or url)


def _submit(options: dict[str, Any]) -> Job:
    account = Account.objects.filter(slug=options["account"]).first()
    if account is None:
        known = ", ".join(Account.objects.order_by("slug").values_list("slug", flat=True)[:20])
        raise CommandError(f"--account: there is no {options['account']!r}; known are: {known or 'none'}.")
    document = _command(options) if options["command"] is not None else _ladder(options)
    if options["destination"]:
        document["destination"] = options["destination"]
    checked = JobRequest(data=document, context={"account": account})
    if not checked.is_valid():
        raise CommandError("\n".join(f"{place}: {error}" for place, error in flatten(checked.errors, "")))
    try:
        return submission.submit(account, checked.validated_data, actor=ACTOR)
    except allowance.NotAllowed as error:
        raise CommandError(error.message) from error


def _ladder(options: dict[str, Any]) -> dict[str, Any]:
    source = options["source"]
    if source is None:
        raise CommandError("Give a source, or a command with --command.")
    url = source if "://" in source else Path(source).resolve().as_uri()
    return {"source": {"url": url}, "preset": options["preset"] or DEFAULT_PRESET}


def _command(options: dict[str, Any]) -> dict[str, Any]:
    """Refused with the place under the reader's eyes; everything else about it is the API's to check."""
    for name, said in (("a source", options["source"]), ("--preset", options["preset"])):
        if said is not None:
            raise CommandError(f"--command has its sources and settings in itself: leave out {name}.")
    text = options["command"]
    try:
        parse(text)
    except CommandRefused as error:
        # A line of their own: what stands in front of an error's first line would move the caret.
        shown = [_shown(text, refusal) for refusal in error]
        raise CommandError("\n\n".join(["The command is refused.", *shown])) from error
    return {"command": text}


def _shown(text: str, refusal: Refusal) -> str:
    lines = [refusal.sentence] + ([refusal.hint] if refusal.hint else [])
    place = [caret(text, refusal)] if refusal.token is not None else []
    return "\n".join([*place, *lines])


def _follow(job_id: UUID, console: Console) -> None:
    """A bar for each rendition, until the job is final."""
    columns = (
        SpinnerColumn(finished_text=" "),
        TextColumn("{task.description:<12}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[note]}", markup=False),
    )
    bars: dict[UUID, TaskID] = {}
    with Progress(*columns, console=console) as progress:
        whole = progress.add_task("job", total=1.0, note="")
        while True:
            # The job first: once it is final, nothing of the rest changes any more.
            state = JobState(Job.objects.values_list("state", flat=True).get(id=job_id))
            renditions = list(Rendition.objects.filter(job_id=job_id).select_related("step"))
            for rendition in renditions:
                if rendition.id not in bars:
                    bars[rendition.id] = progress.add_task(rendition.key, total=1.0, note="")
                progress.update(bars[rendition.id], completed=rendition.step.progress, note=_note(rendition))
            mean = sum(one.step.progress for one in renditions) / len(renditions) if renditions else 0.0
            progress.update(whole, completed=mean, note=state.replace("_", " "))
            if state in FINAL_JOB:
                return
            time.sleep(POLL_SECONDS)


def _note(rendition: Rendition) -> str:
    step = rendition.step
    if rendition.state != RenditionState.RUNNING:
        fault = "" if rendition.state in FINAL_RENDITION else rendition.fault_message
        return ": ".join(filter(None, [rendition.state.replace("_", " "), fault]))
    speed = f"{step.speed:.1f}x" if step.speed else ""
    left = f"{step.eta_seconds:.0f} s left" if step.eta_seconds is not None else ""
    return ", ".join(filter(None, [speed, left])) or "running"


def _why(job: Job) -> list[str]:
    """What went wrong, in words: the job's fault, then those of its renditions."""
    told = [f"The job ended as {job.state.replace('_', ' ')}."]
    if job.fault_code:
        told.append(f"{job.fault_message} ({job.fault_code})")
    for rendition in Rendition.objects.filter(job=job).exclude(state=RenditionState.SUCCEEDED):
        if rendition.fault_code:
            told.append(f"{rendition.key}: {rendition.fault_message} ({rendition.fault_code})")
    return told


def _results(job: Job) -> list[str]:
    """The manifest's URL; where the packaging has none, those of the files."""
    if job.manifest is not None:
        return [job.manifest.url]
    if job.command is not None:
        return [one.entry.url if one.destination is None else one.destination for one in results(job)]
    files = Output.objects.filter(job=job, kind=Output.Kind.RENDITION, state=OutputState.COMMITTED)
    return list(files.values_list("url", flat=True))
