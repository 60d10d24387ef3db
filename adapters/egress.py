"""The only way out by HTTP to an address that somebody else chose. (`egress_post` posts under the same rules.)

    EgressError
    ├── EgressRefused       our policy says no: scheme, port, credentials in the URL, private address
    ├── EgressStopped       the caller said stop
    ├── EgressTimedOut      connecting, waiting for bytes, or the whole request took too long
    ├── EgressFailed        no such host, connection refused, TLS, no HTTP
    └── EgressInterrupted   the body ended before its announced length

Messages hold no address that a name resolved to: they reach customers, who could map our network with them.
"""

import re
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_network
from threading import Lock, Thread
from typing import Any, TypeVar
from urllib.parse import urljoin

import requests
import urllib3
from ssrfguard import DEFAULT_DENIED, AddressTable, Block, BlockedAddressError, Reach, SSRFGuardError
from ssrfguard import Policy as Policy
from ssrfguard.requests import Session
from urllib3.connection import HTTPConnection

CONNECT_SECONDS = 5.0
READ_SECONDS = 15.0
REDIRECTS_MAX = 3
POLL_SECONDS = 0.25

# How long a request that was cut may take to notice. Only a name look-up, which nothing can interrupt, takes
# longer.
_LAST_BREATH_SECONDS = 2.0

# Global unicast is 2000::/3 (RFC 4291, section 2.4). The library denies what IANA's registry names, and lets pass,
# for one, ::ffff:0:0:0/96 (RFC 2765), behind which a translator finds every IPv4 address, ours included.
_DENIED = AddressTable(
    (
        *DEFAULT_DENIED.blocks,
        *(
            Block(ip_network(network), "not global unicast", "RFC4291", Reach.DENIED)
            for network in ("::/3", "4000::/2", "8000::/1")
        ),
    )
)

# As many digits as make sense: int() raises for thousands of them.
_NUMBER = re.compile(r"[0-9]{1,15}")

T = TypeVar("T")


class EgressError(Exception):
    """A request that brought no whole answer."""


class EgressRefused(EgressError): ...


class EgressStopped(EgressError): ...


class EgressTimedOut(EgressError): ...


class EgressFailed(EgressError): ...


class EgressInterrupted(EgressError): ...


class Answer:
    """A final (not redirecting) answer, with its body still on the wire."""

    def __init__(self, response: requests.Response) -> None:
        self._response = response
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers

    @property
    def content_length(self) -> int | None:
        """The announced length in bytes; None without one, or where the body is compressed on its way."""
        length = self.headers.get("Content-Length", "").strip()
        return int(length) if _NUMBER.fullmatch(length) and "Content-Encoding" not in self.headers else None

    @property
    def content_type(self) -> str | None:
        """The media type without its parameters, in lower case."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()[:255] or None

    @property
    def retry_after_seconds(self) -> float | None:
        """What `Retry-After` asks for, as seconds from now; None if absent or unreadable."""
        return retry_after_seconds(self.headers.get("Retry-After", ""))

    def chunks(self, size_bytes: int) -> Iterator[bytes]:
        """The body, decompressed where the server compressed it unasked.

        Raises `EgressInterrupted` when it ends early, `EgressTimedOut` when no byte comes for 15 s.
        """
        try:
            yield from self._response.raw.stream(size_bytes, decode_content=True)
        except urllib3.exceptions.TimeoutError as error:
            raise EgressTimedOut("the server stopped sending") from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise EgressInterrupted("the connection ended before the body did") from error


def retry_after_seconds(value: str) -> float | None:
    """A `Retry-After` (RFC 9110, section 10.2.3), seconds or a date, as seconds from now; None if unreadable."""
    value = value.strip()
    if _NUMBER.fullmatch(value):
        return float(value)
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def policy_of(allowed_networks: tuple[str, ...], allowed_ports: frozenset[int]) -> Policy:
    """What may be reached. No redirects: where they are followed, each hop is checked as a URL of its own."""
    return Policy(
        denied_networks=_DENIED,
        allowed_networks=tuple(ip_network(network) for network in allowed_networks),
        allowed_ports=allowed_ports,
        max_redirects=0,
    )


class Egress:
    """HTTP requests to the public internet, pinned to the address that was checked.

    `allowed_networks` (CIDR) are exceptions to the rule that private addresses are refused; `total_seconds`
    bounds a whole request, from the look-up of the name over all redirects to the last byte of the body.
    """

    def __init__(
        self,
        *,
        allowed_networks: tuple[str, ...] = (),
        allowed_ports: frozenset[int] = frozenset({80, 443}),
        total_seconds: float,
    ) -> None:
        # Redirects are ours (see _exchange): requests would first read the whole body of one into memory.
        self._policy = policy_of(allowed_networks, allowed_ports)
        self._total_seconds = total_seconds

    def get_stream(
        self,
        url: str,
        receive: Callable[[Answer], T],
        *,
        keep_going: Callable[[], bool] = lambda: True,
    ) -> T:
        """GET `url`, follow at most three redirects, each checked anew, and return what `receive` returns.

        `receive` runs in a thread of its own; what it raises is raised here. The calling thread keeps the
        time and asks `keep_going` every 0.25 s, and cuts the connection when one of them says so. That cannot
        be done from within: a look-up of a name knows no time limit, and a server that sends one byte of a
        header every ten seconds never runs into a read timeout.
        """
        connections = _Connections()
        outcome: Future[T] = Future()
        # A daemon: a look-up that hangs must not keep a worker from ending.
        thread = Thread(target=self._work, args=(url, receive, connections, outcome), daemon=True)
        deadline = time.monotonic() + self._total_seconds
        thread.start()
        try:
            while wait([outcome], timeout=POLL_SECONDS).not_done:
                if not keep_going():
                    raise EgressStopped("stopped by the caller")
                if time.monotonic() > deadline:
                    raise EgressTimedOut(f"it was not over after {self._total_seconds:g} s")
        finally:
            connections.cut()
            thread.join(_LAST_BREATH_SECONDS)
        return outcome.result()

    def _work(
        self, url: str, receive: Callable[[Answer], T], connections: "_Connections", outcome: "Future[T]"
    ) -> None:
        try:
            outcome.set_result(self._exchange(url, receive, connections))
        except BaseException as error:  # noqa: BLE001  handed over whole: the calling thread raises it
            outcome.set_exception(error)

    def _exchange(self, url: str, receive: Callable[[Answer], T], connections: "_Connections") -> T:
        with _Session(self._policy, connections) as session:
            for _ in range(REDIRECTS_MAX + 1):
                with _get(session, url) as response:
                    following = _following(session, response, url)
                    if following is None:
                        return receive(Answer(response))
                url = following
        raise EgressRefused(f"The URL redirects more than {REDIRECTS_MAX} times.")


class _Connections:
    """The sockets of one request, so that another thread can cut them."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._sockets: list[socket.socket] = []
        self._is_cut = False

    def add(self, opened: socket.socket) -> None:
        # A duplicate: wrapping the socket in TLS detaches the original object from its connection.
        with self._lock:
            self._sockets.append(opened.dup())
            if self._is_cut:
                self._shut_down()

    def cut(self) -> None:
        """Make every read and write on these sockets end now, and on any that is still to come."""
        with self._lock:
            self._is_cut = True
            self._shut_down()

    def _shut_down(self) -> None:
        while self._sockets:
            with self._sockets.pop() as each, suppress(OSError):  # not connected any more
                each.shutdown(socket.SHUT_RDWR)


class _Session(Session):
    """A guarded session that follows no redirect by itself, reads no environment, and reports its sockets."""

    def __init__(self, policy: Policy, connections: _Connections) -> None:
        super().__init__(policy=policy)
        self.trust_env = False  # no proxies, no .netrc
        self.headers["User-Agent"] = "Reelchord"
        self.headers["Accept-Encoding"] = "identity"
        # The adapter's pool classes are its own (ssrfguard builds them per adapter), so changing them is
        # local.
        pools: dict[str, Any] = vars(self.adapters["https://"])["poolmanager"].pool_classes_by_scheme
        for pool in pools.values():
            pool.ConnectionCls = _reporting(pool.ConnectionCls, connections)

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Nowhere: see `location`."""

    def location(self, response: requests.Response) -> str | None:
        """Where the answer redirects to, relative or absolute; None when it is final."""
        return super().get_redirect_target(response)


def _reporting(connection: type[HTTPConnection], connections: _Connections) -> type[HTTPConnection]:
    class ReportingConnection(connection):  # type: ignore[valid-type, misc]
        def _new_conn(self) -> socket.socket:
            opened: socket.socket = super()._new_conn()
            connections.add(opened)
            return opened

    return ReportingConnection


def _get(session: _Session, url: str) -> requests.Response:
    try:
        # Before requests sees the URL: it would tidy away the credentials and control characters that we
        # refuse.
        session.policy.check_url(url)
        return session.get(url, stream=True, timeout=(CONNECT_SECONDS, READ_SECONDS))
    except BlockedAddressError as error:
        raise EgressRefused("The URL's host is not a public address.") from error
    except SSRFGuardError as error:
        raise EgressRefused(f"The URL is not allowed: {getattr(error, 'reason', 'refused')}.") from error
    except requests.Timeout as error:
        raise EgressTimedOut("the server did not answer") from error
    except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, UnicodeError) as error:
        raise EgressRefused("The URL is not well-formed.") from error
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise EgressFailed(_why(error)) from error


def _following(session: _Session, response: requests.Response, url: str) -> str | None:
    try:
        location = session.location(response)
        return None if location is None else urljoin(url, location)
    except ValueError as error:
        raise EgressRefused("The URL redirects to something that is no URL.") from error


def _why(error: Exception) -> str:
    """In words without addresses. The cause lies in `MaxRetryError.reason`, wrapped by requests."""
    if isinstance(error, requests.exceptions.SSLError):
        return in_words(urllib3.exceptions.SSLError())
    return in_words(getattr(error.args[0] if error.args else None, "reason", None))


def in_words(reason: Exception | None) -> str:
    """Why a connection came to nothing, by urllib3's exception, without addresses."""
    if isinstance(reason, urllib3.exceptions.NameResolutionError):
        return "there is no such host"
    if isinstance(reason, urllib3.exceptions.NewConnectionError):
        return "the host accepts no connection"
    if isinstance(reason, urllib3.exceptions.SSLError):
        return "the TLS handshake failed"
    return "the connection broke before an answer came"
