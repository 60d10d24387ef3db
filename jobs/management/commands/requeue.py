"""`manage.py requeue`: reprocess every job that a filter finds."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from jobs.models import Job
from jobs.requeue import REQUEUEABLE, NotRequeueable, Wish, requeue

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def since(text: str) -> Any:
    """A time: ISO 8601, or an age such as 90m, 6h, 2d."""
    if text[-1:] in _UNITS and text[:-1].isdigit():
        return timezone.now() - timedelta(**{_UNITS[text[-1]]: int(text[:-1])})
    moment = parse_datetime(text)
    if moment is None:
        raise CommandError(f"--since {text}: neither a time (2026-01-31T12:00Z) nor an age (90m, 6h, 2d).")
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


class Command(BaseCommand):
    help = "Run failed, partial and dead-lettered jobs again; with --dry-run only count and name them."
    requires_system_checks = ["settings"]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--job", action="append", default=[], help="a job's id; may be given several times"
        )
        parser.add_argument("--fault", help="only jobs, or jobs with renditions, of this fault code")
        parser.add_argument("--account", help="only jobs of the account with this slug")
        parser.add_argument(
            "--since", type=since, help="only jobs that ended since: ISO 8601, or 90m, 6h, 2d"
        )
        parser.add_argument("--pool", help="run the renditions there: cpu, gpu or highmem")
        parser.add_argument("--encoder-revision", help="run the renditions with this encoder")
        parser.add_argument("--limit", type=int, default=1000, help="at most this many jobs (default 1000)")
        parser.add_argument("--dry-run", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        jobs = self._found(options)
        ids = list(jobs.order_by("id").values_list("id", "state", "fault_code")[: options["limit"]])
        if options["dry_run"]:
            for job_id, state, code in ids:
                self.stdout.write(f"{job_id}  {state}  {code}")
            self.stdout.write(f"{len(ids)} jobs would run again")
            return
        wish = Wish(pool=options["pool"], encoder_revision=options["encoder_revision"])
        again = 0
        for job_id, _, _ in ids:
            try:
                requeue(job_id, wish, actor="command:requeue")
                again += 1
            except NotRequeueable as error:
                self.stderr.write(f"{job_id}  {error.code}: {error.message}")
        self.stdout.write(f"{again} of {len(ids)} jobs run again")
        if again < len(ids):
            raise CommandError("Some jobs could not be requeued.")

    def _found(self, options: dict[str, Any]) -> "QuerySet[Job]":
        if not (options["job"] or options["fault"] or options["since"] or options["account"]):
            raise CommandError("Name a filter: --job, --fault, --since or --account.")
        jobs = Job.objects.filter(state__in=REQUEUEABLE)
        if options["job"]:
            jobs = jobs.filter(id__in=options["job"])
        if options["fault"]:
            jobs = jobs.filter(fault_code=options["fault"]) | jobs.filter(
                renditions__fault_code=options["fault"]
            )
        if options["account"]:
            jobs = jobs.filter(account__slug=options["account"])
        if options["since"]:
            jobs = jobs.filter(finished_at__gte=options["since"])
        return jobs.distinct()
