"""`manage.py inbound_replay`: handle stored webhooks again. What had its effect has no second one."""

from argparse import ArgumentParser
from collections import Counter
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q, QuerySet

from jobs.console.keyset import first_id
from jobs.management.commands.requeue import since
from jobs.models import Account
from webhooks.inbound import transitions
from webhooks.inbound.models import InboundEvent
from webhooks.inbound.states import FINAL, InboundState

ACTOR = "command:inbound_replay"
_FILTERS = ("id", "provider", "type", "state", "account", "since")


class Command(BaseCommand):
    help = "Handle stored Stripe and GitHub webhooks again; with --dry-run only count and name them."
    requires_system_checks = ["settings"]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--id", action="append", default=[], help="our id or the provider's; may be given several times"
        )
        parser.add_argument("--provider", help="stripe, github, ...")
        parser.add_argument("--type", help="such as invoice.paid or release.published")
        parser.add_argument(
            "--state",
            choices=[str(state) for state in InboundState if state in FINAL],
            help="default: dead_letter, or any of them where --id is given",
        )
        parser.add_argument("--account", help="only those that concerned the account with this slug")
        parser.add_argument("--since", type=since, help="only what arrived since: ISO 8601, or 90m, 6h, 2d")
        parser.add_argument("--limit", type=int, default=1000, help="at most this many (default 1000)")
        parser.add_argument("--dry-run", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = list(
            self._found(options)
            .order_by("id")
            .values_list("id", "state", "provider", "type", "event_id")[: options["limit"]]
        )
        if options["dry_run"]:
            for row in rows:
                self.stdout.write("  ".join(map(str, row)))
            kinds = Counter(f"{provider} {type_}" for _, _, provider, type_, _ in rows)
            for kind, count in sorted(kinds.items()):
                self.stdout.write(f"{kind}: {count}")
            self.stdout.write(f"{len(rows)} webhooks would be handled again")
            return
        again = 0
        for event_id, *_ in rows:
            try:
                transitions.replay(event_id, actor=ACTOR)
                again += 1
            except (transitions.NotFinal, InboundEvent.DoesNotExist) as error:
                self.stderr.write(f"{event_id}  {error}")
        self.stdout.write(f"{again} of {len(rows)} webhooks are handled again")
        if again < len(rows):
            raise CommandError("Some were being handled already.")

    def _found(self, options: dict[str, Any]) -> "QuerySet[InboundEvent]":
        if not any(options[name] for name in _FILTERS):
            raise CommandError(f"Name a filter: {', '.join(f'--{name}' for name in _FILTERS)}.")
        states = [options["state"]] if options["state"] else [str(InboundState.DEAD_LETTER)]
        if options["id"] and not options["state"]:
            states = [str(state) for state in FINAL]
        events = InboundEvent.objects.filter(state__in=states)
        if options["id"]:
            ours = [found for text in options["id"] if (found := _uuid(text)) is not None]
            events = events.filter(Q(id__in=ours) | Q(event_id__in=options["id"]))
        for name in ("provider", "type"):
            if options[name]:
                events = events.filter(**{name: options[name]})
        if options["account"]:
            account = Account.objects.filter(slug=options["account"]).first()
            if account is None:
                raise CommandError(f"--account: there is no {options['account']!r}.")
            events = events.filter(account_id=account.id)
        if options["since"]:
            events = events.filter(id__gte=first_id(options["since"]))
        return events


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
