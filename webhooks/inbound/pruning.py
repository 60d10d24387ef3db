"""Events that are done go by age. Dead letters stay until somebody replays them."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from webhooks.inbound.models import InboundEvent
from webhooks.inbound.states import InboundState

_AT_ONCE = 500
_ROUNDS = 200


def prune() -> int:
    """Delete what was handled or ignored and arrived over INBOUND_KEEP_DAYS ago; how many.

    Not earlier than a provider may repeat it: the row is what a repeat is known by. Stripe repeats for three days,
    and GitHub redelivers what is up to three days old. In small transactions, as many as one run may need.
    """
    before = timezone.now() - timedelta(days=settings.INBOUND_KEEP_DAYS)
    # The id holds the time of arrival: the oldest come first by the primary key alone.
    bound = UUID(int=int(before.timestamp() * 1000) << 80)
    old = InboundEvent.objects.filter(id__lt=bound, state__in=[InboundState.HANDLED, InboundState.IGNORED])
    pruned = 0
    for _ in range(_ROUNDS):
        ids = list(old.order_by("id").values_list("id", flat=True)[:_AT_ONCE])
        if not ids:
            break
        # A replay in between has made it live again: asked once more at the deletion.
        old.filter(id__in=ids).delete()
        pruned += len(ids)
    return pruned
