"""`python -m tests.bench [part ...] [--quick]`: what the service costs beside the bare tools.

It starts a whole stack of its own in a temporary folder, and measures in turns (A B A B ...), so that a machine
with other things to do slows down both sides. Trust the ratios, not the times.
"""

import argparse
import os
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from config.embedded.programs import ROOT
from tests.bench import group, inbound, ladder, post, remux, sandbox, webhooks
from tests.bench.bed import Bed, bed
from tests.bench.results import Row, keep, table
from tests.bench.sources import short_clip

# Without a terminal, rich assumes 80 columns.
WIDTH_WITHOUT_TERMINAL = 160

Part = Callable[[Bed], list[Row]]

# In this order: `post` and `inbound` stop the workers.
FULL: dict[str, Part] = {
    "sandbox": lambda bed: sandbox.measure(bed, starts=40, encodes=7),
    "remux": lambda bed: remux.measure(bed, pairs=30, bursts=3, burst_jobs=100),
    "ladder": lambda bed: ladder.measure(bed, pairs=3),
    "group": lambda bed: group.measure(bed, pairs=5, speed="veryfast"),
    "group-medium": lambda bed: group.measure(bed, pairs=5, speed="medium"),
    "webhooks": lambda bed: webhooks.measure(bed, pairs=5, deliveries=2000, spaced=40),
    "post": lambda bed: post.measure(bed, pairs=5, requests=1000),
    "inbound": lambda bed: inbound.measure(bed, pairs=5, requests=1000),
}
QUICK: dict[str, Part] = {
    "sandbox": lambda bed: sandbox.measure(bed, starts=10, encodes=1),
    "remux": lambda bed: remux.measure(bed, pairs=5, bursts=1, burst_jobs=20),
    "ladder": lambda bed: ladder.measure(bed, pairs=1, seconds=4),
    "group": lambda bed: group.measure(bed, pairs=1, speed="veryfast", seconds=10),
    "group-medium": lambda bed: group.measure(bed, pairs=1, speed="medium", seconds=10),
    "webhooks": lambda bed: webhooks.measure(bed, pairs=1, deliveries=400, spaced=6),
    "post": lambda bed: post.measure(bed, pairs=1, requests=200),
    "inbound": lambda bed: inbound.measure(bed, pairs=1, requests=200),
}


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"{', '.join(FULL)} (default: all)")
    parser.add_argument(
        "--quick", action="store_true", help="few repetitions, a short clip: does it run at all?"
    )
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - set(FULL):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    parts = QUICK if arguments.quick else FULL

    console = Console()
    if not console.is_terminal:
        console.width = WIDTH_WITHOUT_TERMINAL
    signal.signal(signal.SIGTERM, _interrupt)  # a `kill` stops the stack in order, as Ctrl-C does
    # The stack inherits it, and listens to Stripe.
    os.environ["INBOUND_SECRETS_STRIPE"] = inbound.SECRET
    rows: list[Row] = []
    with (
        tempfile.TemporaryDirectory(prefix="reelchord-bench-") as folder,
        console.status("Starting a stack ...") as status,
        bed(Path(folder), short_clip()) as made,
    ):
        for name, measure in parts.items():
            if not arguments.parts or name in arguments.parts:
                status.update(f"Measuring: {name} ...")
                rows += measure(made)
    console.print(table(rows))
    console.print(f"All samples: {keep(rows, ROOT / '.run' / 'bench').relative_to(ROOT)}")


if __name__ == "__main__":
    main()
