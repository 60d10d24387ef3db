"""The gate: a rendition with a minimum counts only when its quality was measured and found good enough.

Until then it stays `running`, although its own step is done and its files are committed: nobody hears of it, and no
manifest lists it. Every end of its quality step is the one who moves it on.
"""

from jobs import notes
from jobs.claims import Claim
from jobs.faults import Fault
from jobs.models import Output, Rendition, Step
from jobs.planner.quality import Raised
from jobs.states import OutputState, RenditionState, StepKind, StepState
from jobs.transitions import Change


def has_gate(rendition: Rendition) -> bool:
    """Also for kinds of rendition that are never measured."""
    quality = rendition.spec.get("quality")
    return quality is not None and quality["minimum"] is not None


def send_back(moves: Change, rendition: Rendition, better: Raised) -> None:
    """Below the minimum: encode it once more. The plan stays; the rendition's own specification says what is new.

    Its quality step waits again already, under the fence of the claim that has measured.
    """
    discard(moves, rendition)
    Rendition.objects.filter(id=rendition.id).update(spec=better.planned.to_json())
    moves.rendition(rendition, RenditionState.RUNNING, RenditionState.QUEUED)
    moves.reopen_step(rendition.step, StepState.READY, fresh=False, detail={"raised": better.change})


def give_up(moves: Change, held: Claim, fault: Fault, *, dead_letter: bool) -> None:
    """The quality step has failed for good: below the minimum twice, or nothing could be measured.

    With a gate that ends the rendition, since nobody knows whether it is good enough. Without one it costs a note.
    """
    rendition = Rendition.objects.get(job_id=held.job_id, key=held.key)
    if has_gate(rendition):
        discard(moves, rendition)
        state = RenditionState.DEAD_LETTER if dead_letter else RenditionState.FAILED
        moves.rendition(rendition, RenditionState.RUNNING, state, fault=fault)
    else:
        notes.add(held.job_id, f"The quality of {held.key!r} was not measured: {fault.message}")
    moves.open_barrier()


def drop_measurement(moves: Change, rendition: Rendition) -> None:
    """A rendition that will not come is not measured. Before the barrier opens, which would let its step run."""
    for step in Step.objects.filter(
        job_id=moves.job_id, kind=StepKind.QUALITY, key=rendition.key, state=StepState.BLOCKED
    ):
        moves.cancel_step(step)


def discard(moves: Change, rendition: Rendition) -> None:
    """All that the measured attempt has stored, its segments too."""
    committed = Output.objects.filter(rendition=rendition, state=OutputState.COMMITTED)
    attempts = list(committed.values_list("attempt_id", flat=True))
    moves.discard_outputs(Output.objects.filter(attempt_id__in=attempts), OutputState.COMMITTED)
