"""One job on one page: what was asked for, what the source is, what was planned, what came out, and by whose hand."""

import shlex
from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.urls import reverse

from audit.models import AuditEvent
from jobs import stores
from jobs.console import cells, quality_section, source_section
from jobs.console.sections import Cell, Facts, Notes, Section, Table, Text, columns, notice, numbers
from jobs.models import Attempt, Job, Output, Preset, Rendition, Source, Step
from jobs.planner.specs import NO_PACKAGING
from jobs.states import OutputState, StepState

REFRESH_SECONDS = 5
# Each page holds at most so many rows of a kind; a job seldom has a tenth of it.
MOST_ROWS = 300


def sections(job: Job) -> list[Section]:
    """Nine queries, one more where something was looked for, however much the job holds."""
    sources = list(Source.objects.filter(job=job).order_by("position"))
    source = sources[0] if sources else None
    renditions = list(Rendition.objects.filter(job=job).select_related("step"))
    attempts = list(attempts_of(job))
    outputs = list(Output.objects.filter(job=job).select_related("rendition").defer("probe", "index"))
    steps = list(Step.objects.filter(job=job).order_by("id"))
    events = list(AuditEvent.objects.filter(job_id=job.id).order_by("-id")[:MOST_ROWS])
    probe, still = source_section.read(source)
    found: list[Section | None] = [
        *notice(job.fault_code, job.fault_bucket, job.fault_message, job.fault_detail),
        _facts(job, events),
        _command(job),
        source_section.facts(source, probe, still),
        source_section.streams(probe),
        source_section.others(sources[1:]),
        _plan(job),
        _notes(job),
        _renditions(renditions, attempts, outputs),
        quality_section.curves(job),
        quality_section.warnings(job),
        _attempts(attempts),
        _outputs(job, outputs),
        _steps(steps),
        _trail(events),
    ]
    return [section for section in found if section is not None]


def attempts_of(job: Job) -> "Sequence[Attempt]":
    """The newest ones first fetched, in the order of time."""
    related = ("step", "rendition", "encoder_identity", "stderr")
    newest = (
        Attempt.objects.filter(job=job)
        .select_related(*related)
        .defer("argv", "evidence", "stderr__content")
        .order_by("-id")[:MOST_ROWS]
    )
    return list(newest)[::-1]


def wish_of(preset: Preset | None, is_command: bool) -> str:
    """What a job was asked to make, in a word or two."""
    return str(preset) if preset else "command" if is_command else "own ladder"


def _facts(job: Job, events: list[AuditEvent]) -> Facts:
    # With more events than are shown, the first of these is not the job's first.
    submitted_by = events[-1].actor if events and len(events) < MOST_ROWS else cells.NOTHING
    identity = job.encoder_identity
    rows: list[tuple[str, Cell]] = [
        ("Id", cells.code(job.id)),
        ("Account", job.account.slug),
        ("Submitted by", submitted_by),
        ("Reference", cells.code(job.reference)),
        ("Wish", wish_of(job.preset, job.command is not None)),
        ("Created (UTC)", cells.when(job.created_at)),
        ("Started", cells.when(job.started_at)),
        ("Finished", cells.when(job.finished_at)),
        ("Time limit", f"{cells.span(job.timeout_seconds)} for each attempt"),
        ("Destination", cells.code(job.destination)),
        (
            "Encoder at submission",
            encoder_link(identity.pk, identity.revision) if identity else cells.NOTHING,
        ),
    ]
    if job.manifest:
        public = stores.public_url(job.manifest.url)
        shown = cells.outside(public, public) if public else cells.code(job.manifest.url)
        rows.append(("Manifest", shown))
    if job.metadata:
        rows.append(("Metadata", cells.document(job.metadata)))
    return Facts("Job", rows)


def _command(job: Job) -> Text | None:
    """As it was posted: what ran instead stands with each attempt."""
    if job.command is None:
        return None
    posted = job.command["command"]
    return Text("Command, as posted", posted if isinstance(posted, str) else shlex.join(posted))


def _plan(job: Job) -> Facts | None:
    plan: dict[str, Any] | None = job.plan
    if not plan or job.command is not None:
        return None
    if plan["packaging"] == NO_PACKAGING:
        return Facts("Plan", [("Packaging", "none: extras alone")])
    return Facts(
        "Plan",
        [
            ("Packaging", plan["packaging"]),
            ("Segment", f"{_decimal(plan['segment_seconds'])} s"),
            ("GOP", f"{_decimal(plan['gop_seconds'])} s"),
            ("Frame rate", f"{_decimal(plan['frame_rate'])} fps" if plan["frame_rate"] else cells.NOTHING),
        ],
    )


def _decimal(fraction: str) -> str:
    """`30000/1001` as 29.97."""
    over, _, under = fraction.partition("/")
    return f"{int(over) / int(under or 1):.3f}".rstrip("0").rstrip(".")


def _notes(job: Job) -> Notes | None:
    if not job.plan or job.command is not None:
        return None
    return Notes("Where the plan departs from the ladder", job.plan["notes"], empty="Nowhere.")


def _renditions(renditions: list[Rendition], attempts: list[Attempt], outputs: list[Output]) -> Table:
    made = [
        one for one in outputs if one.state == OutputState.COMMITTED and one.kind == Output.Kind.RENDITION
    ]
    committed = {output.rendition_id: output for output in made}
    sizes = Counter({one.rendition_id: 0 for one in made})
    for one in made:
        sizes[one.rendition_id] += one.size_bytes
    rows: list[list[Cell]] = []
    for row in renditions:
        encode = row.spec.get("encode", {})
        coders = [encode[kind]["encoder"] for kind in ("video", "audio") if encode.get(kind)]
        output = committed.get(row.id)
        seconds = output.duration_seconds if output else None
        kbps = output.size_bytes * 8 / seconds / 1000 if output and seconds else None
        speed = row.step.speed
        rows.append(
            [
                cells.clipped(row.key, under="" if row.required else "optional"),
                cells.badge(row.state),
                cells.bar(row.step.progress, row.state),
                f"{speed:.2f}x" if speed else cells.NOTHING,
                _resolution(encode),
                " + ".join(coders) or _made(row.kind, encode),
                str(sum(attempt.rendition_id == row.id for attempt in attempts)),
                cells.size(sizes.get(row.id)),
                cells.rate(kbps),
                cells.fault(row.fault_code, row.fault_message),
            ]
        )
    heads = [
        *columns("Rendition", "State", "Progress"),
        *numbers("Speed", "Resolution"),
        *columns("Encoder"),
        *numbers("Attempts", "Size", "Bit rate"),
        *columns("Fault"),
    ]
    return Table("Renditions", heads, rows, empty="None planned yet.")


def _resolution(encode: dict[str, Any]) -> Cell:
    """Of a film, or of the first of an extra's pictures."""
    picture = encode.get("video") or next(iter(encode.get("pictures", ())), None) or encode
    return f"{picture['width']}x{picture['height']}" if picture.get("width") else cells.NOTHING


def _made(kind: str, encode: dict[str, Any]) -> str:
    """An extra's kind, and of how many pictures it is. Media info is encoded by nobody."""
    count = len(encode.get("pictures", ()))
    name = str(encode.get("kind", "media info" if kind == "extra" else kind)).replace("_", " ")
    return f"{name}, {count} files" if count > 1 else name


def _attempts(attempts: list[Attempt]) -> Table:
    heads = [
        *columns("Attempt", "Step, encoder revision", "State", "Worker, queue", "Started"),
        *numbers("Waited", "Wall", "CPU", "Memory", "Exit"),
        *columns("Fault", "stderr"),
    ]
    rows: list[list[Cell]] = [
        [
            cells.link(attempt_url(attempt), f"#{attempt.epoch}"),
            cells.clipped(
                str(attempt.step),
                under=attempt.encoder_identity.revision if attempt.encoder_identity else "",
            ),
            cells.badge(attempt.state),
            cells.clipped(attempt.worker, under=attempt.queue),
            cells.when(attempt.started_at),
            cells.span(waited_seconds(attempt)),
            cells.span(attempt.wall_seconds),
            cells.span(attempt.cpu_seconds),
            cells.size(attempt.peak_rss_bytes),
            exit_of(attempt),
            cells.fault(attempt.fault_code, attempt.fault_message),
            cells.link(f"{attempt_url(attempt)}#stderr", cells.size(attempt.stderr.size_bytes))
            if attempt.stderr
            else cells.NOTHING,
        ]
        for attempt in attempts
    ]
    note = f"The newest {MOST_ROWS}." if len(rows) == MOST_ROWS else ""
    return Table("Attempts", heads, rows, empty="No worker has taken a step yet.", note=note)


def _outputs(job: Job, outputs: list[Output]) -> Table | None:
    if not outputs:
        return None
    rows: list[list[Cell]] = []
    for output in outputs[:MOST_ROWS]:
        public = stores.public_url(output.url) if output.state == OutputState.COMMITTED else None
        rows.append(
            [
                cells.outside(public, output.path) if public else cells.code(output.path),
                output.kind,
                cells.badge(output.state),
                cells.size(output.size_bytes),
                cells.span(output.duration_seconds),
                cells.code(output.codecs),
                cells.code(output.sha256),
            ]
        )
    heads = [
        *columns("Path", "Kind", "State"),
        *numbers("Size", "Length"),
        *columns("Codecs", "SHA-256"),
    ]
    return Table("Outputs", heads, rows, note=f"Beneath {job.destination}{job.id}/")


def _steps(steps: list[Step]) -> Table:
    heads = [
        *columns("Step", "State", "Queue", "Owner"),
        *numbers("Epoch", "Attempts", "Hints"),
        *columns("Ready", "Not before", "Lease until"),
    ]
    rows: list[list[Cell]] = [
        [
            str(step),
            cells.badge(step.state),
            step.queue,
            step.owner or cells.NOTHING,
            str(step.epoch),
            str(step.attempts),
            str(step.hints),
            cells.when(step.ready_at),
            cells.when(step.dispatch_after if step.state == StepState.READY else None),
            cells.when(step.lease_until),
        ]
        for step in steps
    ]
    return Table("Steps", heads, rows)


def _trail(events: list[AuditEvent]) -> Table:
    rows: list[list[Cell]] = [
        [
            cells.when(event.at),
            " ".join(filter(None, [event.subject, event.label])),
            cells.badge(event.from_state) if event.from_state else cells.NOTHING,
            cells.badge(event.to_state),
            event.actor,
            detail_of(event.detail),
        ]
        for event in reversed(events)
    ]
    note = f"The newest {MOST_ROWS}." if len(rows) == MOST_ROWS else ""
    return Table(
        "Audit trail",
        columns("At (UTC)", "What", "From", "To", "By", "Detail"),
        rows,
        note=note,
        empty="Empty.",
    )


# --- shared with the other pages --------------------------------------------------------------------------
def detail_of(detail: dict[str, Any]) -> Cell:
    return ", ".join(f"{name}: {value}" for name, value in detail.items()) or cells.NOTHING


def attempt_url(attempt: Attempt) -> str:
    return reverse("admin:jobs_attempt_change", args=[attempt.pk])


def encoder_link(pk: int, revision: str) -> Cell:
    return cells.link(reverse("admin:audit_encoderidentity_change", args=[pk]), revision)


def waited_seconds(attempt: Attempt) -> float:
    return max((attempt.started_at - attempt.queued_at).total_seconds(), 0.0)


def exit_of(attempt: Attempt) -> Cell:
    """The exit code, or the signal, or why it was stopped."""
    if attempt.stop_reason:
        return cells.words(attempt.stop_reason)
    if attempt.signal is not None:
        return cells.signal_name(attempt.signal)
    return str(attempt.exit_code) if attempt.exit_code is not None else cells.NOTHING
