"""Endpoints as their owners handle them: make, change, rotate, test, delete. A secret leaves here once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from webhooks import outbox, shapes, signing, standing, targets
from webhooks.models import Endpoint, SigningSecret

# Of an account, beside those that come with jobs: each costs a row for each event.
MOST = 50


class TooManyEndpoints(Exception):
    """The account has as many as it may have."""


@dataclass(frozen=True, slots=True)
class Made:
    """A new endpoint with its secret; none for mail, which is not signed."""

    endpoint: Endpoint
    secret: str | None = field(repr=False)


def make(
    account_id: UUID,
    url: str,
    *,
    types: Sequence[str] = (),
    description: str = "",
    shape: str = shapes.STANDARD,
    actor: str,
) -> Made:
    """Raises TargetRefused, TooManyEndpoints."""
    target = targets.check(url)
    with transaction.atomic():
        if (
            Endpoint.objects.filter(account_id=account_id, job_id=None, deleted_at=None)[:MOST].count()
            >= MOST
        ):
            raise TooManyEndpoints
        secret, signing_secret = None, None
        if target.queue == targets.WEBHOOKS:
            secret = signing.new_secret()
            signing_secret = SigningSecret.objects.create(account_id=account_id, secret=secret)
        endpoint = Endpoint.objects.create(
            account_id=account_id,
            url=target.url,
            queue=target.queue,
            types=list(types),
            description=description,
            shape=shape,
            signing=signing_secret,
        )
        standing.note_endpoint(endpoint, "made", actor=actor)
    return Made(endpoint, secret)


def make_for_job(
    account_id: UUID, job_id: UUID, url: str, types: Sequence[str] = (), *, shape: str = shapes.STANDARD
) -> None:
    """The URL that came with a job. Call it in the job's transaction, before its first event. Raises TargetRefused."""
    target = targets.check(url)
    shared = _secret_for_jobs(account_id) if target.queue == targets.WEBHOOKS else None
    Endpoint.objects.create(
        account_id=account_id,
        job_id=job_id,
        url=target.url,
        queue=target.queue,
        types=list(types),
        shape=shape,
        signing=shared,
    )


def rotate(endpoint: Endpoint, *, overlap: timedelta, actor: str) -> str:
    """A new secret, shown this once; the one before signs as well for `overlap`. Raises ValueError for mail."""
    if endpoint.signing_id is None:
        raise ValueError("mail is not signed")
    with transaction.atomic():
        standing.note_endpoint(endpoint, "rotated", actor=actor)
        return _rotate(endpoint.signing_id, overlap)


def rotate_for_jobs(account_id: UUID, *, overlap: timedelta, actor: str) -> str:
    """The same for the URLs that come with the account's jobs; the first call makes the secret known."""
    with transaction.atomic():
        shared = _secret_for_jobs(account_id)
        standing.note_job_secret(account_id, shared.id, actor=actor)
        return _rotate(shared.id, overlap)


def ping(endpoint: Endpoint) -> UUID:
    """Send a test there, whatever it subscribed to; the delivery's id."""
    document = {"endpoint": {"id": str(endpoint.id), "url": endpoint.url}}
    return outbox.record_for(endpoint.id, endpoint.account_id, "endpoint.ping", document)


def set_enabled(endpoint: Endpoint, enabled: bool, *, actor: str) -> bool:
    """Whether that changed anything."""
    with transaction.atomic():
        if enabled:
            return standing.enable(endpoint.id, actor=actor)
        return standing.disable(endpoint.id, standing.ASKED, actor=actor)


def change(
    endpoint: Endpoint, *, types: Sequence[str] | None = None, description: str | None = None, actor: str
) -> None:
    """What is named. It holds for the events that come."""
    fields: dict[str, Any] = {} if types is None else {"types": list(types)}
    fields |= {} if description is None else {"description": description}
    with transaction.atomic():
        Endpoint.objects.filter(id=endpoint.id).update(**fields)
        standing.note_endpoint(endpoint, "changed", actor=actor)


def delete(endpoint: Endpoint, *, actor: str) -> None:
    """Send nothing there any more. The row stays as long as its deliveries do, and nobody sees it."""
    with transaction.atomic():
        standing.note_endpoint(endpoint, "deleted", actor=actor)
        Endpoint.objects.filter(id=endpoint.id, deleted_at=None).update(
            deleted_at=Now(), enabled=False, disabled_at=Now(), disabled_reason=standing.DELETED
        )


def _rotate(secret_id: UUID, overlap: timedelta) -> str:
    secret = signing.new_secret()
    SigningSecret.objects.filter(id=secret_id).update(
        previous=F("secret"), previous_until=Now() + overlap, secret=secret
    )
    return secret


def _secret_for_jobs(account_id: UUID) -> SigningSecret:
    return SigningSecret.objects.get_or_create(
        account_id=account_id, for_jobs=True, defaults={"secret": signing.new_secret()}
    )[0]
