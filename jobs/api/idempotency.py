"""`Idempotency-Key`: the same request twice makes one job (draft-ietf-httpapi-idempotency-key-header).

The key is inserted before the work in a transaction of its own, so a second request sees it at once: 409 while
the first is at work, its answer afterwards, 422 for another body. A first request that failed gives the key back.
"""

import hashlib
from collections.abc import Callable
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api.problems import Problem
from jobs.models import Account, IdempotencyKey

KEPT = timedelta(hours=24)
# A server killed while it worked leaves its key; nothing here takes longer than this.
ABANDONED = timedelta(minutes=1)
_KEY_LENGTH = 255


def once(request: Request, account: Account, act: Callable[[], Response]) -> Response:
    """Run `act` at most once for the request's key; without a key, simply run it. Raises Problem."""
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        return act()
    if len(key) > _KEY_LENGTH or not key.isprintable():
        raise Problem(400, "invalid_idempotency_key", f"At most {_KEY_LENGTH} printable characters.")
    body = hashlib.sha256(request.body).hexdigest()
    mine = IdempotencyKey(
        account=account, key=key, method=request.method or "", path=request.path, body_sha256=body
    )
    try:
        with transaction.atomic():
            mine.save(force_insert=True)
    except IntegrityError:
        return _replay(mine, act)
    return _act(mine, act)


def _act(mine: IdempotencyKey, act: Callable[[], Response]) -> Response:
    try:
        # The answer commits with the job: no crash leaves one without the other.
        with transaction.atomic():
            response = act()
            IdempotencyKey.objects.filter(pk=mine.pk).update(
                status=response.status_code,
                headers={name: response[name] for name in ("Location", "Retry-After") if name in response},
                body=response.data,
            )
    except BaseException:
        IdempotencyKey.objects.filter(pk=mine.pk).delete()
        raise
    return response


def _replay(mine: IdempotencyKey, act: Callable[[], Response]) -> Response:
    same = IdempotencyKey.objects.filter(
        account=mine.account, key=mine.key, method=mine.method, path=mine.path
    )
    too_old = same.filter(created_at__lt=Now() - KEPT) | same.filter(
        status=None, created_at__lt=Now() - ABANDONED
    )
    if too_old.delete()[0]:
        mine.pk = None
        try:
            with transaction.atomic():
                mine.save(force_insert=True)
        except IntegrityError:
            pass  # another request was faster: what it left decides
        else:
            return _act(mine, act)
    first = same.first()
    if first is None or first.status is None:
        raise Problem(409, "idempotency_key_in_use", "Ask again in a moment.")
    if first.body_sha256 != mine.body_sha256:
        raise Problem(422, "idempotency_key_reused", "A key stands for one body: choose a new one.")
    return Response(
        first.body, status=first.status, headers={**first.headers, "Idempotency-Replayed": "true"}
    )
