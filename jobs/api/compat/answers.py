"""What both shapes say of a job: where its files are, how long it took, what went wrong."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.http import Http404
from rest_framework.request import Request
from rest_framework.serializers import UUIDField, ValidationError

from adapters.ffmpeg.commandline.errors import CommandRefused
from adapters.storage.base import StorageError
from adapters.storage.location import parse_object
from jobs import placing, stores
from jobs.api.authentication import account_of
from jobs.models import Job
from jobs.results import Result, results
from jobs.states import JobState

SUCCEEDED = frozenset({JobState.SUCCEEDED, JobState.PARTIAL})
# The events that end a job: these APIs send no others.
FINAL_EVENTS = ("job.succeeded", "job.partial", "job.failed", "job.dead_lettered", "job.cancelled")


def find(request: Request, interface: str, text: str) -> Job:
    """The account's job of this interface. Raises Http404 for any other, and for what is no id."""
    try:
        id_ = UUIDField().to_internal_value(text)
    except ValidationError as error:
        raise Http404 from error
    jobs = Job.objects.filter(account=account_of(request), interface=interface).defer("plan", "ladder")
    job = jobs.filter(id=id_).first()
    if job is None:
        raise Http404
    return job


def made(job: Job) -> list[Result]:
    """What the job has made, once it is all there."""
    if job.state not in SUCCEEDED:
        return []
    try:
        return results(job)
    except CommandRefused:
        # Accepted by rules that have become stricter since; the files are listed by /api/v1/jobs/{id}/outputs.
        return []


def link(result: Result) -> str:
    """Where the output can be had: a public URL, or one that is signed and expires; at its own place, if it has one."""
    if result.destination is not None:
        url = placing.target_of(result, result.entry)
        url = parse_object(url).url
    else:
        url = result.entry.url
    public = stores.public_url(url)
    if public is not None:
        return public
    try:
        return stores.storages().for_url(url).presign(url, expires_seconds=settings.DOWNLOAD_URL_SECONDS)
    except StorageError:
        return url


def duration(found: Iterable[Result]) -> float | None:
    """Of the first file that has one, seconds."""
    return next((file.duration_seconds for one in found for file in one.files if file.duration_seconds), None)


def total_seconds(job: Job) -> float | None:
    """From the first worker's touch to the end."""
    if job.started_at is None or job.finished_at is None:
        return None
    return round((job.finished_at - job.started_at).total_seconds(), 3)


def failure(job: Job) -> dict[str, Any] | None:
    """Code and sentence of a job that ended badly; None for any other."""
    if job.state in SUCCEEDED or not job.fault_code:
        return None
    return {"code": job.fault_code, "message": job.fault_message}
