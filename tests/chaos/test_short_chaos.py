"""The short storm of `make test`: one stack, a few jobs, the harshest faults. `make chaos` is the long one."""

from random import Random

from rich.console import Console

from tests.chaos import __main__ as chaos
from tests.chaos.faults import FAULTS

# The slowest first: the others happen meanwhile.
FEW = ("store-late", "kill-before-chord", "flushall-and-kill", "kill-worker")


def test_a_short_storm_loses_no_job_and_commits_nothing_twice():
    """What broke is on stdout, with ids; the data folder stays."""
    faults = [FAULTS[name] for name in FEW]
    assert chaos.run(faults, 6, Random(1), Console(width=160), seconds=90.0) == 0  # noqa: S311
