"""What lists are narrowed by. No filter costs more than a handful of rows to offer."""

from typing import Any

from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from jobs import routing
from jobs.console.cells import words
from jobs.faults import Bucket
from jobs.models import Account, Preset
from jobs.states import FINAL_JOB, AttemptState, JobState

_ACCOUNTS_OFFERED = 30
_LADDER = "-"
_COMMAND = "!"

# Word for word the condition of the index `live_jobs`: another spelling would not use it.
LIVE = ~Q(state__in=[str(state) for state in sorted(FINAL_JOB)])


class JobStateFilter(SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: "ModelAdmin[Any]") -> list[tuple[str, str]]:
        groups = [("live", "In progress"), ("troubled", "Needs a look")]
        return groups + [(str(state), words(state).capitalize()) for state in JobState]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        match self.value():
            case None:
                return queryset
            case "live":
                return queryset.filter(LIVE)
            case "troubled":
                return queryset.filter(state__in=[JobState.FAILED, JobState.DEAD_LETTER, JobState.PARTIAL])
            case state:
                return queryset.filter(state=state)


class AttemptStateFilter(SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: "ModelAdmin[Any]") -> list[tuple[str, str]]:
        return [(str(state), words(state).capitalize()) for state in AttemptState]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        return queryset.filter(state=self.value()) if self.value() else queryset


class AccountFilter(SimpleListFilter):
    """The first accounts by slug, and whichever was asked for: an installation may have thousands."""

    title = "account"
    parameter_name = "account"

    def lookups(self, request: HttpRequest, model_admin: "ModelAdmin[Any]") -> list[tuple[str, str]]:
        slugs = list(Account.objects.order_by("slug").values_list("slug", flat=True)[:_ACCOUNTS_OFFERED])
        asked = request.GET.get(self.parameter_name)
        if asked and asked not in slugs:
            slugs.append(asked)
        return [(slug, slug) for slug in slugs]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        # One look-up first, so that the list itself needs no join to be narrowed.
        if not self.value():
            return queryset
        return queryset.filter(account=Account.objects.filter(slug=self.value()).first())


class PresetFilter(SimpleListFilter):
    """By what was asked for: a preset's name, whatever its version, a ladder, a command."""

    title = "preset"
    parameter_name = "preset"

    def lookups(self, request: HttpRequest, model_admin: "ModelAdmin[Any]") -> list[tuple[str, str]]:
        names = Preset.objects.order_by("name").values_list("name", flat=True).distinct()
        return [*((name, name) for name in names), (_LADDER, "A ladder of its own"), (_COMMAND, "A command")]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        match self.value():
            case None:
                return queryset
            case value if value == _LADDER:
                return queryset.filter(preset=None, ladder__isnull=False)
            case value if value == _COMMAND:
                return queryset.filter(command__isnull=False)
            case name:
                return queryset.filter(preset__name=name)


class QueueFilter(SimpleListFilter):
    title = "queue"
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: "ModelAdmin[Any]") -> list[tuple[str, str]]:
        return [(queue, queue) for queue in routing.STEP_QUEUES]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        return queryset.filter(queue=self.value()) if self.value() else queryset


class BucketFilter(SimpleListFilter):
    title = "kind of fault"
    parameter_name = "bucket"

    def lookups(self, request: HttpRequest, model_admin: "ModelAdmin[Any]") -> list[tuple[str, str]]:
        return [(str(bucket), words(bucket).capitalize()) for bucket in Bucket]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        return queryset.filter(fault_bucket=self.value()) if self.value() else queryset
