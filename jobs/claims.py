"""What a worker holds while it works: a step, in one epoch."""

from dataclasses import dataclass
from uuid import UUID

from jobs.states import StepKind


@dataclass(frozen=True, slots=True)
class Claim:
    """`epoch` is the fence: what this claim commits counts only while it is the step's.

    `lapsed` claims are held by the conductor in place of a silent worker: they end only if the lease has run out,
    so a heartbeat that came in the meantime wins. `encoder_revision` is the one that was asked for, if any; `group`
    the rendition's, if its plan has one.
    """

    step_id: UUID
    job_id: UUID
    kind: StepKind
    key: str
    queue: str
    epoch: int
    attempts: int
    attempt_id: UUID
    worker: str
    encoder_revision: str = ""
    lapsed: bool = False
    group: str | None = None

    @property
    def actor(self) -> str:
        """Who acts, for the audit trail."""
        return "conductor" if self.lapsed else f"worker:{self.worker}"

    @property
    def label(self) -> str:
        """The step's name, as people know it."""
        return f"{self.kind} {self.key}".strip()
