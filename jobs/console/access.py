"""Accounts and their API keys. A key's secret is in the answer to the request that makes it, and nowhere else."""

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from jobs import keys
from jobs.console import cells
from jobs.console.filters import AccountFilter
from jobs.console.keyset import OlderThan
from jobs.console.rows import NewestFirstAdmin
from jobs.console.skin import CheckboxSelectMultiple, ModelAdmin, ShowFacets, action, display, register
from jobs.models import Account, ApiKey


@register(Account)
class AccountAdmin(ModelAdmin[Account]):
    list_display = ("slug", "name", "plan", "standing", "jobs", "keys", "created")
    ordering = ("slug",)
    sortable_by = ()
    show_facets = ShowFacets.NEVER
    search_fields = ("slug", "name")
    search_help_text = "Slug or name"
    fields = (
        "id", "name", "slug", "plan", "quota_jobs", "suspended_at", "suspension_reason", "stripe_customer_id",
        "stripe_subscription_id",
    )  # fmt: skip
    # Stripe names an account by it (client_reference_id).
    readonly_fields = ("id",)
    actions = None

    def has_delete_permission(self, request: HttpRequest, obj: Account | None = None) -> bool:
        """Never: the account's jobs are evidence."""
        return False

    def save_model(self, request: HttpRequest, obj: Account, form: Any, change: bool) -> None:
        """Only what was changed here: Stripe may have set something else while the form was open."""
        obj.save(update_fields=form.changed_data if change else None)

    @display(description="Standing")
    def standing(self, row: Account) -> str:
        return cells.badge("suspended" if row.suspended_at else "active")

    @display(description="Jobs")
    def jobs(self, row: Account) -> str:
        return cells.link(_of_account("jobs_job", row), "jobs")

    @display(description="API keys")
    def keys(self, row: Account) -> str:
        return cells.link(_of_account("jobs_apikey", row), "keys")

    @display(description="Created (UTC)")
    def created(self, row: Account) -> str:
        return cells.when(row.created_at)


def _of_account(model: str, row: Account) -> str:
    return f"{reverse(f'admin:{model}_changelist')}?{urlencode({'account': row.slug})}"


class IssueForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    scopes = forms.MultipleChoiceField(
        choices=[(scope, scope) for scope in ApiKey.SCOPES],
        initial=list(ApiKey.SCOPES),
        widget=CheckboxSelectMultiple,
    )

    class Meta:
        model = ApiKey
        fields = ("account", "name", "scopes", "expires_at")


@register(ApiKey)
class ApiKeyAdmin(NewestFirstAdmin[ApiKey]):
    form = IssueForm
    list_display = ("name", "beginning", "owner", "state", "scope_names", "created", "last_used", "expires")
    list_filter = (AccountFilter, OlderThan)
    list_select_related = ("account",)
    autocomplete_fields = ("account",)
    search_fields = ("name", "prefix")
    search_help_text = "Name or beginning"
    actions = ("revoke_keys",)
    _shown_when_read: ClassVar[tuple[str, ...]] = (
        "account", "name", "beginning", "state", "scope_names", "created", "last_used", "expires", "revoked",
    )  # fmt: skip

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("jobs.add_apikey")

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("jobs.change_apikey")

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        return self._shown_when_read if obj else ("account", "name", "scopes", "expires_at")

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        return self._shown_when_read if obj else ()

    # --- issue --------------------------------------------------------------------------------------------
    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        asked = form.cleaned_data
        key, secret = keys.issue(
            asked["account"], asked["name"], asked["scopes"], expires_at=asked["expires_at"]
        )
        obj.pk, obj.prefix = key.pk, key.prefix
        request.issued_secret = secret  # type: ignore[attr-defined]  # dies with the request

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: Any = None) -> HttpResponse:
        """The page that shows the secret. No redirect and no message: both would store it somewhere."""
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": obj,
            "title": "The key is issued",
            "key": obj,
            "secret": request.issued_secret,  # type: ignore[attr-defined]
            "list_url": reverse("admin:jobs_apikey_changelist"),
        }
        return TemplateResponse(request, "console/key_issued.html", context)

    # --- revoke -------------------------------------------------------------------------------------------
    @action(description="Revoke the selected keys", permissions=["revoke"])
    def revoke_keys(self, request: HttpRequest, queryset: "QuerySet[ApiKey]") -> None:
        revoked = 0
        for key in queryset[: self.list_per_page]:
            if keys.revoke(key):
                revoked += 1
                self.log_change(request, key, "Revoked.")
        self.message_user(
            request, f"Revoked: {revoked}. Requests with them are refused from now on.", messages.SUCCESS
        )

    # --- columns ------------------------------------------------------------------------------------------
    @display(description="Begins with")
    def beginning(self, row: ApiKey) -> str:
        return cells.code(f"{row.prefix}…")

    @display(description="Account")
    def owner(self, row: ApiKey) -> str:
        return row.account.slug

    @display(description="State")
    def state(self, row: ApiKey) -> str:
        if row.revoked_at:
            return cells.badge("revoked")
        expired = row.expires_at is not None and row.expires_at <= timezone.now()
        return cells.badge("expired" if expired else "active")

    @display(description="Scopes")
    def scope_names(self, row: ApiKey) -> str:
        return ", ".join(row.scopes)

    @display(description="Created (UTC)")
    def created(self, row: ApiKey) -> str:
        return cells.when(row.created_at)

    @display(description="Last used")
    def last_used(self, row: ApiKey) -> str:
        return cells.when(row.last_used_at)

    @display(description="Expires")
    def expires(self, row: ApiKey) -> str:
        return cells.when(row.expires_at)

    @display(description="Revoked")
    def revoked(self, row: ApiKey) -> str:
        return cells.when(row.revoked_at)
