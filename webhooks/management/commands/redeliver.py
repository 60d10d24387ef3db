"""`manage.py redeliver`: dead letters once more, by endpoint, account and time."""

from argparse import ArgumentParser, ArgumentTypeError
from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from webhooks import redelivery

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def _since(text: str) -> datetime:
    """`6h`, `30m`, `2d`, or a moment with its zone."""
    if text[:-1].isdecimal() and text[-1:] in _UNITS:
        return timezone.now() - timedelta(**{_UNITS[text[-1]]: int(text[:-1])})
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ArgumentTypeError("6h, 30m, 2d, or a moment such as 2026-11-22T09:00:00Z")
    return moment


class Command(BaseCommand):
    help = "Send dead letters once more, under the ids that they had; those of disabled endpoints stay."
    requires_system_checks = ["settings"]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--endpoint", type=UUID, help="only those of this endpoint")
        parser.add_argument("--account", type=UUID, help="only those of this account (its id)")
        parser.add_argument("--type", help="only this type of event")
        parser.add_argument("--since", type=_since, help="only events since then: 6h, 2d, or a moment")
        parser.add_argument("--all", action="store_true", help="every dead letter that there is")
        parser.add_argument("--dry-run", action="store_true", help="count them, and leave them")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["all"] and not any(options[name] for name in ("endpoint", "account", "type", "since")):
            raise CommandError("Name which: --endpoint, --account, --type, --since, or --all.")
        # What becomes a dead letter while this runs is not tried again for ever.
        rows = redelivery.dead_letters(since=options["since"]).filter(finished_at__lte=timezone.now())
        if options["endpoint"]:
            rows = rows.filter(endpoint_id=options["endpoint"])
        if options["account"]:
            rows = rows.filter(account_id=options["account"])
        if options["type"]:
            rows = rows.filter(event__type=options["type"])
        types: Counter[str] = Counter()
        sent, more, after = 0, True, UUID(int=0)
        while more:
            found = redelivery.find(rows.filter(pk__gt=after))
            types += found.types
            if not options["dry_run"]:
                sent += len(redelivery.redeliver(found.ids, actor="command:redeliver"))
            more = found.more
            after = found.ids[-1] if found.ids else after
        if not options["dry_run"]:
            self.stdout.write(f"On the way once more: {sent}.")
            return
        for type_, count in types.most_common():
            self.stdout.write(f"{count:8} {type_}")
        self.stdout.write(f"{types.total():8} in all would be sent once more")
