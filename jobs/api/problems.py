"""Errors as documents (RFC 9457): what is wrong, where, and what to do; never a traceback."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import OperationalError, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from jobs.allowance import NotAllowed

log = structlog.get_logger(__name__)

CONTENT_TYPE = "application/problem+json"

# Titles are constant for a type (RFC 9457, section 3.1.3); what is particular stands in `detail`.
_TITLES: dict[str, str] = {
    "invalid": "The request has errors.",
    "parse_error": "The body is not JSON.",
    "not_authenticated": "An API key is required.",
    "authentication_failed": "The API key is not accepted.",
    "permission_denied": "The API key may not do this.",
    "not_found": "There is nothing here.",
    "method_not_allowed": "The method is not allowed here.",
    "not_acceptable": "The answer cannot be given in the format that was asked for.",
    "unsupported_media_type": "The body's media type is not supported.",
    "throttled": "Too many requests.",
    "idempotency_key_reused": "The Idempotency-Key was used with another request.",
    "idempotency_key_in_use": "The first request with this Idempotency-Key is still being worked on.",
    "job_not_requeueable": "The job cannot run again.",
    "job_is_final": "The job has ended.",
    "unavailable": "The service is not available for the moment.",
    "request_too_large": "The body is too large.",
    "account_suspended": "The account is suspended.",
    "quota_exceeded": "The account's quota is used up.",
}


class Problem(exceptions.APIException):
    """An error of our own: `code` names its type."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail, code)
        self.status_code = status


class Unavailable(Problem):
    """503, with a time to ask again."""

    wait = 5

    def __init__(self, detail: str) -> None:
        super().__init__(503, "unavailable", detail)


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler. None leaves a real surprise to Django, which logs it and answers 500."""
    if isinstance(error, OperationalError):
        # The database is away. Nothing was promised yet: the client may simply ask again.
        connection.close()
        error = Unavailable("The service cannot reach its database; nothing was changed.")
    elif isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, RequestDataTooBig):
        error = Problem(413, "request_too_large", "A job's document is at most 1 MiB; media goes by URL.")
    elif isinstance(error, NotAllowed):
        error = Problem(403, error.code, error.message)
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if not isinstance(error, exceptions.APIException):
        return None
    set_rollback()
    body: dict[str, Any]
    if isinstance(error, exceptions.ValidationError):
        code, detail = "invalid", "See `errors`: each names its place in the body."
        errors = [
            {"pointer": pointer, "code": item.code, "detail": str(item)}
            for pointer, item in flatten(error.detail, "")
        ]
        body = {"errors": errors}
    else:
        code = _code(error)
        detail, body = str(error.detail), {}
    document = _document(code, error.status_code, detail, context["request"].path) | body
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = str(challenge)
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait) + 1)
    return Response(document, status=error.status_code, headers=headers, content_type=CONTENT_TYPE)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400: what is refused before any view, such as a body over the size limit."""
    if isinstance(exception, RequestDataTooBig):
        return _page(
            request, 413, "request_too_large", "A job's document is at most 1 MiB; media goes by URL."
        )
    return _page(request, 400, "bad_request", "The request cannot be read.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404."""
    return _page(request, 404, "not_found", "There is nothing at this path.")


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500: the traceback is in the log, never in the answer."""
    return _page(
        request, 500, "internal_error", "Try again; if it stays, tell the operator the time of this answer."
    )


def _page(request: HttpRequest, status: int, code: str, detail: str) -> HttpResponse:
    if request.path.startswith(("/api/", "/v1/")):
        document = _document(code, status, detail, request.path)
        return JsonResponse(document, status=status, content_type=CONTENT_TYPE)
    return HttpResponse(
        f"{HTTPStatus(status).phrase}\n", status=status, content_type="text/plain; charset=utf-8"
    )


def _document(code: str, status: int, detail: str, path: str) -> dict[str, Any]:
    return {
        "type": f"urn:reelchord:problem:{code}",
        "title": _TITLES.get(code, HTTPStatus(status).phrase),
        "status": status,
        "code": code,
        "detail": detail,
        "instance": path,
    }


def _code(error: exceptions.APIException) -> str:
    codes = error.get_codes()
    return codes if isinstance(codes, str) else "invalid"


def flatten(detail: Any, pointer: str) -> Iterator[tuple[str, exceptions.ErrorDetail]]:
    """DRF's nested errors as (JSON pointer, error) pairs. Errors of a whole object point at the object."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            # A field that checks itself as a whole (a ladder) brings pointers of its own.
            token = (
                ""
                if name == "non_field_errors"
                else str(name)
                if str(name).startswith("/")
                else f"/{_escaped(name)}"
            )
            yield from flatten(inner, pointer + token)
    elif isinstance(detail, list):
        for position, inner in enumerate(detail):
            if isinstance(inner, dict | list):
                yield from flatten(inner, f"{pointer}/{position}")
            else:
                yield pointer, inner
    else:
        yield pointer, detail


def _escaped(name: object) -> str:
    return str(name).replace("~", "~0").replace("/", "~1")
