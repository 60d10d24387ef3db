"""POSTs out, against a server that misbehaves: kept connections, deadlines, and the guard's rules."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from adapters.egress import EgressFailed, EgressInterrupted, EgressRefused, EgressTimedOut, policy_of
from adapters.egress_post import Posted, Poster, Posters, check
from tests.storage.test_egress import NOT_ALLOWED, NOT_PUBLIC, Resolver
from tests.webhooks.receiver import Receiver, breaks_off, drips, hangs, hangs_up, receiving, says


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


@pytest.fixture
def posters(receiver) -> Iterator[Posters]:
    made = Posters(policy_of(("127.0.0.0/8",), frozenset({80, receiver.port})))
    yield made
    made.close()


def post(poster: Poster, url: str, seconds: float = 5.0) -> Posted:
    return poster.post(
        url, b'{"a":1}', {"Content-Type": "application/json"}, seconds=seconds, excerpt_bytes=100
    )


@pytest.mark.parametrize("host", NOT_PUBLIC)
def test_an_address_that_is_not_public_is_refused(host):
    poster = Poster(policy_of((), frozenset({80, 443})))
    for url in (f"http://{host}/", f"https://{host}/"):
        with pytest.raises(EgressRefused):
            post(poster, url)


@pytest.mark.parametrize("url", NOT_ALLOWED)
def test_a_url_outside_the_policy_is_refused_before_anything_is_looked_up(url, monkeypatch):
    look_up = Resolver("127.0.0.1")
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    policy = policy_of((), frozenset({80, 443}))
    with pytest.raises(EgressRefused):
        check(url, policy)
    with pytest.raises(EgressRefused):
        post(Poster(policy), url)
    assert look_up.names == []


def test_a_name_that_leads_to_a_private_address_is_refused_at_the_socket(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", Resolver("127.0.0.1"))
    policy = policy_of((), frozenset({80, 443}))
    check("http://rebinding.example/", policy)
    with pytest.raises(EgressRefused, match="not a public address"):
        post(Poster(policy), "http://rebinding.example/")


def test_a_connection_is_kept_for_the_next_request(receiver, posters, monkeypatch):
    poster = posters.make()
    look_up = Resolver("127.0.0.1")
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    for _ in range(5):
        assert post(poster, f"http://kept.example:{receiver.port}/").status == 204
    assert look_up.names == ["kept.example"]


def test_a_kept_connection_that_its_server_closed_is_made_anew(receiver, posters):
    poster = posters.make()
    receiver.script = [says(200, b"one"), hangs_up, says(200, b"two")]
    assert post(poster, receiver.url()).excerpt == b"one"
    assert post(poster, receiver.url()).excerpt == b"two"


def test_a_new_connection_that_is_closed_at_once_is_a_failure(receiver, posters):
    receiver.otherwise = hangs_up
    with pytest.raises(EgressFailed):
        post(posters.make(), receiver.url())
    assert len(receiver.seen) == 1


def test_every_status_is_an_answer_and_a_redirect_is_not_followed(receiver, posters):
    poster = posters.make()
    for status in (200, 302, 404, 500):
        receiver.script = [says(status, b"body", Location="/elsewhere", Retry_After="7")]
        answer = post(poster, receiver.url("/here"))
        assert (answer.status, answer.excerpt, answer.retry_after_seconds) == (status, b"body", 7.0)
    assert {one.path for one in receiver.seen} == {"/here"}


def test_a_long_answer_is_read_to_its_excerpt_and_the_next_request_gets_its_own(receiver, posters):
    poster = posters.make()
    receiver.script = [says(200, b"x" * 1_000_000), says(200, b"mine")]
    assert post(poster, receiver.url()).excerpt == b"x" * 100
    assert post(poster, receiver.url()).excerpt == b"mine"


@pytest.mark.parametrize("behave", [hangs, drips], ids=["hangs", "drips"])
def test_a_request_is_over_at_its_deadline_whatever_the_server_does(receiver, posters, behave):
    poster = posters.make()
    receiver.script = [behave]
    began = time.monotonic()
    # A drip into a body that is longer than the excerpt would end at the excerpt: one byte every 20 ms is slower.
    with pytest.raises(EgressTimedOut):
        poster.post(receiver.url(), b"", {}, seconds=0.5, excerpt_bytes=4096)
    assert time.monotonic() - began < 3
    assert post(poster, receiver.url()).status == 204, "the poster can be used again"


def test_half_an_answer_is_none(receiver, posters):
    receiver.script = [breaks_off]
    with pytest.raises(EgressInterrupted):
        post(posters.make(), receiver.url())


def test_many_threads_post_at_once(receiver, posters):
    answers: list[int] = []

    def work() -> None:
        poster = posters.make()
        answers.extend(post(poster, receiver.url()).status for _ in range(10))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [204] * 80


def test_what_does_not_listen_or_speaks_no_tls_is_a_failure_in_words(receiver, posters):
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = server.getsockname()[1]
    poster = Poster(policy_of(("127.0.0.0/8",), frozenset({closed, receiver.port})))
    with pytest.raises(EgressFailed, match="accepts no connection"):
        post(poster, f"http://127.0.0.1:{closed}/")
    with pytest.raises(EgressFailed, match="TLS"):
        post(poster, f"https://127.0.0.1:{receiver.port}/")
    poster.close()
