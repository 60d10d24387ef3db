"""`manage.py bootstrap`: what a fresh database needs before a person or a client can do anything. Safe to repeat."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from environs import Env

from jobs.keys import digest, issue
from jobs.models import Account, ApiKey


class Command(BaseCommand):
    help = (
        "Make the first account, its API key (from REELCHORD_API_KEY) and the operator `admin` "
        "(password from REELCHORD_ADMIN_PASSWORD)."
    )
    requires_system_checks = ["settings"]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--account", default="demo", help="slug of the account (default: demo)")

    def handle(self, *args: Any, **options: Any) -> None:
        env = Env()
        account, _ = Account.objects.get_or_create(
            slug=options["account"], defaults={"name": options["account"].title()}
        )
        secret = env.str("REELCHORD_API_KEY", "")
        if secret and not ApiKey.objects.filter(digest=digest(secret)).exists():
            if len(secret) < 20:
                raise CommandError("REELCHORD_API_KEY is too short to be a secret: 20 characters at least.")
            issue(account, "bootstrap", list(ApiKey.SCOPES), secret=secret)
        password = env.str("REELCHORD_ADMIN_PASSWORD", "")
        if password:
            admin, _ = get_user_model().objects.get_or_create(
                username="admin", defaults={"is_staff": True, "is_superuser": True}
            )
            if not admin.check_password(password):
                admin.set_password(password)
                admin.save()
