"""The states of a delivery, and who moves it on. Pure: `transitions` is what writes them."""

from enum import StrEnum


class DeliveryState(StrEnum):
    PENDING = "pending"  # the worker that claims it, at its try; by itself due again when its worker dies
    DELIVERED = "delivered"  # final, until somebody wants it sent again
    DEAD_LETTER = "dead_letter"  # final, until somebody redelivers it


MOVES: dict[DeliveryState, frozenset[DeliveryState]] = {
    DeliveryState.PENDING: frozenset({DeliveryState.DELIVERED, DeliveryState.DEAD_LETTER}),
    DeliveryState.DELIVERED: frozenset({DeliveryState.PENDING}),
    DeliveryState.DEAD_LETTER: frozenset({DeliveryState.PENDING}),
}
FINAL = frozenset({DeliveryState.DELIVERED, DeliveryState.DEAD_LETTER})
