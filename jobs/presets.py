"""Presets: whose they are, which one a name means, and the next version of one."""

from django.db import IntegrityError, transaction
from django.db.models import Count, Max, Q, QuerySet

from jobs.models import Account, Preset
from jobs.planner.specs import Ladder

# Versions of all of an account's presets together: nothing lists or keeps more.
MAX_VERSIONS = 500
# What the column holds.
LAST_VERSION = 2**31 - 1


class PresetRefused(Exception):
    """No such version can be made. `code` is "name_taken" or "too_many_presets"."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def visible(account: Account) -> "QuerySet[Preset]":
    """What the account may name: its own and everybody's, by name, newest version first."""
    return Preset.objects.filter(Q(account=None) | Q(account=account)).order_by("name", "-version")


def newest(account: Account, name: str) -> Preset | None:
    """The version that the name means now. An account's own goes before one that came to everybody later."""
    mine_first = visible(account).filter(name=name).order_by("account_id", "-version")
    return mine_first.first()


def of_version(account: Account, name: str, version: int) -> Preset | None:
    """That version of what the name means to the account."""
    mine_first = visible(account).filter(name=name, version=version).order_by("account_id")
    return mine_first.first()


def add_version(account: Account | None, name: str, title: str, ladder: Ladder) -> Preset:
    """The next version of the account's preset of this name, or of everybody's; the first one of a new name.

    Two may do so at once: the second gets the version after. Raises PresetRefused.
    """
    others = Preset.objects.filter(name=name, account=None) if account else Preset.objects.none()
    own = Preset.objects.filter(account=account)
    while True:
        counts = own.aggregate(newest=Max("version", filter=Q(name=name)), all=Count("id"))
        if counts["newest"] is None and others.exists():
            raise PresetRefused(
                "name_taken", f"{name!r} is a preset that everybody has: choose another name."
            )
        if account and counts["all"] >= MAX_VERSIONS:
            raise PresetRefused(
                "too_many_presets", f"An account keeps at most {MAX_VERSIONS} versions of presets."
            )
        preset = Preset(
            account=account,
            name=name,
            version=(counts["newest"] or 0) + 1,
            title=title,
            ladder=ladder.to_json(),
        )
        try:
            with transaction.atomic():
                preset.save(force_insert=True)
        except IntegrityError:
            continue
        return preset
