"""Many at once: on real connections, in real threads."""

import threading
from collections import Counter
from collections.abc import Callable

import pytest
from django.db import connection

from jobs.models import GitHubRule, Job, Preset
from tests.factories import SMALL_LADDER, make_account
from tests.webhooks.inbound.senders import from_github, from_stripe, stripe_event
from webhooks.inbound import handling
from webhooks.inbound.models import InboundEvent, InboundTry

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 8


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Each in a thread and on a connection of its own, off together; what they came to, in any order."""
    gate, came = threading.Barrier(len(acts)), []

    def run(act: Callable[[], object]) -> None:
        try:
            gate.wait()
            came.append(act())
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(came) == len(acts), "one of them failed"
    return came


def test_one_event_that_comes_eight_times_at_once_is_stored_once():
    event = stripe_event("invoice.paid", {})
    answers = at_once(*[lambda: from_stripe(event).content] * THREADS)
    assert Counter(answers) == {b"Stored.\n": 1, b"Known already.\n": THREADS - 1}


def test_eight_hints_at_once_are_one_try():
    from_github("ping", {})
    event_id = InboundEvent.objects.get().id
    ended = at_once(*[lambda: handling.handle(event_id, "tester")] * THREADS)
    assert Counter(ended) == {"handled": 1, "void": THREADS - 1}
    assert InboundTry.objects.count() == 1


def test_one_release_under_eight_ids_at_once_is_one_job():
    account = make_account("acme")
    Preset.objects.create(name="tiny", version=1, title="Tiny", ladder=SMALL_LADDER.to_json())
    GitHubRule.objects.create(account=account, repository="octo/films", preset="tiny")
    asset = {
        "id": 1,
        "name": "film.mp4",
        "content_type": "video/mp4",
        "browser_download_url": "https://example.com/film.mp4",
    }
    document = {
        "action": "published",
        "release": {"id": 7, "tag_name": "v1", "assets": [asset]},
        "repository": {"full_name": "octo/films"},
    }
    for number in range(THREADS):
        from_github("release", document, delivery=f"d-{number}")
    ids = list(InboundEvent.objects.values_list("id", flat=True))
    ended = at_once(*[lambda pk=pk: handling.handle(pk, "tester") for pk in ids])
    assert ended == ["handled"] * THREADS
    assert Job.objects.count() == 1
