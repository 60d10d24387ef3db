"""The table at the end: what was done to the stack, and what became of the jobs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tests.chaos.faults import FAULTS
from tests.chaos.rig import Rig


@dataclass(frozen=True, slots=True)
class Figures:
    """`lost_to_start`: from a lost attempt's end to the next attempt's start; `kill_to_start`: from the harm on. A
    wait for a free slot is part of both: compare `in_queue`, of all attempts that encode. `kill_to_due` is without:
    until the step was ready again, its lease expired and its back-off over. Seconds, by the database's clock."""

    states: Mapping[str, int]
    attempts: Mapping[str, int]
    losses: int
    double_commits: int
    lost_to_start: Sequence[float]
    kill_to_start: Sequence[float]
    kill_to_due: Sequence[float]
    in_queue: Sequence[float]


def figures(rig: Rig) -> Figures:
    losses = "SELECT id::text, state FROM jobs_job WHERE state <> 'succeeded'"
    doubles = (
        "SELECT count(*) FROM (SELECT rendition_id FROM jobs_output WHERE state = 'committed'"
        " AND rendition_id IS NOT NULL GROUP BY rendition_id HAVING count(*) > 1) AS twice"
    )
    waits = (
        "SELECT extract(epoch FROM n.started_at - a.finished_at)::float FROM jobs_attempt a"
        " CROSS JOIN LATERAL (SELECT started_at FROM jobs_attempt n"
        "  WHERE n.step_id = a.step_id AND n.epoch = a.epoch + 1) n WHERE a.state = 'lost'"
    )
    in_queue = (
        "SELECT extract(epoch FROM started_at - queued_at)::float FROM jobs_attempt"
        " WHERE rendition_id IS NOT NULL"
    )
    [(double_commits,)] = rig.rows(doubles)
    due, started = _after_kill(rig)
    return Figures(
        states=dict(rig.rows("SELECT state, count(*) FROM jobs_job GROUP BY state")),
        attempts=dict(rig.rows("SELECT state, count(*) FROM jobs_attempt GROUP BY state")),
        losses=sum(job not in rig.cancelled for job, _ in rig.rows(losses)) + len(rig.unanswered),
        double_commits=double_commits,
        lost_to_start=[seconds for (seconds,) in rig.rows(waits)],
        kill_to_start=started,
        kill_to_due=due,
        in_queue=[seconds for (seconds,) in rig.rows(in_queue)],
    )


def _after_kill(rig: Rig) -> tuple[list[float], list[float]]:
    """Until the step was due again, and until it started: of attempts that really ended as lost. (A frozen worker
    may have been thawed in time.)"""
    next_of = {
        (step, epoch - 1): (due, started)
        for step, epoch, due, started in rig.rows(
            "SELECT step_id::text, epoch, queued_at, started_at FROM jobs_attempt"
        )
    }
    gone = set(rig.rows("SELECT step_id::text, epoch FROM jobs_attempt WHERE state = 'lost'"))
    measured = [loss for loss in rig.losses if (loss.step_id, loss.epoch) in gone & next_of.keys()]
    dues, starts = [], []
    for loss in measured:
        due, started = next_of[(loss.step_id, loss.epoch)]
        dues.append((due - loss.at).total_seconds())
        starts.append((started - loss.at).total_seconds())
    return dues, starts


def show(
    console: Console,
    found: Figures,
    injected: Counter[str],
    impossible: Mapping[str, str],
    requeued: int,
) -> None:
    faults = Table("fault", "", "times", title="Faults injected")
    for name, fault in FAULTS.items():
        if name in impossible:
            faults.add_row(name, escape(fault.title), f"not possible here: {impossible[name]}")
        elif injected[name]:
            faults.add_row(name, escape(fault.title), str(injected[name]))
    console.print(faults)
    results = Table("", "", title="What became of the jobs")
    results.add_row("jobs", _counts(found.states))
    results.add_row("requeued after the storm", str(requeued))
    results.add_row("attempts", _counts(found.attempts))
    results.add_row("losses", _must_be_none(found.losses))
    results.add_row("double commits", _must_be_none(found.double_commits))
    results.add_row("re-dispatch: kill to due again", _quantiles(found.kill_to_due))
    results.add_row("re-dispatch: kill to the next start", _quantiles(found.kill_to_start))
    results.add_row("re-dispatch: end of a lost attempt to the next start", _quantiles(found.lost_to_start))
    results.add_row("time in queue of all attempts that encode", _quantiles(found.in_queue))
    console.print(results)


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "none"


def _must_be_none(count: int) -> str:
    return "0" if count == 0 else f"[bold red]{count}[/]"


def _quantiles(seconds: Sequence[float]) -> str:
    """p50 and p95 by the nearest rank."""
    if not seconds:
        return "none"
    ranked = sorted(seconds)
    p50, p95 = (ranked[max(0, -(-len(seconds) * percent // 100) - 1)] for percent in (50, 95))
    return f"p50 {p50:.1f} s, p95 {p95:.1f} s, of {len(seconds)}"
