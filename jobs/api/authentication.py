"""API keys: `Authorization: Bearer rc_…` (RFC 6750), one look-up, by the hash of the whole secret."""

from datetime import timedelta
from typing import TYPE_CHECKING

from django.core.cache import cache
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
_KEPT_SECONDS = 1
_KEPT_AS = "api-key:{}"


class ApiKeyAuthentication(BaseAuthentication):
    """`request.user` is the key's account, `request.auth` the key."""

    def authenticate(self, request: Request) -> tuple[Account, ApiKey] | None:
        secret = self.secret_of(request)
        if not secret:
            return None
        hashed, now = digest(secret), timezone.now()
        key = _valid_key(hashed)
        if key is None or (key.expires_at is not None and key.expires_at <= now):
            raise AuthenticationFailed("The API key is unknown, expired or revoked.")
        # Once a minute is enough to tell a live key from a forgotten one, and spares the busy ones a write.
        if key.last_used_at is None or now - key.last_used_at > _USED_EVERY:
            ApiKey.objects.filter(id=key.id).update(last_used_at=Now())
            # The kept copy does not know: it would make every request of its second write again.
            cache.delete(_KEPT_AS.format(hashed))
        return key.account, key

    def secret_of(self, request: Request) -> str:
        """What the request shows; empty where it shows nothing."""
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        return secret.strip() if scheme.lower() == "bearer" else ""

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="reelchord"'


def _valid_key(hashed: str) -> ApiKey | None:
    """The key with its account, kept for a second: a busy client's look-ups, not the time that a revocation takes."""

    def look_up() -> ApiKey | None:
        return ApiKey.objects.select_related("account").filter(digest=hashed, revoked_at=None).first()

    key: ApiKey | None = cache.get_or_set(_KEPT_AS.format(hashed), look_up, _KEPT_SECONDS)
    return key


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
