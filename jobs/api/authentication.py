"""API keys: `Authorization: Bearer rc_…` (RFC 6750), one look-up, by the hash of the whole secret."""

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from jobs.keys import digest
from jobs.models import Account, ApiKey

if TYPE_CHECKING:  # DRF's settings import this module while its views are half-way
    from rest_framework.views import APIView

_USED_EVERY = timedelta(minutes=1)


class ApiKeyAuthentication(BaseAuthentication):
    """`request.user` is the key's account, `request.auth` the key."""

    def authenticate(self, request: Request) -> tuple[Account, ApiKey] | None:
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            return None
        valid = Q(expires_at=None) | Q(expires_at__gt=Now())
        key = (
            ApiKey.objects.select_related("account")
            .filter(valid, digest=digest(secret.strip()), revoked_at=None)
            .first()
        )
        if key is None:
            raise AuthenticationFailed("The API key is unknown, expired or revoked.")
        # Once a minute is enough to tell a live key from a forgotten one, and spares the busy ones a write.
        if key.last_used_at is None or timezone.now() - key.last_used_at > _USED_EVERY:
            ApiKey.objects.filter(id=key.id).update(last_used_at=Now())
        return key.account, key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="reelchord"'


class HasScope(BasePermission):
    """Reading needs `jobs:read`, everything else `jobs:write`."""

    message = "The API key lacks the scope that this request needs."

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not isinstance(request.auth, ApiKey):
            return False
        return ("jobs:read" if request.method in SAFE_METHODS else "jobs:write") in request.auth.scopes


def account_of(request: Request) -> Account:
    """The account that the request's key belongs to."""
    key = request.auth
    assert isinstance(key, ApiKey)  # noqa: S101 - HasScope let nobody else in
    return key.account


def actor_of(request: Request) -> str:
    """Who did it, for the audit trail."""
    key = request.auth
    return f"key:{key.name}" if isinstance(key, ApiKey) else "api"
