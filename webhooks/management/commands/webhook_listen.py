"""`manage.py webhook_listen`: a receiver for trying things out. It verifies each message, and prints it."""

import json
from argparse import ArgumentParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.json import JSON
from standardwebhooks import Webhook, WebhookVerificationError

# Messages are below 20 kB; what is larger is none of ours.
_LIMIT_BYTES = 1024 * 1024


class Command(BaseCommand):
    help = "Receive webhooks on this machine, verify their signatures and print them."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--secret", required=True, help="the endpoint's secret, whsec_…")
        parser.add_argument("--address", default="127.0.0.1", help="where to listen (default: 127.0.0.1)")
        parser.add_argument("--port", type=int, default=8099, help="0 takes any that is free (default: 8099)")
        parser.add_argument(
            "--fail", type=int, default=0, metavar="N", help="answer the first N messages with 500"
        )
        parser.add_argument(
            "--count", type=int, default=0, metavar="N", help="stop after N verified messages"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            webhook = Webhook(options["secret"])
        except ValueError as error:
            raise CommandError("--secret is no secret of Standard Webhooks: whsec_ and base64.") from error
        console = Console(soft_wrap=True)
        listener = Listener(
            (options["address"], options["port"]), webhook, console, options["fail"], options["count"]
        )
        with listener:
            address, port = listener.server_address[:2]
            console.print(f"Listening at http://{address!s}:{port}/ (Ctrl-C ends it)")
            try:
                listener.serve_forever(poll_interval=0.1)
            except KeyboardInterrupt:
                console.print(f"{listener.verified} verified, {listener.refused} refused.")


class Listener(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(
        self, address: tuple[str, int], webhook: Webhook, console: Console, fail: int, count: int
    ) -> None:
        super().__init__(address, Handler)
        self.webhook, self.console = webhook, console
        self.failures_left, self.count = fail, count
        self.verified = self.refused = 0
        self.lock = Lock()
        self.seen: set[str] = set()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    server: Listener

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > _LIMIT_BYTES:
            self.close_connection = True
            self._answer(413)
            return
        body = self.rfile.read(int(length))
        with self.server.lock:
            self._answer(self._receive(body, {name.lower(): value for name, value in self.headers.items()}))
        if self.server.count and self.server.verified >= self.server.count:
            self.server.shutdown()

    def _receive(self, body: bytes, headers: dict[str, str]) -> int:
        server, show = self.server, self.server.console
        try:
            message = server.webhook.verify(body, headers)
        except (WebhookVerificationError, ValueError) as error:
            # ValueError: headers that are none of the standard's forms.
            server.refused += 1
            show.print(f"[red]refused[/red] {type(error).__name__}: {error}", highlight=False)
            return 401
        if server.failures_left > 0:
            server.failures_left -= 1
            show.print(f"[yellow]failing on purpose[/yellow] {headers['webhook-id']}", highlight=False)
            return 500
        server.verified += 1
        again = " (had it before)" if headers["webhook-id"] in server.seen else ""
        server.seen.add(headers["webhook-id"])
        show.rule(f"verified {headers['webhook-id']}{again}", align="left", characters="-")
        show.print(JSON(json.dumps(message)))
        return 204

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """The console shows what matters."""
