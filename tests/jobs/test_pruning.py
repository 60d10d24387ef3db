"""What dead workers leave is collected; what was committed is never touched."""

from contextlib import closing
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from jobs import attempts, conductor, execution, pruning, storing
from jobs.models import Attempt, Output, Step
from jobs.states import AttemptState, StepKind
from tests.factories import claim, drive, make_job, next_step, s3_client, stored, upload

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def planned(acme, short_clip):
    return drive(make_job(acme, upload(acme, short_clip)), until=StepKind.RENDITION)


def _lose(held) -> None:
    from datetime import timedelta

    from django.db.models.functions import Now

    Step.objects.filter(id=held.step_id).update(lease_until=Now() - timedelta(seconds=1))
    conductor.expire_leases()


def test_a_zombie_that_stores_after_it_lost_its_lease_erases_what_it_stored(planned, acme, monkeypatch):
    held = claim(next_step(planned))
    store = storing._store

    def freeze_before_storing(*args) -> None:
        with closing(connection):  # of the thread that stores, which has none but for this
            _lose(held)
            pruning.prune_discarded()
        store(*args)

    monkeypatch.setattr(storing, "_store", freeze_before_storing)
    assert attempts.perform(held, execution.work) == "lost"
    assert Attempt.objects.get(id=held.attempt_id).state == AttemptState.LOST
    assert stored(acme) == {}


def test_an_object_stored_behind_the_back_of_its_row_is_an_orphan(planned, acme):
    held = claim(next_step(planned))
    _lose(held)
    key = f"{acme.slug}/{planned.id}/{held.key}/{held.epoch}/late.mp4"
    s3_client().put_object(Bucket="outputs", Key=key, Body=b"late")
    job = drive(planned)
    committed = set(stored(acme)) - {key.removeprefix(f"{acme.slug}/")}
    out = StringIO()
    call_command("prune_outputs", "--dry-run", stdout=out)
    assert f"orphan  s3://outputs/{key}" in out.getvalue()
    assert len(stored(acme)) == len(committed) + 1, "a dry run deletes nothing"
    call_command("prune_outputs", stdout=out)
    assert set(stored(acme)) == committed
    assert Output.objects.filter(job=job, state="committed").count() == len(committed)


def test_jobs_that_lost_nothing_are_not_even_looked_at(planned, acme, django_assert_num_queries):
    drive(planned)
    with django_assert_num_queries(1):
        assert list(pruning.orphans(pruning.SETTLED)) == []


def test_a_workspace_goes_when_its_attempt_runs_no_longer(planned, settings):
    held = claim(next_step(planned))
    folder = settings.WORK_DIR / "attempts" / str(held.step_id) / str(held.epoch)
    folder.mkdir(parents=True)
    (folder / "half.mp4").write_bytes(b"x")
    assert folder not in set(pruning.workspaces())
    _lose(held)
    pruning.prune_workspaces()
    assert not folder.exists()
