"""The admin's skin: name, colours and the sidebar. See https://unfoldadmin.com/docs/configuration/settings/."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse, reverse_lazy


def _item(title: str, icon: str, model: str, permission: str) -> dict[str, Any]:
    """A link to a model's list. `icon` is a Material Symbol's name."""
    name = f"admin:{model}_changelist"
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(name),
        "active": _beneath(name),
        "permission": lambda request: request.user.has_perm(permission),
    }


def _beneath(name: str) -> Callable[[HttpRequest], bool]:
    # Unfold compares prefixes by itself, and would light up the first page everywhere.
    return lambda request: request.path.startswith(reverse(name))


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Reelchord",
    "SITE_HEADER": "Reelchord",
    "SITE_SUBHEADER": "Operator's console",
    "SITE_SYMBOL": "animated_images",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("reelchord/icon.svg")}
    ],
    "SITE_URL": None,
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "6px",
    "STYLES": [lambda request: static("reelchord/console.css")],
    "DASHBOARD_CALLBACK": "jobs.console.dashboard.context",
    "COLORS": {
        "primary": {
            "50": "oklch(96.2% .018 272.314)",
            "100": "oklch(93% .034 272.788)",
            "200": "oklch(87% .065 274.039)",
            "300": "oklch(78.5% .115 274.713)",
            "400": "oklch(67.3% .182 276.935)",
            "500": "oklch(58.5% .233 277.117)",
            "600": "oklch(51.1% .262 276.966)",
            "700": "oklch(45.7% .24 277.023)",
            "800": "oklch(39.8% .195 277.366)",
            "900": "oklch(35.9% .144 278.697)",
            "950": "oklch(25.7% .09 281.288)",
        },
    },
    "SIDEBAR": {
        "navigation": [
            {
                "items": [
                    {
                        "title": "Overview",
                        "icon": "space_dashboard",
                        "link": reverse_lazy("admin:index"),
                        "active": lambda request: request.path == reverse("admin:index"),
                    },
                    _item("Jobs", "movie", "jobs_job", "jobs.view_job"),
                    _item("Attempts", "replay", "jobs_attempt", "jobs.view_attempt"),
                    _item("Workers", "memory", "jobs_worker", "jobs.view_worker"),
                    _item("Presets", "tune", "jobs_preset", "jobs.view_preset"),
                    _item("Deliveries", "send", "webhooks_delivery", "webhooks.view_delivery"),
                    _item("Endpoints", "webhook", "webhooks_endpoint", "webhooks.view_endpoint"),
                ],
            },
            {
                "title": "Evidence",
                "separator": True,
                "items": [
                    _item("Encoders", "fingerprint", "audit_encoderidentity", "audit.view_encoderidentity"),
                    _item("Audit trail", "history", "audit_auditevent", "audit.view_auditevent"),
                    _item("Events", "outgoing_mail", "webhooks_event", "webhooks.view_event"),
                    _item(
                        "Inbound webhooks",
                        "move_to_inbox",
                        "inbound_inboundevent",
                        "inbound.view_inboundevent",
                    ),
                ],
            },
            {
                "title": "Access",
                "separator": True,
                "items": [
                    _item("Accounts", "domain", "jobs_account", "jobs.view_account"),
                    _item("API keys", "key", "jobs_apikey", "jobs.view_apikey"),
                    _item("GitHub rules", "rule", "jobs_githubrule", "jobs.view_githubrule"),
                    _item("Operators", "person", "auth_user", "auth.view_user"),
                    _item("Groups", "group", "auth_group", "auth.view_group"),
                ],
            },
            {
                "title": "Maintenance",
                "separator": True,
                "items": [
                    _item(
                        "Schedule",
                        "schedule",
                        "django_celery_beat_periodictask",
                        "django_celery_beat.view_periodictask",
                    ),
                    _item(
                        "Results",
                        "task",
                        "django_celery_results_taskresult",
                        "django_celery_results.view_taskresult",
                    ),
                ],
            },
        ],
    },
}
