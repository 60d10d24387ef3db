"""API keys are made here; the secret is shown once and kept as a hash."""

import hashlib
import secrets
from datetime import datetime

from django.db.models.functions import Now

from jobs.models import Account, ApiKey

_SECRET_PREFIX = "rc_"  # noqa: S105 - what every secret begins with, for scanners of leaked keys


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def issue(
    account: Account,
    name: str,
    scopes: list[str],
    *,
    secret: str | None = None,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Make a key; the secret is in the answer and nowhere else. `secret` is for an operator who brings one."""
    secret = secret or _SECRET_PREFIX + secrets.token_urlsafe(32)
    key = ApiKey.objects.create(
        account=account,
        name=name,
        prefix=secret[:8],
        digest=digest(secret),
        scopes=scopes,
        expires_at=expires_at,
    )
    return key, secret


def revoke(key: ApiKey) -> bool:
    """Refuse the key from now on. False where it was revoked before: the first date stays."""
    return ApiKey.objects.filter(id=key.id, revoked_at=None).update(revoked_at=Now()) == 1
