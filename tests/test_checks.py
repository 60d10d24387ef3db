"""Settings that contradict each other are refused, each with its hint."""

from types import SimpleNamespace

import pytest

from config.celery import app
from config.checks import contradictions, settings_agree


def codes() -> list[str | None]:
    return [error.id for error in settings_agree(None)]


def test_the_settings_as_they_ship_agree():
    assert codes() == []


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("HEARTBEAT_SECONDS", 15.0, "reelchord.E001"),
        ("LEASE_SECONDS", 120, "reelchord.E002"),
        ("STOP_GRACE_SECONDS", 20.0, "reelchord.E003"),
        ("MAX_TIMEOUT_MINUTES", 24 * 60, "reelchord.E004"),
    ],
)
def test_a_setting_of_ours_that_breaks_a_promise_is_an_error(settings, name, value, code):
    setattr(settings, name, value)
    assert codes() == [code]


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("result_chord_expires", 3600, "reelchord.E005"),
        ("worker_prefetch_multiplier", 4, "reelchord.E006"),
        ("task_acks_late", False, "reelchord.E007"),
        ("worker_cancel_long_running_tasks_on_connection_loss", True, "reelchord.E008"),
        ("task_default_priority", 3, "reelchord.E009"),
        ("task_ignore_result", False, "reelchord.E010"),
    ],
)
def test_a_setting_of_celerys_that_breaks_a_promise_is_an_error(name, value, code):
    changed = SimpleNamespace(**{**app.conf.table(with_defaults=True), name: value})
    assert [found for found, _, _ in contradictions(changed)] == [code.partition(".")[2]]
