"""The only writer of an inbound event's state: each move is conditional, and commits with its try and audit rows."""

import json
from dataclasses import dataclass
from datetime import timedelta
from random import random
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from audit.identifiers import NOBODY, uuid7
from audit.recorder import StateChange, record_changes
from webhooks.inbound import alerts, schedule
from webhooks.inbound.models import InboundEvent, InboundTry
from webhooks.inbound.registry import Handled, Identity, Outcome
from webhooks.inbound.states import FINAL, MOVES, InboundState, TryState

log = structlog.get_logger(__name__)

# The conductor listens here.
CHANNEL = "reelchord_inbound"
QUEUE = "inbound"
_DETAIL_CHARACTERS = 4000

_STORE = """
WITH stored AS (
    INSERT INTO inbound_inboundevent (
        id, provider, event_id, type, occurred_at, headers, body, size_bytes, state, tries, epoch, owner, hints,
        note, fault_code, fault_message
    ) VALUES (
        %(id)s, %(provider)s, %(event_id)s, %(type)s, %(occurred_at)s, %(headers)s, %(body)s, %(size_bytes)s,
        'received', 0, 0, '', 0, '', '', ''
    )
    ON CONFLICT (provider, event_id) DO NOTHING
    RETURNING id
), audit AS (
    INSERT INTO audit_auditevent (
        account_id, job_id, subject, subject_id, label, from_state, to_state, actor, detail
    ) SELECT %(nobody)s, %(nobody)s, 'inbound', id, %(label)s, '', 'received', %(actor)s, '{}' FROM stored
)
SELECT pg_notify(%(channel)s, %(queue)s) FROM stored
"""
_CLAIM = """
UPDATE inbound_inboundevent
SET state = 'handling', owner = %s, epoch = epoch + 1, tries = tries + 1, hints = 0,
    lease_until = statement_timestamp() + make_interval(secs => %s)
WHERE id = %s AND state = 'received' AND next_try_at <= statement_timestamp()
RETURNING *
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to handle one event, in one epoch. `lapsed`: held by the conductor in a silent worker's place."""

    event: InboundEvent
    epoch: int
    actor: str
    lapsed: bool = False

    @property
    def held(self) -> "QuerySet[InboundEvent]":
        mine = InboundEvent.objects.filter(id=self.event.id, epoch=self.epoch, state=InboundState.HANDLING)
        return mine.filter(lease_until__lt=Now()) if self.lapsed else mine


class LeaseLost(Exception):
    """The epoch is over: another worker, or the conductor, has the event. Nothing of this claim may commit."""


class NotFinal(Exception):
    """It is being handled, or about to be: there is nothing to replay."""


def store(provider: str, identity: Identity, headers: dict[str, str], body: bytes) -> bool:
    """Write a verified message down, once; the conductor hears of it when this commits. False: known already.

    One statement, and so one transaction and one round trip: the provider waits for it.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _STORE,
            {
                "id": uuid7(),
                "provider": provider,
                "event_id": identity.event_id,
                "type": identity.type,
                "occurred_at": identity.occurred_at,
                "headers": json.dumps(headers),
                "body": body,
                "size_bytes": len(body),
                "label": _label(provider, identity.type),
                "actor": f"provider:{provider}",
                "nobody": NOBODY,
                "channel": CHANNEL,
                "queue": QUEUE,
            },
        )
        return cursor.fetchone() is not None


def claim(event_id: UUID, worker: str) -> Claim | None:
    """received > handling, with a lease. None: taken, final or backing off, and this hint is void."""
    with transaction.atomic():
        parameters = [worker, settings.INBOUND_LEASE_SECONDS, event_id]
        for event in InboundEvent.objects.raw(_CLAIM, parameters):
            made = Claim(event, event.epoch, f"worker:{worker}")
            InboundTry.objects.create(
                event=event, epoch=event.epoch, provider=event.provider, type=event.type, worker=worker
            )
            _record(event, InboundState.RECEIVED, InboundState.HANDLING, made.actor)
            return made
    return None


def finish(held: Claim, outcome: Outcome) -> None:
    """handling > handled or ignored. Call it in the transaction of the effect. Raises LeaseLost."""
    to = InboundState.HANDLED if isinstance(outcome, Handled) else InboundState.IGNORED
    _end(
        held,
        to,
        TryState.SUCCEEDED,
        note=outcome.note,
        account_id=outcome.account_id,
        finished_at=Now(),
        fault_code="",
        fault_message="",
    )


def fail(
    held: Claim,
    code: str,
    message: str,
    *,
    detail: str = "",
    final: bool = False,
    after_seconds: float | None = None,
    as_: TryState = TryState.FAILED,
) -> InboundState:
    """handling > received, due after a back-off, or > dead_letter: out of tries, or `final`. Raises LeaseLost."""
    delay = (
        None
        if final
        else schedule.delay_seconds(
            held.event.tries, at_most=settings.INBOUND_MAX_TRIES, random=random, asked_seconds=after_seconds
        )
    )
    fault = {"fault_code": code[:64], "fault_message": _plain(message)}
    with transaction.atomic():
        if delay is None:
            to = InboundState.DEAD_LETTER
            _end(held, to, as_, detail=detail, finished_at=Now(), **fault)
        else:
            to = InboundState.RECEIVED
            due = Now() + timedelta(seconds=delay)
            _end(held, to, as_, detail=detail, next_try_at=due, hint_after=due, hints=0, **fault)
        alerts.look(held.event.provider, held.event.type)
    log.warning(
        "inbound webhook failed",
        webhook=str(held.event),
        tries=held.event.tries,
        fault=code,
        message=message,
        retry_in_seconds=delay,
    )
    return to


def replay(event_id: UUID, *, actor: str) -> None:
    """final > received: handle it again, with all its tries. Raises NotFinal, InboundEvent.DoesNotExist."""
    with transaction.atomic():
        event = InboundEvent.objects.select_for_update().defer("body").get(id=event_id)
        from_ = InboundState(event.state)
        if from_ not in FINAL:
            raise NotFinal(f"{event} is {from_}")
        InboundEvent.objects.filter(id=event_id).update(
            state=InboundState.RECEIVED,
            tries=0,
            hints=0,
            next_try_at=Now(),
            hint_after=Now(),
            finished_at=None,
            fault_code="",
            fault_message="",
            note="",
        )
        _record(event, from_, InboundState.RECEIVED, actor)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, QUEUE])


def lapsed(event: InboundEvent) -> Claim:
    """The claim that a silent worker holds, for the conductor to end in its place."""
    return Claim(event, event.epoch, "conductor", lapsed=True)


def _end(held: Claim, to: InboundState, tried: TryState, *, detail: str = "", **fields: Any) -> None:
    if to not in MOVES[InboundState.HANDLING]:
        raise ValueError(f"handling > {to} is no move")
    if held.held.update(state=to, lease_until=None, **fields) != 1:
        raise LeaseLost(f"{held.event}: epoch {held.epoch} is over")
    InboundTry.objects.filter(event_id=held.event.id, epoch=held.epoch).update(
        state=tried,
        finished_at=Now(),
        fault_code=fields.get("fault_code", ""),
        fault_message=fields.get("fault_message", ""),
        fault_detail=_plain(detail),
    )
    said = {name: str(fields[name])[:500] for name in ("fault_code", "note") if fields.get(name)}
    account = fields.get("account_id") or NOBODY
    _record(held.event, InboundState.HANDLING, to, held.actor, account_id=account, detail=said)


def _record(
    event: InboundEvent,
    from_: InboundState,
    to: InboundState,
    actor: str,
    *,
    account_id: UUID = NOBODY,
    detail: dict[str, str] | None = None,
) -> None:
    label = _label(event.provider, event.type)
    change = StateChange("inbound", event.id, from_, to, label, dict(detail or {}))
    record_changes(account_id, NOBODY, actor, [change])


def _label(provider: str, type_: str) -> str:
    return f"{provider} {type_}"[:64]


def _plain(text: str) -> str:
    """Bounded, and without the one character that PostgreSQL's text cannot hold."""
    return text.replace("\0", "")[:_DETAIL_CHARACTERS]
