"""`manage.py prune_outputs`: collect what dead workers left, in the destinations and on this machine."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand

from jobs import pruning
from jobs.models import Output
from jobs.states import OutputState


class Command(BaseCommand):
    help = "Delete discarded and orphaned objects, broken-off uploads and left workspaces. Never a committed output."
    requires_system_checks = ["settings"]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--hours", type=float, default=24.0, help="look at jobs that lost an attempt within (default 24)"
        )
        parser.add_argument("--dry-run", action="store_true", help="only name what would go")

    def handle(self, *args: Any, **options: Any) -> None:
        since = timedelta(hours=options["hours"])
        if options["dry_run"]:
            discarded = Output.objects.filter(state=OutputState.DISCARDED).values_list("url", flat=True)
            for kind, names in (
                ("discarded", discarded.order_by("created_at").iterator()),
                ("orphan", (orphan.url for orphan in pruning.orphans(since))),
                ("workspace", map(str, pruning.workspaces())),
            ):
                for name in names:
                    self.stdout.write(f"{kind}  {name}")
            return
        discarded_count = 0
        while pruned := pruning.prune_discarded():
            discarded_count += pruned
        orphans, folders = pruning.prune_orphans(since), pruning.prune_workspaces()
        self.stdout.write(
            f"pruned: {discarded_count} discarded outputs, {orphans} orphans and uploads, {folders} workspaces"
        )
