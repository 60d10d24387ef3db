"""`manage.py github_redeliver`: one round of what the scheduler does every few minutes."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from webhooks.inbound import redelivery


class Command(BaseCommand):
    help = "Ask GitHub to redeliver what it could not deliver to us (GITHUB_TOKEN, GITHUB_HOOKS)."
    requires_system_checks = ["settings"]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only count")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.GITHUB_TOKEN or not settings.GITHUB_HOOKS:
            raise CommandError("Set GITHUB_TOKEN and GITHUB_HOOKS (repos/OWNER/NAME/hooks/ID) first.")
        reports = redelivery.redeliver_all(dry_run=options["dry_run"])
        for report in reports:
            self.stdout.write(f"{report.hook}: {report.failed} lost, {report.asked} asked for again")
            if report.problem:
                self.stderr.write(f"{report.hook}: {report.problem}")
        if any(report.problem for report in reports):
            raise CommandError("Some hooks could not be looked after.")
