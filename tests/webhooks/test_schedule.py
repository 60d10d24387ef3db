"""The order of tries, as a table."""

import pytest

from webhooks.schedule import Verdict, backoff, judge
from webhooks.states import DeliveryState

# Of the delivery `golden`, first wait 10 s: seconds after each try, as its seed has them.
GOLDEN = [10.9, 74.5, 416.3, 2291.0, 14016.7]


def verdict(tries: int, **what) -> Verdict:
    asked = {"status": None, "error": "", "retry_after_seconds": None, **what}
    return judge(delivery="golden", tries=tries, most_tries=6, first_seconds=10.0, **asked)


def test_the_waits_between_the_tries_of_a_delivery_are_always_the_same():
    waits = [round(verdict(tries, status=500, error="status").delay_seconds, 1) for tries in range(1, 6)]
    assert waits == GOLDEN
    assert verdict(6, status=500, error="status").state == DeliveryState.DEAD_LETTER


@pytest.mark.parametrize("tries", range(1, 30))
def test_a_wait_is_never_shorter_than_the_plain_one_and_at_most_a_quarter_longer(tries):
    plain = min(10.0 * 6 ** (tries - 1), 12 * 3600)
    assert backoff(tries, first_seconds=10.0, random=lambda: 0.0) == plain
    assert backoff(tries, first_seconds=10.0, random=lambda: 1.0) == pytest.approx(1.25 * plain)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_2xx_is_delivered(status):
    assert verdict(1, status=status) == Verdict(DeliveryState.DELIVERED)


@pytest.mark.parametrize("status", [100, 199, 300, 301, 308, 400, 401, 404, 409, 422, 500, 502, 504])
def test_every_other_status_is_tried_again(status):
    found = verdict(1, status=status, error="status")
    assert (found.state, found.pause_seconds) == (DeliveryState.PENDING, 0)
    assert found.delay_seconds >= 10


def test_an_answer_that_broke_off_is_none_even_if_it_began_with_200():
    assert verdict(1, status=200, error="interrupted").state == DeliveryState.PENDING


def test_gone_is_final_and_disables_the_endpoint():
    assert verdict(1, status=410, error="status") == Verdict(DeliveryState.DEAD_LETTER, gone=True)


@pytest.mark.parametrize("error", ["endpoint_disabled", "rejected"])
def test_what_no_later_try_would_change_is_a_dead_letter_at_once(error):
    assert verdict(1, error=error) == Verdict(DeliveryState.DEAD_LETTER)


@pytest.mark.parametrize(
    ("status", "asked", "delay", "pause"),
    [
        (429, 900.0, 900.0, 900.0),
        (503, 900.0, 900.0, 900.0),
        (503, None, GOLDEN[0], 0.0),
        (429, None, GOLDEN[0], GOLDEN[0]),
        (429, 1.0, GOLDEN[0], 1.0),
        (429, 1e9, 86400.0, 86400.0),
        (500, 900.0, GOLDEN[0], 0.0),
    ],
)
def test_retry_after_lengthens_the_wait_and_pauses_the_endpoint(status, asked, delay, pause):
    found = verdict(1, status=status, error="status", retry_after_seconds=asked)
    assert (round(found.delay_seconds, 1), round(found.pause_seconds, 1)) == (delay, pause)
