"""`python -m tests.ladders`: every shipped preset, and a group, on every film, as real jobs; a table of the outcomes.

What was as it should be is not done again while the product and the encoder stay the same, so a run that was broken
off goes on where it was; `--again` does all of it. The table is kept in `.cache/ladders/`. Exit code 0: all cells
are explained, each a verified ladder or a fault that names what is wrong with the file.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from config.embedded import media
from config.embedded.programs import ROOT
from tests.ladders.cast import FILMS, PRESETS, REFUSED

_WRONG = "not as it should be"
_PRODUCT = ("adapters", "jobs", "tests/ladders")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.ladders", description=__doc__)
    presets = [*PRESETS]
    films = [*FILMS, *REFUSED]
    parser.add_argument("--preset", action="append", choices=presets, metavar="NAME", help=", ".join(presets))
    parser.add_argument("--film", action="append", choices=films, metavar="NAME", help=", ".join(films))
    parser.add_argument("--again", action="store_true", help="whatever was found before")
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    file = ROOT / ".cache" / "ladders" / f"{_fingerprint()}.jsonl"
    if arguments.again:
        file.unlink(missing_ok=True)
    wished = [(one, film) for one in arguments.preset or presets for film in arguments.film or films]
    missing = [cell for cell in wished if _known(file).get(cell, (_WRONG, 0))[0] == _WRONG]
    code = _run(missing, file, arguments.processes) if missing else 0
    known = _known(file)
    _show(known, arguments.preset or presets, arguments.film or films)
    return code or int(any(known.get(cell, ("", 0))[0] == _WRONG for cell in wished))


def _run(cells: list[tuple[str, str]], file: Path, processes: int) -> int:
    test = "tests/ladders/test_ladders.py::test_every_preset_on_every_film_is_a_true_one"
    argv = [sys.executable, "-m", "pytest", "-m", "thorough", "-n", str(processes), "-q", "--tb=short"]
    argv += [f"{test}[{film}-{preset}]" for preset, film in cells]
    return subprocess.run(
        argv, cwd=ROOT, env=os.environ | {"REELCHORD_LADDERS": str(file)}, check=False
    ).returncode


def _fingerprint() -> str:
    """Of the product, these checks and the encoder."""
    digest = hashlib.sha256(media.ffmpeg().name.encode())
    for folder in _PRODUCT:
        for file in sorted((ROOT / folder).rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _known(file: Path) -> dict[tuple[str, str], tuple[str, float]]:
    if not file.exists():
        return {}
    rows = map(json.loads, file.read_text().splitlines())
    return {(row["preset"], row["film"]): (row["outcome"], row["seconds"]) for row in rows}


def _show(
    known: dict[tuple[str, str], tuple[str, float]], presets: Iterable[str], films: Iterable[str]
) -> None:
    console = Console()
    if not console.is_terminal:
        console.width = 220
    table = Table("film", *presets)
    for film in films:
        row = []
        for preset in presets:
            outcome, seconds = known.get((preset, film), ("-", 0.0))
            colour = "red" if outcome == _WRONG else "green" if outcome == "verified" else "yellow"
            row.append(f"[{colour}]{outcome}[/] {seconds:.0f} s")
        table.add_row(film, *row)
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
