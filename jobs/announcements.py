"""What a job's events say to those outside (`docs/webhooks.md`): read at the commit, so that it was true then.

Thin on purpose: ids, states, where the outputs lie and what they hash to. The API has the rest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from jobs import stores
from jobs.faults import Fault
from jobs.models import Job, Output, Rendition
from jobs.states import FINAL_JOB, JobState, OutputState

# More are counted, and found by the API; webhooks/payloads.py cuts further where the URLs are long.
MOST_OUTPUTS = 50
_MESSAGE_CHARACTERS = 1000

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class News:
    """An event as `transitions` notes it: of the job, or of one of its renditions."""

    type: str
    state: str
    rendition: str = ""
    fault: Fault | None = None
    progress: float | None = None


def brief(job_id: UUID, news: Sequence[News]) -> list[tuple[str, Document]]:
    """What nobody waits for is kept short: no query is made for it."""
    told: list[tuple[str, Document]] = []
    for one in news:
        document: Document = {"job": {"id": str(job_id)}}
        subject = (
            document.setdefault("rendition", {"key": one.rendition}) if one.rendition else document["job"]
        )
        subject["state"] = one.state
        if one.fault:
            subject["fault"] = _fault(one.fault.code, str(one.fault.bucket), one.fault.message)
        told.append((one.type, document))
    return told


def full(job_id: UUID, news: Sequence[News]) -> list[tuple[str, Document]]:
    """The same for an endpoint: two queries at most for the job's events, two more where renditions are told of."""
    job = (
        Job.objects.select_related("manifest", "encoder_identity", "preset")
        .defer("plan", "ladder")
        .get(id=job_id)
    )
    document = _of_job(job, encoder_revision=job.encoder_identity.revision if job.encoder_identity else None)
    told: list[tuple[str, Document]] = []
    renditions = {one.rendition for one in news if one.rendition}
    rows = (
        {row.key: row for row in Rendition.objects.filter(job=job, key__in=renditions)} if renditions else {}
    )
    files = _files(job, renditions) if renditions else {}
    for one in news:
        if one.rendition:
            payload: Document = {
                "job": document,
                "rendition": _rendition(rows[one.rendition], files.get(one.rendition)),
            }
        elif one.progress is not None:
            payload = {"job": {**document, "progress": round(one.progress, 4)}}
        elif one.state in FINAL_JOB:
            payload = {"job": {**document, **_outputs(job)}}
        else:
            payload = {"job": document}
        told.append((one.type, payload))
    return told


def accepted(job: Job) -> Document:
    """What `job.queued` says: for every job, from what is in memory."""
    return {"job": _of_job(job, encoder_revision=None)}


def _of_job(job: Job, *, encoder_revision: str | None) -> Document:
    """The part that every message about a job has."""
    return {
        "id": str(job.id),
        "state": str(job.state),
        "reference": job.reference,
        "preset": job.preset.name if job.preset else None,
        "encoder_revision": encoder_revision,
        "started_at": _moment(job.started_at),
        "finished_at": _moment(job.finished_at),
        "manifest": _place(job.manifest.url) if job.manifest else None,
        "fault": _fault(job.fault_code, job.fault_bucket, job.fault_message),
    }


def _outputs(job: Job) -> Document:
    """Only what there is: a job that failed has discarded its files, or keeps some that an operator may use."""
    if job.state not in (JobState.SUCCEEDED, JobState.PARTIAL):
        return {}
    committed = _committed(job).exclude(kind=Output.Kind.PLAYLIST).order_by("kind", "path")
    rows = list(committed[: MOST_OUTPUTS + 1])
    total = committed.count() if len(rows) > MOST_OUTPUTS else len(rows)
    names = _names(job)
    told = [{**_file(row), **names.get(row.path.rpartition("/")[2], {})} for row in rows[:MOST_OUTPUTS]]
    return {"outputs": told, "outputs_total": total}


def _names(job: Job) -> dict[str, Document]:
    """What a command's request calls its outputs, and where it wants them, by the name of the file."""
    given = job.command["outputs"] if job.command else {}
    named: dict[str, Document] = {}
    for name, text in given.items() if isinstance(given, Mapping) else ():
        is_place = "://" in text
        named[text.rpartition("/")[2]] = {"name": name, **({"delivered_url": text} if is_place else {})}
    return named


def _files(job: Job, renditions: set[str]) -> dict[str, Output]:
    rows = _committed(job).filter(rendition__key__in=renditions, kind=Output.Kind.RENDITION)
    return {row.rendition.key: row for row in rows if row.rendition}


def _committed(job: Job) -> Any:
    rows = Output.objects.filter(job=job, state=OutputState.COMMITTED)
    related = ("rendition", "attempt__encoder_identity")
    return rows.select_related(*related).defer(
        "probe", "index", "rendition__spec", "attempt__argv", "attempt__evidence"
    )


def _rendition(row: Rendition, output: Output | None) -> Document:
    return {
        "key": row.key,
        "state": str(row.state),
        "required": row.required,
        "output": _file(output) if output else None,
        "fault": _fault(row.fault_code, row.fault_bucket, row.fault_message),
    }


def _file(output: Output) -> Document:
    identity = output.attempt.encoder_identity
    return {
        "kind": str(output.kind),
        "rendition": output.rendition.key if output.rendition else None,
        **_place(output.url),
        "content_type": output.content_type,
        "size_bytes": output.size_bytes,
        "sha256": output.sha256,
        "duration_seconds": output.duration_seconds,
        "encoder_revision": identity.revision if identity and output.rendition else None,
    }


def _place(url: str) -> Mapping[str, str | None]:
    return {"url": url, "public_url": stores.public_url(url)}


def _fault(code: str, bucket: str, message: str) -> Document | None:
    return {"code": code, "bucket": bucket, "message": message[:_MESSAGE_CHARACTERS]} if code else None


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None
