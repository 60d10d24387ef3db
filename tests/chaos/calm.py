"""After the storm: everything ends, and what ended badly through our doing runs again."""

import time

from tests.chaos.rig import Rig

_POLL_SECONDS = 0.5
_REQUEUEABLE = ("failed", "dead_letter", "partial")


def settle(rig: Rig, *, seconds: float) -> list[str]:
    """Wait for the jobs to end; requeue once what is no success; wait for those. The ids that were requeued.

    A step that lost three workers is a dead letter, and rightly so: an operator looks, and lets it run again.
    Returns early, with jobs unfinished, only after `seconds`; the invariants then say which.
    """
    deadline = time.monotonic() + seconds
    _wait_for_jobs(rig, deadline)
    bad = "SELECT id::text FROM jobs_job WHERE state = ANY(%s) ORDER BY id"
    requeued = [job for (job,) in rig.rows(bad, list(_REQUEUEABLE)) if rig.requeue(job)]
    _wait_for_jobs(rig, deadline)
    return requeued


def tidy(rig: Rig, *, seconds: float) -> None:
    """Give the collectors time: for discarded outputs, workspaces of dead attempts, encoders being stopped."""
    rig.collect()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not _is_tidy(rig):
        rig.watch()
        time.sleep(_POLL_SECONDS)


def _is_tidy(rig: Rig) -> bool:
    [(waiting,)] = rig.rows("SELECT count(*) FROM jobs_output WHERE state IN ('pending', 'discarded')")
    return not waiting and not rig.encoders() and not any((rig.work / "attempts").glob("*/*"))


def _wait_for_jobs(rig: Rig, deadline: float) -> None:
    unfinished = "SELECT count(*) FROM jobs_job WHERE finished_at IS NULL"
    while time.monotonic() < deadline and (rig.unanswered or rig.rows(unfinished) != [(0,)]):
        rig.watch()
        rig.post()
        time.sleep(_POLL_SECONDS)
