"""Errors in one member and one text: `{"error": "..."}` or `{"detail": "..."}`, whichever that API's clients read."""

from collections.abc import Callable, Mapping
from typing import Any

from rest_framework.response import Response

from jobs.api import problems

Handler = Callable[[Exception, dict[str, Any]], Response | None]


def plain(member: str, names: Mapping[str, str]) -> Handler:
    """An exception handler like the API's own, whose document becomes one text.

    Each reason names its place in the request by a JSON pointer; `names` are the members as that API spells them.
    """

    def handle(error: Exception, context: dict[str, Any]) -> Response | None:
        response = problems.handle(error, context)
        if response is not None:
            response.data = {member: _text(response.data, names)}
            response.content_type = None
        return response

    return handle


def _text(document: Mapping[str, Any], names: Mapping[str, str]) -> str:
    if "errors" not in document:
        return str(document["detail"])
    return " ".join(_reason(error, names) for error in document["errors"])


def _reason(error: Mapping[str, str], names: Mapping[str, str]) -> str:
    first, slash, rest = error["pointer"].removeprefix("/").partition("/")
    place = f"/{names.get(first, first)}{slash}{rest}" if first else ""
    return f"{place}: {error['detail']}" if place else error["detail"]
