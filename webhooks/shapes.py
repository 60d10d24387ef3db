"""What the body of a message looks like: an endpoint names a shape, and a shape is a pure function.

    @shape("tasks")
    def tasks(message: Message) -> Mapping[str, Any]: ...

Registered by name in the `ready` of the app that has it. The headers, the signature and the tries are the same
for every shape.
"""

from collections.abc import Callable, Mapping
from typing import Any

from webhooks.payloads import VERSION, Message, compact

STANDARD = "standard"

Shape = Callable[[Message], Mapping[str, Any]]

_SHAPES: dict[str, Shape] = {}


def shape(name: str) -> Callable[[Shape], Shape]:
    """Register a shape. Raises ValueError for a name that is taken."""

    def register(function: Shape) -> Shape:
        if name in _SHAPES:
            raise ValueError(f"there is a shape named {name!r} already")
        _SHAPES[name] = function
        return function

    return register


def names() -> tuple[str, ...]:
    return tuple(_SHAPES)


def body(name: str, message: Message) -> bytes:
    """The bytes to sign and send: the same for every try. Raises KeyError for a name that nobody registered."""
    return compact(_SHAPES[name](message))


@shape(STANDARD)
def standard(message: Message) -> Mapping[str, Any]:
    return {
        "id": message.id,
        "type": message.type,
        "version": VERSION,
        "created_at": message.created,
        "sequence": message.sequence,
        "data": message.data,
    }
