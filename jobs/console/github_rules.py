"""The rules by which GitHub's releases and pushes become jobs. A rule that is not wanted any more is switched off."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from adapters.storage.base import Refused
from jobs import stores
from jobs.console import cells
from jobs.console.filters import AccountFilter
from jobs.console.skin import ModelAdmin, ShowFacets, display, register
from jobs.models import GitHubRule, Preset

_REPOSITORY = re.compile(r"[a-z0-9._-]{1,100}/[a-z0-9._-]{1,100}")


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    class Meta:
        model = GitHubRule
        fields = (
            "account", "repository", "enabled", "asset_pattern", "preset", "destination", "job_files", "branch",
        )  # fmt: skip

    def clean_repository(self) -> str:
        name: str = self.cleaned_data["repository"].strip().lower()
        if not _REPOSITORY.fullmatch(name) or ".." in name:
            raise ValidationError("A repository is owner/name, as in its address at GitHub.")
        return name

    def clean(self) -> dict[str, Any]:
        """What would be refused at every release is refused here."""
        given: dict[str, Any] = super().clean() or {}
        if given.get("asset_pattern"):
            preset = given.get("preset", "")
            if not preset:
                self.add_error("preset", "Release assets need a preset; or empty their pattern.")
            elif not Preset.objects.filter(name=preset).exists():
                self.add_error("preset", f"There is no preset {preset!r}.")
        if given.get("destination") and given.get("account"):
            try:
                given["destination"] = stores.check_destination(given["destination"], given["account"].slug)
            except Refused as error:
                self.add_error("destination", error.message)
        return given


@register(GitHubRule)
class GitHubRuleAdmin(ModelAdmin[GitHubRule]):
    form = RuleForm
    list_display = ("repository", "owner", "enabled", "asset_pattern", "preset", "job_files", "created")
    list_filter = (AccountFilter, "enabled")
    list_select_related = ("account",)
    autocomplete_fields = ("account",)
    search_fields = ("repository",)
    search_help_text = "Repository"
    ordering = ("repository", "id")
    sortable_by = ()
    show_facets = ShowFacets.NEVER
    show_full_result_count = False
    actions = None

    def has_delete_permission(self, request: HttpRequest, obj: GitHubRule | None = None) -> bool:
        """Never: with it would go the memory of what it has made jobs of, and a replay would make them again."""
        return False

    @display(description="Account")
    def owner(self, row: GitHubRule) -> str:
        return row.account.slug

    @display(description="Created (UTC)")
    def created(self, row: GitHubRule) -> str:
        return cells.when(row.created_at)
