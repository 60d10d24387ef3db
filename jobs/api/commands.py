"""A command in a request: read by FFmpeg's own grammar, checked, and refused with the token and the reason."""

from collections.abc import Mapping, Sequence
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from adapters.ffmpeg.commandline.errors import CommandRefused
from adapters.ffmpeg.commandline.parser import parse
from adapters.ffmpeg.commandline.tree import Program
from adapters.storage.base import Refused
from jobs import stores

MAX_TEXT = 32 * 1024
_MAX_NAMES = 20
_MAX_NAME = 4096


@extend_schema_field(
    {
        "oneOf": [
            {"type": "object", "additionalProperties": {"type": "string"}, "maxProperties": _MAX_NAMES},
            {"type": "array", "items": {"type": "string"}, "maxItems": _MAX_NAMES},
        ]
    }
)
class Names(serializers.Field[Any, Any, Any, Any]):
    """{"name": "text"} or ["text", ...]."""

    default_error_messages = {
        "shape": 'Give an object of names, {"in_1": "..."}, or a list.',
        "too_many": "At most {most} entries.",
        "text": "Give text of at most {most} characters.",
    }

    def to_internal_value(self, data: Any) -> Mapping[str, str] | Sequence[str]:
        if not isinstance(data, Mapping | list):
            self.fail("shape")
        if len(data) > _MAX_NAMES:
            self.fail("too_many", most=_MAX_NAMES)
        items = data.items() if isinstance(data, Mapping) else enumerate(data)
        for _, text in items:
            if not isinstance(text, str) or len(text) > _MAX_NAME:
                self.fail("text", most=_MAX_NAME)
        return data

    def to_representation(self, value: Any) -> Any:
        return value


def read(
    command: str | Sequence[str],
    *,
    inputs: Mapping[str, str] | Sequence[str],
    outputs: Mapping[str, str] | Sequence[str],
    account: str,
) -> Program:
    """The command, with sources that the account may read. Raises ValidationError with each reason at its place."""
    try:
        program = parse(command, inputs=inputs, outputs=outputs)
    except CommandRefused as error:
        raise _as_errors((one.pointer, one.code, one.sentence, one.hint) for one in error.refusals) from error
    refused = []
    for number, source in enumerate(program.sources):
        try:
            stores.check_source(source.url, account)
        except Refused as error:
            refused.append(
                (_place(source.name, source.url, number, inputs), "url_refused", error.message, None)
            )
    if refused:
        raise _as_errors(refused)
    return program


def _as_errors(reasons: Any) -> serializers.ValidationError:
    found: dict[str, list[ErrorDetail]] = {}
    for pointer, code, sentence, hint in reasons:
        text = f"{sentence[:1].upper()}{sentence[1:].rstrip('.')}."
        found.setdefault(pointer or "non_field_errors", []).append(
            ErrorDetail(f"{text} {hint}" if hint else text, code=code)
        )
    return serializers.ValidationError(found)


def _place(name: str, url: str, number: int, inputs: Mapping[str, str] | Sequence[str]) -> str:
    if isinstance(inputs, Mapping):
        return f"/inputs/{name}" if name in inputs else "/command"
    return f"/inputs/{inputs.index(url)}" if url in inputs else "/command"
