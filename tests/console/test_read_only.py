"""What happened cannot be edited: not by a page, not by a forged request."""

import pytest
from django.contrib.admin import autodiscover, site
from django.urls import reverse

from audit.models import AuditEvent
from jobs.console.rows import ReadOnlyAdmin
from jobs.models import Account, ApiKey, Attempt, GitHubRule, Job, Preset, Worker
from jobs.states import JobState
from tests.factories import claim, make_job, make_key, next_step
from webhooks.models import Event

pytestmark = pytest.mark.django_db

# What may be made, and what may be made and changed; nothing at all may be deleted.
ADDED = {ApiKey, Preset}
CHANGED = {Account, GitHubRule}
autodiscover()
OURS = {model for model in site._registry if model._meta.app_label in ("jobs", "audit", "webhooks")}


@pytest.fixture
def rows(acme):
    """One row of each model of ours that has any."""
    job = make_job(acme, "s3://sources/a.mp4")
    held = claim(next_step(job))
    make_key(acme)
    Worker.objects.create(name="w@host", queues=["files"], slots=2)
    return {
        Job: job,
        Attempt: Attempt.objects.get(id=held.attempt_id),
        AuditEvent: AuditEvent.objects.filter(job_id=job.id).first(),
        Event: Event.objects.filter(job_id=job.id).first(),
        Worker: Worker.objects.get(),
        ApiKey: ApiKey.objects.get(),
        Preset: Preset.objects.create(name="tiny", version=1, title="Tiny", ladder=job.ladder),
        Account: acme,
    }


def url(model, action, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{action}", args=args)


def test_every_model_of_ours_is_read_only_but_the_accounts():
    assert {Job, Attempt, AuditEvent, Event, Worker, ApiKey, Preset, Account} <= OURS
    for model in OURS - CHANGED:
        assert isinstance(site._registry[model], ReadOnlyAdmin), model


def test_no_post_changes_or_deletes_a_row(rows, operator):
    for model, row in rows.items():
        if model in CHANGED:
            continue
        before = model.objects.filter(pk=row.pk).values().get()
        for path in (url(model, "change", row.pk), url(model, "delete", row.pk)):
            data = {"state": "succeeded", "name": "x", "title": "x", "post": "yes"}
            assert operator.client.post(path, data).status_code == 403, path
        assert model.objects.filter(pk=row.pk).values().get() == before


def test_no_row_is_added_where_none_may_be(operator):
    for model in OURS - ADDED - CHANGED:
        assert operator.client.get(url(model, "add")).status_code == 403, model
        assert operator.client.post(url(model, "add"), {"state": JobState.QUEUED}).status_code == 403, model


def test_no_list_offers_to_delete(rows, operator):
    for model, row in rows.items():
        html = operator.client.get(url(model, "changelist")).content.decode()
        assert "delete_selected" not in html, model
        data = {"action": "delete_selected", "_selected_action": [str(row.pk)], "post": "yes"}
        operator.client.post(url(model, "changelist"), data)
        assert model.objects.filter(pk=row.pk).exists(), model


def test_every_page_of_the_sidebar_opens_for_those_who_may_look(rows, operator, viewer):
    from config.unfold import UNFOLD

    links = [str(item["link"]) for group in UNFOLD["SIDEBAR"]["navigation"] for item in group["items"]]
    assert len(links) >= 14
    for link in links:
        for who in (operator, viewer):
            assert who.client.get(link).status_code == 200, link


def test_a_stranger_is_asked_to_log_in(rows, client):
    attempt = rows[Attempt]
    for path in (
        "",
        "jobs/job/",
        f"jobs/attempt/{attempt.pk}/stderr.txt",
        f"jobs/job/{rows[Job].pk}/cancel/",
    ):
        response = client.post(f"/admin/{path}") if "cancel" in path else client.get(f"/admin/{path}")
        assert response.status_code == 302, path
        assert response["Location"].startswith("/admin/login/"), path


def test_a_colleague_without_permissions_sees_no_rows(rows, operator):
    from tests.console.conftest import Console, _user

    nobody = Console(_user("ned"))
    assert nobody.client.get(url(Job, "change", rows[Job].pk)).status_code == 403
    assert nobody.client.get(url(Job, "changelist")).status_code == 403
    assert nobody.client.get(f"/admin/jobs/attempt/{rows[Attempt].pk}/stderr.txt").status_code == 403
    assert "transcode-cpu" not in nobody.get("")
