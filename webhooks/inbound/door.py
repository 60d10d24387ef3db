"""`POST /hooks/<provider>`: read within bounds, verify, store once, answer. Nothing is acted on here.

A plain Django view: DRF would parse the body, and the signature is over its bytes.
"""

import json
import time
from typing import Any

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from webhooks.inbound import registry, transitions
from webhooks.inbound.registry import Malformed, NotAuthentic, Provider

log = structlog.get_logger(__name__)

_HEADER_CHARACTERS = 200
_LENGTH_DIGITS = 12


@csrf_exempt
@require_POST
def receive(request: HttpRequest, provider: str) -> HttpResponse:
    """200 once it is stored, or was before; the provider tries again after everything else.

    404 no such provider, or it has no secret here; 411 without a length; 413 over INBOUND_LIMIT_BYTES, unread;
    401 not signed by the provider, now; 400 signed, but no message of the provider's; 503 the database is away.
    """
    kind = registry.provider_of(provider)
    secrets = settings.INBOUND_SECRETS.get(provider)
    if kind is None or not secrets:
        return _say(404, "There is nothing here.")
    length = request.META.get("CONTENT_LENGTH") or ""
    if not (length.isascii() and length.isdecimal() and len(length) <= _LENGTH_DIGITS):
        return _say(411, "A Content-Length is required.")
    if int(length) > settings.INBOUND_LIMIT_BYTES:
        log.warning("inbound webhook too large", provider=provider, bytes=int(length))
        return _say(413, f"At most {settings.INBOUND_LIMIT_BYTES} bytes.")
    try:
        body = request.read(int(length))
    except UnreadablePostError:
        body = b""
    if len(body) != int(length):
        return _say(400, "The body ended early.")
    try:
        kind.verify(request.headers, body, secrets, time.time())
        document = _document(body)
        identity = kind.identify(request.headers, document)
    except NotAuthentic as error:
        # The reason is for our log: a stranger learns nothing from it.
        log.warning("inbound webhook refused", provider=provider, reason=str(error))
        return _say(401, "The signature is not accepted.")
    except Malformed as error:
        log.warning("inbound webhook malformed", provider=provider, reason=str(error))
        return _say(400, str(error))
    try:
        new = transitions.store(kind.name, identity, _kept(kind, request), body)
    except DatabaseError as error:
        # Nothing was promised: the provider, or the poller, brings it again.
        log.warning("inbound webhook not stored", provider=provider, error=str(error))
        connection.close()
        return _say(503, "The service cannot reach its database; send it again.")
    return _say(200, "Stored." if new else "Known already.")


def _document(body: bytes) -> dict[str, Any]:
    try:
        # Bytes are decoded as UTF-8, -16 or -32 by themselves; a nesting without end runs into a limit.
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Malformed(
            "The body is not JSON. (GitHub: choose the content type application/json.)"
        ) from error
    if not isinstance(document, dict):
        raise Malformed("The body is JSON, but no object.")
    return document


def _kept(kind: Provider, request: HttpRequest) -> dict[str, str]:
    values = ((name, request.headers.get(name)) for name in kind.headers_kept)
    # PostgreSQL's JSON holds everything but NUL, which no server lets through; the length is ours to bound.
    return {name: value[:_HEADER_CHARACTERS].replace("\0", "") for name, value in values if value}


def _say(status: int, sentence: str) -> HttpResponse:
    return HttpResponse(f"{sentence}\n", status=status, content_type="text/plain; charset=utf-8")
