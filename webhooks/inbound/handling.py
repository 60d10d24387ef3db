"""Handle one event: claim it, run its handler, and commit the effect together with the word that it happened."""

import json
import traceback
from uuid import UUID

import structlog
from django.db import Error as DatabaseError
from django.db import transaction

from webhooks.inbound import registry, transitions
from webhooks.inbound.models import InboundEvent
from webhooks.inbound.registry import CannotHandle, Ignored, Outcome, Received, TryAgain
from webhooks.inbound.transitions import Claim, LeaseLost

log = structlog.get_logger(__name__)


def handle(event_id: UUID, worker: str) -> str:
    """How it ended: a state, or `void` where this hint has nothing to do. Raises only when the database is away.

    Then the lease runs out, and the conductor gives the event back.
    """
    held = transitions.claim(event_id, worker)
    if held is None:
        return "void"
    try:
        return _act(held)
    except LeaseLost:
        log.warning("inbound webhook's lease was lost", webhook=str(held.event))
        return "void"


def _act(held: Claim) -> str:
    event = received(held.event)
    handler = registry.handler_of(event.provider, event.type)
    try:
        # What talks to others stands outside: a transaction that waits for a stranger holds its rows for as long.
        prepared = handler.prepare(event) if handler else None
        with transaction.atomic():
            outcome: Outcome = (
                handler.act(event, prepared) if handler else Ignored(f"Nothing here acts on {event.type}.")
            )
            transitions.finish(held, outcome)
        return "handled" if isinstance(outcome, registry.Handled) else "ignored"
    except LeaseLost:
        raise
    except TryAgain as error:
        return transitions.fail(held, error.code, str(error), after_seconds=error.after_seconds)
    except CannotHandle as error:
        return transitions.fail(held, error.code, str(error), final=True)
    except DatabaseError as error:
        # Where the database is away, saying so fails too; the lease then runs out.
        return transitions.fail(held, "database_error", f"{type(error).__name__}: {error}")
    except Exception as error:
        # A bug, or a document that nobody foresaw. It must not take the worker along, and somebody has to see it.
        log.exception("inbound handler failed", webhook=str(held.event))
        text = f"{type(error).__name__}: {error}"
        return transitions.fail(held, "internal_error", text, detail=traceback.format_exc()[-4000:])


def received(event: InboundEvent) -> Received:
    return Received(
        id=event.id,
        provider=event.provider,
        event_id=event.event_id,
        type=event.type,
        occurred_at=event.occurred_at,
        document=json.loads(bytes(event.body)),
    )
