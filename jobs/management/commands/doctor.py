"""`manage.py doctor`: what this machine can do, on one screen. Ends with 1 if a worker could not do its work here."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from adapters.ffmpeg.sandbox import launch
from jobs import diagnosis
from jobs.diagnosis import Finding, Level

_SIGNS: dict[Level, tuple[str, str]] = {
    "ok": ("ok", "green"),
    "note": ("-", "dim"),
    "warning": ("warning", "yellow"),
    "missing": ("MISSING", "bold red"),
}


class Command(BaseCommand):
    help = "Say what this machine can do, and what a worker would miss."
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one document instead of a table")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            findings = list(diagnosis.examine())
        finally:
            launch.close()
        missing = [f"{one.area}/{one.name}" for one in findings if one.level == "missing"]
        if options["json"]:
            document = {"ok": not missing, "findings": [asdict(one) for one in findings]}
            self.stdout.write(json.dumps(document, indent=2, ensure_ascii=False))
        else:
            console = Console(file=self.stdout, highlight=False)  # type: ignore[arg-type]  # it writes, as a file does
            console.print(_table(findings))
        if missing:
            raise CommandError(f"A worker cannot do its work here: {', '.join(missing)}.", returncode=1)


def _table(findings: list[Finding]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for _ in range(2):
        table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(justify="right", no_wrap=True)
    area = ""
    for one in findings:
        sign, style = _SIGNS[one.level]
        took = "" if one.milliseconds is None else f"{one.milliseconds:.1f} ms"
        # What others wrote is text, never markup.
        cells = (one.name, one.detail, took)
        name, detail, time = (Text(cell) for cell in cells)
        table.add_row(
            Text("" if one.area == area else one.area, "bold"), name, Text(sign, style), detail, time
        )
        area = one.area
    return table
