"""The states of what arrives, and the moves between them. Pure: `transitions` is what writes them.

Each state says who moves it on.
"""

from collections.abc import Mapping
from enum import StrEnum


class InboundState(StrEnum):
    RECEIVED = "received"  # the worker that claims it; the conductor sends it hints
    HANDLING = "handling"  # its worker's commit; the conductor, when the lease has expired
    HANDLED = "handled"  # final, until an operator replays it
    IGNORED = "ignored"  # final, until an operator replays it: nothing here wanted it
    DEAD_LETTER = "dead_letter"  # final, until an operator replays it: out of retries, or for a person to see


class TryState(StrEnum):
    RUNNING = "running"  # its worker; the conductor, when the lease has expired
    SUCCEEDED = "succeeded"  # final
    FAILED = "failed"  # final
    LOST = "lost"  # final: its lease expired


_I, _T = InboundState, TryState
FINAL = frozenset({_I.HANDLED, _I.IGNORED, _I.DEAD_LETTER})
FAILED_TRIES = (_T.FAILED, _T.LOST)
MOVES: Mapping[InboundState, frozenset[InboundState]] = {
    _I.RECEIVED: frozenset({_I.HANDLING}),
    _I.HANDLING: frozenset({_I.RECEIVED, *FINAL}),
    _I.HANDLED: frozenset({_I.RECEIVED}),
    _I.IGNORED: frozenset({_I.RECEIVED}),
    _I.DEAD_LETTER: frozenset({_I.RECEIVED}),
}
