"""Bytes that no client library would send, against the real server: an answer, never a 500, nothing stored."""

import os
import socket
import subprocess
import sys
import time
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection

from config.embedded.ports import free_ports
from config.embedded.programs import ROOT, web
from tests.webhooks.inbound.senders import (
    GITHUB_SECRET,
    STRIPE_SECRET,
    github_signature,
    stripe_event,
    stripe_signature,
)
from webhooks.inbound.models import InboundEvent

pytestmark = pytest.mark.django_db(transaction=True)

BODY = b'{"id": "evt_raw", "type": "invoice.paid", "created": 1}'
READY_SECONDS = 60.0


@pytest.fixture
def server(postgres, transactional_db, tmp_path):
    """Gunicorn as in production, on the test's own database; its port."""
    [port] = free_ports(1)
    url = urlsplit(postgres)._replace(path=f"/{connection.settings_dict['NAME']}")
    environment = {
        **os.environ,
        "DATABASE_URL": urlunsplit(url),
        "INBOUND_SECRETS_STRIPE": STRIPE_SECRET,
        "INBOUND_SECRETS_GITHUB": GITHUB_SECRET,
        "INBOUND_LIMIT_BYTES": "100000",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    log = (tmp_path / "web.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, *web(port).arguments], env=environment, cwd=ROOT, stdout=log, stderr=log
    )
    try:
        deadline = time.monotonic() + READY_SECONDS
        while b" 200 " not in ask(port, b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n", quiet=True):
            assert process.poll() is None, (tmp_path / "web.log").read_text()
            assert time.monotonic() < deadline, "the server does not start"
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(20)
        log.close()
    assert b"Traceback" not in (tmp_path / "web.log").read_bytes()


def ask(port: int, request: bytes, *, quiet: bool = False) -> bytes:
    """The first line of the answer."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connected:
            connected.sendall(request)
            connected.shutdown(socket.SHUT_WR)
            answer = b""
            while part := connected.recv(65536):
                answer += part
    except OSError:
        if quiet:
            return b""
        raise
    return answer.partition(b"\r\n")[0]


def post(provider: str, body: bytes, *headers: bytes, length: bytes | None = None) -> bytes:
    lines = [
        f"POST /hooks/{provider} HTTP/1.1".encode(),
        b"Host: localhost",
        b"Content-Length: " + (str(len(body)).encode() if length is None else length),
        *headers,
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def test_odd_bytes_are_answered_and_refused_and_an_honest_message_passes(server):
    stripe = b"Stripe-Signature: " + stripe_signature(BODY).encode()
    github = b"X-Hub-Signature-256: " + github_signature(BODY).encode()
    named = b"X-GitHub-Event: ping\r\nX-GitHub-Delivery: d-1"
    refused = {
        "non-ASCII signature": (post("stripe", BODY, b"Stripe-Signature: t=1,v1=\xc3\xa9\xff\xfe"), b" 401 "),
        "non-ASCII for GitHub": (post("github", BODY, b"X-Hub-Signature-256: sha256=\xff", named), b" 401 "),
        "the signature twice": (post("github", BODY, github, github, named), b" 401 "),
        "without a signature": (post("stripe", BODY), b" 401 "),
        "an event that is not signed for": (post("stripe", BODY + b" ", stripe), b" 401 "),
        "non-ASCII name": (post("github", BODY, github, b"X-GitHub-Event: \xe9\r\nX-GitHub-Delivery: d"), b" 400 "),
        "over the limit, not even sent": (post("stripe", b"", stripe, length=b"100001"), b" 413 "),
        "cut short": (post("stripe", BODY, stripe, length=b"1000"), b" 400 "),
        "chunked": (
            b"POST /hooks/stripe HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
            + stripe + b"\r\n\r\n" + b"%x\r\n" % len(BODY) + BODY + b"\r\n0\r\n\r\n",
            b" 411 ",
        ),
        "a length and chunks": (
            post("stripe", BODY, stripe, b"Transfer-Encoding: chunked"),
            b" 400 ",
        ),
        "a length that is a word": (post("stripe", BODY, stripe, length=b"many"), b" 400 "),
        "a header without end": (post("stripe", BODY, b"Stripe-Signature: " + b"v1=0," * 20_000), b" 4"),
        "another method": (post("stripe", BODY, stripe).replace(b"POST", b"PUT", 1), b" 405 "),
        "nobody's": (post("paypal", BODY, stripe), b" 404 "),
    }  # fmt: skip
    for name, (request, status) in refused.items():
        assert status in ask(server, request), name
    assert not InboundEvent.objects.exists()
    event = stripe_event("invoice.paid", {}, id_="evt_honest")
    body = repr(event).replace("'", '"').replace("False", "false").encode()
    for _ in range(2):
        assert b" 200 " in ask(
            server, post("stripe", body, b"stripe-signature: " + stripe_signature(body).encode())
        )
    assert InboundEvent.objects.get().event_id == "evt_honest"
