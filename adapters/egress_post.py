"""POSTs to addresses that somebody else chose, many of them: connections are kept, and redirects are answers.

The rules of `egress` hold: the address that was checked is the one that is connected to, and no request outlasts
its time, whatever its server does. A name look-up is the exception, which nothing can interrupt.
"""

import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import Any

import certifi
import urllib3
from ssrfguard import BlockedAddressError, Policy, SSRFGuardError
from ssrfguard.requests import SafeAdapter
from urllib3.connection import HTTPConnection

from adapters.egress import (
    CONNECT_SECONDS,
    EgressError,
    EgressFailed,
    EgressInterrupted,
    EgressRefused,
    EgressTimedOut,
    in_words,
    retry_after_seconds,
)

USER_AGENT = "Reelchord"
_LOOK_SECONDS = 0.05
_HOSTS_KEPT = 8


@dataclass(frozen=True, slots=True)
class Posted:
    """An answer, of any status: a redirect is not followed. `excerpt` is the beginning of its body."""

    status: int
    headers: Mapping[str, str]
    excerpt: bytes

    @property
    def retry_after_seconds(self) -> float | None:
        return retry_after_seconds(self.headers.get("Retry-After", ""))


def check(url: str, policy: Policy) -> None:
    """Raise EgressRefused for what no look-up is needed to refuse: scheme, port, credentials, private literals."""
    try:
        policy.check_url(url)
    except SSRFGuardError as error:
        raise _refusal(error) from error


class Posters:
    """Makes a `Poster` for each thread, and one thread that keeps the time for all of them. Close it last."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._lock = Lock()
        self._made: list[Poster] = []
        self._closed = Event()
        self._clock = Thread(target=self._watch, name="post-deadlines", daemon=True)
        self._clock.start()

    def make(self) -> "Poster":
        poster = Poster(self._policy)
        with self._lock:
            self._made.append(poster)
        return poster

    def close(self) -> None:
        self._closed.set()
        self._clock.join()
        with self._lock:
            for poster in self._made:
                poster.close()

    def _watch(self) -> None:
        while not self._closed.wait(_LOOK_SECONDS):
            with self._lock:
                now = time.monotonic()
                for poster in self._made:
                    poster.cut_if_late(now)


class Poster:
    """The POSTs of one thread."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._sockets = _Sockets()
        self._pools = _pools(policy, self._sockets)

    def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, seconds: float, excerpt_bytes: int
    ) -> Posted:
        """Send, and read the answer up to `excerpt_bytes` of its body, all of it within `seconds`.

        Raises EgressError. An answer whose body ends before its length, within the excerpt, is no answer.
        """
        self._sockets.begin(time.monotonic() + seconds)
        try:
            return self._post(url, body, headers, seconds, excerpt_bytes)
        except EgressError as error:
            if self._sockets.was_cut:
                raise EgressTimedOut(f"no whole answer within {seconds:g} s") from error
            raise
        finally:
            if self._sockets.end():  # what was cut cannot be used again
                self._pools.clear()

    def _post(
        self, url: str, body: bytes, headers: Mapping[str, str], seconds: float, excerpt_bytes: int
    ) -> Posted:
        try:
            # Here as well as at the socket: urllib3 would tidy away credentials and control characters.
            self._policy.check_url(url)
            try:
                return self._exchange(url, body, headers, seconds, excerpt_bytes)
            except urllib3.exceptions.ProtocolError:
                if self._sockets.opened or self._sockets.was_cut:
                    raise
                # A kept connection that its server had closed meanwhile. It may have read the request, too: the
                # receiver tells by the id.
                self._pools.clear()
                return self._exchange(url, body, headers, seconds, excerpt_bytes)
        except SSRFGuardError as error:
            raise _refusal(error) from error
        except urllib3.exceptions.NewConnectionError as error:  # a kind of TimeoutError, by descent alone
            raise EgressFailed(in_words(error)) from error
        except urllib3.exceptions.TimeoutError as error:
            raise EgressTimedOut("the server did not answer") from error
        except (urllib3.exceptions.LocationValueError, UnicodeError) as error:
            raise EgressRefused("The URL is not well-formed.") from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise EgressFailed(in_words(error)) from error

    def _exchange(
        self, url: str, body: bytes, headers: Mapping[str, str], seconds: float, excerpt_bytes: int
    ) -> Posted:
        response = self._pools.urlopen(
            "POST",
            url,
            body=body,
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity", **headers},
            redirect=False,
            retries=False,
            preload_content=False,
            timeout=urllib3.Timeout(connect=min(CONNECT_SECONDS, seconds), read=seconds),
        )
        ended = False
        try:
            excerpt, ended = _beginning(response, excerpt_bytes)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise EgressInterrupted("the connection ended before the answer did") from error
        finally:
            # A body that was not read to its end would be taken for the next answer.
            if not ended:
                response.close()
            response.release_conn()
        return Posted(response.status, response.headers, excerpt)

    def cut_if_late(self, now: float) -> None:
        """For the thread that keeps the time."""
        self._sockets.cut_if_late(now)

    def close(self) -> None:
        self._pools.clear()


class _Sockets:
    """The open sockets of one poster, so that another thread can cut them at the deadline."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._open: dict[int, socket.socket] = {}
        self._deadline: float | None = None
        self.opened = 0  # in this request
        self.was_cut = False

    def begin(self, deadline: float) -> None:
        with self._lock:
            self._deadline, self.opened, self.was_cut = deadline, 0, False

    def end(self) -> bool:
        """Whether it was cut."""
        with self._lock:
            self._deadline = None
            return self.was_cut

    def add(self, owner: object, opened: socket.socket) -> None:
        # A duplicate: wrapping the socket in TLS detaches the original object from its connection.
        with self._lock:
            self.opened += 1
            self._open[id(owner)] = opened.dup()
            if self.was_cut:
                self._shut_down()

    def forget(self, owner: object) -> None:
        with self._lock:
            if kept := self._open.pop(id(owner), None):
                kept.close()

    def cut_if_late(self, now: float) -> None:
        with self._lock:
            if self._deadline is not None and now > self._deadline and not self.was_cut:
                self.was_cut = True
                self._shut_down()

    def _shut_down(self) -> None:
        for each in self._open.values():
            with suppress(OSError):  # not connected any more
                each.shutdown(socket.SHUT_RDWR)


def _pools(policy: Policy, sockets: _Sockets) -> urllib3.PoolManager:
    """urllib3's own, with ssrfguard's connections: half the CPU of a `requests` session (measured)."""
    pools = urllib3.PoolManager(
        num_pools=_HOSTS_KEPT, maxsize=1, cert_reqs="CERT_REQUIRED", ca_certs=certifi.where()
    )
    guarded: dict[str, Any] = SafeAdapter(policy=policy).poolmanager.pool_classes_by_scheme
    for pool in guarded.values():
        pool.ConnectionCls = _reporting(pool.ConnectionCls, sockets)
    pools.pool_classes_by_scheme = guarded
    return pools


def _reporting(connection: type[HTTPConnection], sockets: _Sockets) -> type[HTTPConnection]:
    class ReportingConnection(connection):  # type: ignore[valid-type, misc]
        def _new_conn(self) -> socket.socket:
            opened: socket.socket = super()._new_conn()
            sockets.add(self, opened)
            return opened

        def close(self) -> None:
            super().close()
            # With the duplicate open the server would never see the end.
            sockets.forget(self)

    return ReportingConnection


def _beginning(response: urllib3.BaseHTTPResponse, excerpt_bytes: int) -> tuple[bytes, bool]:
    """The first bytes of the body, and whether they are all of it."""
    parts: list[bytes] = []
    room = excerpt_bytes
    while room > 0:
        part = response.read(room, decode_content=False)
        if not part:
            return b"".join(parts), True
        parts.append(part)
        room -= len(part)
    return b"".join(parts), False


def _refusal(error: SSRFGuardError) -> EgressRefused:
    if isinstance(error, BlockedAddressError):
        return EgressRefused("The URL's host is not a public address.")
    return EgressRefused(f"The URL is not allowed: {getattr(error, 'reason', 'refused')}.")
