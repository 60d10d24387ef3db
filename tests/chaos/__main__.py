"""`python -m tests.chaos`: start a real stack, break it at random moments while jobs run, count what is lost.

Exit code 0 means that every invariant held. Otherwise it says which did not, with ids, and keeps the data folder.
The seed decides which faults meet which jobs and when; how far a job has come by then, the machine decides.
"""

import argparse
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

from rich.console import Console

from config.embedded import media
from config.embedded.programs import ROOT
from tests.chaos import calm, invariants, report
from tests.chaos.faults import FAULTS, Fault
from tests.chaos.rig import rig
from tests.chaos.storm import Storm

# Drawn again and again, after each fault had its turn: the ones that cost no waiting.
_AGAIN = ("kill-child", "kill-worker", "freeze-worker", "flushall", "flushall-and-kill", "drop-connections")
_MORE = 8
QUICK = ("kill-child", "kill-worker", "freeze-worker", "flushall-and-kill", "kill-before-chord")


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="default: a random one")
    parser.add_argument("--jobs", type=int, default=0, metavar="N", help="default 40; with --quick 6")
    parser.add_argument(
        "--only", action="append", default=[], choices=FAULTS, metavar="NAME", help=", ".join(FAULTS)
    )
    parser.add_argument("--quick", action="store_true", help=f"only {', '.join(QUICK)}")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, _interrupt)  # a `kill` stops the stack in order, as Ctrl-C does
    random = Random(arguments.seed)  # noqa: S311  a storm, not a secret
    faults = _chosen(arguments.only, random, quick=arguments.quick)
    jobs = arguments.jobs or (6 if arguments.quick else 40)
    console = Console()
    if not console.is_terminal:
        console.width = 160
    console.print(f"seed {arguments.seed}, {jobs} jobs, {len(faults)} faults")
    return run(faults, jobs, random, console)


def run(
    faults: Sequence[Fault], jobs: int, random: Random, console: Console, *, seconds: float = 420.0
) -> int:
    """One storm on a stack of its own; the exit code."""
    folder = Path(tempfile.mkdtemp(prefix="reelchord-chaos-", dir="/tmp"))
    began = time.monotonic()

    def say(text: str) -> None:
        console.print(f"{time.monotonic() - began:6.1f}  {text}", highlight=False)

    with rig(folder, media.clip(ROOT / ".cache"), random) as made:
        say("the stack is ready")
        storm = Storm(made, faults, jobs, say)
        storm.rage()
        say("the storm is over")
        requeued = calm.settle(made, seconds=seconds)
        calm.tidy(made, seconds=60.0)
        say("all is calm")
        found = report.figures(made)
        broken = invariants.breaches(made, frozenset(requeued))
    report.show(console, found, storm.injected, storm.impossible, len(requeued))
    if not broken:
        shutil.rmtree(folder, ignore_errors=True)
        console.print(f"Every invariant held, after {time.monotonic() - began:.0f} s.", style="green")
        return 0
    for line in broken:
        console.print(line, style="red", markup=False, highlight=False, soft_wrap=True)
    console.print(f"{len(broken)} breaches. Data, with the logs: {folder}")
    return 1


def _chosen(only: Sequence[str], random: Random, *, quick: bool) -> list[Fault]:
    names = list(only) or list(QUICK if quick else FAULTS)
    random.shuffle(names)
    if not only and not quick:
        names += random.choices(_AGAIN, k=_MORE)
    return [FAULTS[name] for name in names]


if __name__ == "__main__":
    sys.exit(main())
