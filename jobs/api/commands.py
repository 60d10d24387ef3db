"""A command in a request: read by FFmpeg's own grammar, checked, and refused with the token and the reason."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from adapters.ffmpeg.commandline.errors import CommandRefused
from adapters.ffmpeg.commandline.parser import parse
from adapters.ffmpeg.commandline.tree import Program
from adapters.storage.base import Refused
from adapters.storage.location import parse_object
from jobs import stores

MAX_TEXT = 32 * 1024
_MAX_NAMES = 20
_MAX_NAME = 4096

# JSON pointer, code, sentence, hint.
_Reason = tuple[str, str, str, str | None]


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
        "shape": 'Give an object of names, {{"in_1": "..."}}, or a list.',
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
    """The command, with sources that the account may read, and URLs for outputs that it may write.

    Raises ValidationError with each reason at its place.
    """
    try:
        program = parse(command, inputs=inputs, outputs=outputs)
    except CommandRefused as error:
        raise _as_errors((one.pointer, one.code, one.sentence, one.hint) for one in error.refusals) from error
    whole = "/command" if isinstance(command, str) else "/arguments"
    refused: list[_Reason] = []
    for source in program.sources:
        try:
            stores.check_source(source.url, account)
        except Refused as error:
            pointer = _named(inputs, source.url, "/inputs") or whole
            refused.append((pointer, "url_refused", error.message, None))
    taken: set[str | None] = set()
    for output in (one for run in program.commands for one in run.outputs if one.shape != "none"):
        pointer = _named(outputs, output.destination or output.label or "", "/outputs") or whole
        # What is made lies in one folder first, whatever its places are; only what is several files has its own.
        if output.label in taken and output.shape in ("file", "image"):
            refused.append(
                (pointer, "invalid_name", f"Two outputs end with the name '{output.label}'.", None)
            )
        taken.add(output.label)
        try:
            _check_output(output.destination, account)
        except Refused as error:
            refused.append((pointer, "url_refused", error.message, None))
    if refused:
        raise _as_errors(refused)
    return program


def _check_output(url: str | None, account: str) -> None:
    """Raises Refused unless the account may write a file of this URL, if there is one: beneath one of its roots."""
    if url is None:
        return
    stores.check_destination(f"{url.rpartition('/')[0]}/", account)
    parse_object(url)


def _as_errors(reasons: Iterable[_Reason]) -> serializers.ValidationError:
    found: dict[str, list[ErrorDetail]] = {}
    for pointer, code, sentence, hint in reasons:
        text = f"{sentence[:1].upper()}{sentence[1:].rstrip('.')}."
        found.setdefault(pointer or "non_field_errors", []).append(
            ErrorDetail(f"{text} {hint}" if hint else text, code=code)
        )
    return serializers.ValidationError(found)


def _named(given: Mapping[str, str] | Sequence[str], text: str, pointer: str) -> str | None:
    """The JSON pointer to the member that says `text`; None where the command says it itself."""
    names = given.items() if isinstance(given, Mapping) else enumerate(given)
    name = next((str(name) for name, said in names if said == text), None)
    return None if name is None else f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
