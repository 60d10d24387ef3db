"""The states, and the moves allowed between them. Pure: `transitions` is what writes them.

Each state says who moves it on. A state without moves is final.
"""

from enum import StrEnum


class JobState(StrEnum):
    QUEUED = "queued"  # the worker that claims the ingest step
    INGESTING = "ingesting"  # the commit of the ingest step
    PLANNING = "planning"  # the commit of the plan step
    RUNNING = "running"  # the worker that claims the manifest step, after the last rendition
    ASSEMBLING = "assembling"  # the commit of the manifest step
    DELIVERING = "delivering"  # the commit of the last delivery step
    SUCCEEDED = "succeeded"  # final
    PARTIAL = "partial"  # final, until an operator requeues what is missing
    FAILED = "failed"  # final
    DEAD_LETTER = "dead_letter"  # final, until an operator requeues it
    CANCELLED = "cancelled"  # final


class StepState(StrEnum):
    BLOCKED = "blocked"  # the barrier: the commit of the last step that it waits for; the end of a rendition in vain
    READY = "ready"  # the worker that claims it; the conductor sends it hints
    RUNNING = "running"  # its worker's commit; the conductor, when the lease has expired
    DONE = "done"  # final; a rendition's, with a gate, until the quality step that measures it is
    FAILED = "failed"  # final, until an operator requeues it
    CANCELLED = (
        "cancelled"  # final, until an operator requeues a job or a rendition that it was cancelled with
    )


class RenditionState(StrEnum):
    QUEUED = "queued"  # the worker that claims its step
    RUNNING = "running"  # that worker's commit; with a gate, the commit of the quality step that measures it
    SUCCEEDED = "succeeded"  # final
    FAILED = "failed"  # final
    DEAD_LETTER = "dead_letter"  # final, until an operator requeues it
    CANCELLED = "cancelled"  # final


class AttemptState(StrEnum):
    RUNNING = "running"  # its worker; the conductor, when the lease has expired
    SUCCEEDED = "succeeded"  # final
    FAILED = "failed"  # final
    CANCELLED = "cancelled"  # final: by the customer, or handed back by a worker told to stop
    LOST = "lost"  # final: its lease expired


class OutputState(StrEnum):
    PENDING = "pending"  # the commit of its attempt; whoever ends that attempt otherwise
    COMMITTED = "committed"  # final, until its job is cancelled
    DISCARDED = "discarded"  # the collector, which deletes the object
    DELETED = "deleted"  # final: the row stays as evidence, the object is gone


class StepKind(StrEnum):
    INGEST = "ingest"
    PLAN = "plan"
    RENDITION = "rendition"
    EXTRA = "extra"
    QUALITY = "quality"
    DETECTION = "detection"
    MANIFEST = "manifest"
    DELIVERY = "delivery"


State = JobState | StepState | RenditionState | AttemptState | OutputState

_J, _S, _R, _A, _O = JobState, StepState, RenditionState, AttemptState, OutputState
_STOPS = {_J.FAILED, _J.DEAD_LETTER, _J.CANCELLED}

# One table for each machine: members of different StrEnums with one value are equal, and would share a key.
MOVES: dict[type[State], dict[str, frozenset[str]]] = {
    JobState: {
        _J.QUEUED: frozenset({_J.INGESTING, *_STOPS}),
        _J.INGESTING: frozenset({_J.PLANNING, *_STOPS}),
        _J.PLANNING: frozenset({_J.RUNNING, *_STOPS}),
        _J.RUNNING: frozenset({_J.ASSEMBLING, *_STOPS}),
        _J.ASSEMBLING: frozenset({_J.DELIVERING, _J.SUCCEEDED, _J.PARTIAL, *_STOPS}),
        _J.DELIVERING: frozenset({_J.SUCCEEDED, _J.PARTIAL, *_STOPS}),
        _J.SUCCEEDED: frozenset(),
        _J.PARTIAL: frozenset({_J.RUNNING}),
        _J.FAILED: frozenset({_J.QUEUED, _J.RUNNING}),
        _J.DEAD_LETTER: frozenset({_J.QUEUED, _J.RUNNING}),
        _J.CANCELLED: frozenset(),
    },
    StepState: {
        _S.BLOCKED: frozenset({_S.READY, _S.CANCELLED}),
        _S.READY: frozenset({_S.RUNNING, _S.FAILED, _S.CANCELLED}),
        _S.RUNNING: frozenset({_S.DONE, _S.READY, _S.BLOCKED, _S.FAILED, _S.CANCELLED}),
        _S.DONE: frozenset({_S.READY, _S.BLOCKED}),
        _S.FAILED: frozenset({_S.READY, _S.BLOCKED}),
        _S.CANCELLED: frozenset({_S.READY, _S.BLOCKED}),
    },
    RenditionState: {
        _R.QUEUED: frozenset({_R.RUNNING, _R.FAILED, _R.DEAD_LETTER, _R.CANCELLED}),
        _R.RUNNING: frozenset({_R.QUEUED, _R.SUCCEEDED, _R.FAILED, _R.DEAD_LETTER, _R.CANCELLED}),
        _R.SUCCEEDED: frozenset(),
        _R.FAILED: frozenset({_R.QUEUED}),
        _R.DEAD_LETTER: frozenset({_R.QUEUED}),
        _R.CANCELLED: frozenset(),
    },
    AttemptState: {
        _A.RUNNING: frozenset({_A.SUCCEEDED, _A.FAILED, _A.CANCELLED, _A.LOST}),
        _A.SUCCEEDED: frozenset(),
        _A.FAILED: frozenset(),
        _A.CANCELLED: frozenset(),
        _A.LOST: frozenset(),
    },
    OutputState: {
        _O.PENDING: frozenset({_O.COMMITTED, _O.DISCARDED}),
        _O.COMMITTED: frozenset({_O.DISCARDED}),
        _O.DISCARDED: frozenset({_O.DELETED}),
        _O.DELETED: frozenset(),
    },
}

# Final for this run of the job; an operator's requeue is the only way out, where there is one. But for the step of
# a rendition that its gate sends back: the barrier waits for the quality step beside it.
FINAL_JOB = frozenset({_J.SUCCEEDED, _J.PARTIAL, _J.FAILED, _J.DEAD_LETTER, _J.CANCELLED})
FINAL_STEP = frozenset({_S.DONE, _S.FAILED, _S.CANCELLED})
FINAL_RENDITION = frozenset({_R.SUCCEEDED, _R.FAILED, _R.DEAD_LETTER, _R.CANCELLED})


def sources(to: State) -> tuple[str, ...]:
    """The states from which `to` may be reached, sorted: the WHERE of a conditional update."""
    return tuple(sorted(str(state) for state, targets in MOVES[type(to)].items() if to in targets))
