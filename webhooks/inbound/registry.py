"""Who sends us webhooks, and who acts on them. The next provider is one file in a package that is named here.

InboundError
├── NotAuthentic    the signature is missing, malformed, wrong, stale or from the future: 401
├── Malformed       signed, but not what the provider documents: 400
├── TryAgain        a handler met something that passes: retried with back-off
└── CannotHandle    a handler met something that only a person can change: a dead letter at once
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any, ClassVar, Protocol, TypeVar
from uuid import UUID


class InboundError(Exception):
    """Its text is for the operator, and names no secret."""


class NotAuthentic(InboundError): ...


class Malformed(InboundError): ...


class TryAgain(InboundError):
    def __init__(self, code: str, message: str, *, after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.after_seconds = after_seconds


class CannotHandle(InboundError):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Identity:
    """What a provider calls its message: `event_id` is the same on every repeat; `occurred_at` if it says so."""

    event_id: str
    type: str
    occurred_at: datetime | None = None


class Provider(Protocol):
    """How one provider's webhooks are known. `name` is its path, `/hooks/<name>`, and its setting's suffix."""

    name: ClassVar[str]
    # Kept beside the body, as evidence; signatures and everything else are not.
    headers_kept: ClassVar[tuple[str, ...]]

    def verify(self, headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: float) -> None:
        """Raise `NotAuthentic` unless one of `secrets` signed exactly this body, at about `now` (Unix seconds).

        `headers` ignores case; values are a stranger's, of any length and in any characters of Latin-1.
        """

    def identify(self, headers: Mapping[str, str], document: Any) -> Identity:
        """The name of a verified message. `document` is its JSON. Raises `Malformed`."""


@dataclass(frozen=True, slots=True)
class Received:
    """One stored webhook, as a handler sees it."""

    id: UUID
    provider: str
    event_id: str
    type: str
    occurred_at: datetime | None
    document: Any


@dataclass(frozen=True, slots=True)
class Handled:
    """It had its effect, or had it already. `note` says which, for the operator."""

    note: str
    account_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Ignored:
    """Nothing here wanted it, for the reason in `note`."""

    note: str
    account_id: UUID | None = None


Outcome = Handled | Ignored
Prepare = Callable[[Received], Any]
Act = Callable[[Received, Any], Outcome]


@dataclass(frozen=True, slots=True)
class Handler:
    """`prepare` may talk to others, outside every transaction; what it returns goes to `act`.

    `act` runs in the transaction that also says `handled`, and has to stand being run twice.
    """

    act: Act
    prepare: Prepare


_T = TypeVar("_T", bound=type[Provider])
_lock = Lock()
_packages: list[str] = []
_loaded: set[str] = set()
_providers: dict[str, Provider] = {}
_handlers: dict[tuple[str, str], Handler] = {}


def add_package(name: str) -> None:
    """Every module of this package may register providers and handlers; they are loaded when first needed."""
    if name not in _packages:
        _packages.append(name)


def provider(kind: _T) -> _T:
    """Class decorator: webhooks for this provider are accepted at `/hooks/<name>`, once it has a secret."""
    if kind.name in _providers:
        raise ValueError(f"two providers are called {kind.name!r}")
    _providers[kind.name] = kind()
    return kind


def _nothing(event: Received) -> None:
    return None


def handles(provider_name: str, *types: str, prepare: Prepare = _nothing) -> Callable[[Act], Act]:
    """Decorator: this function acts on these types of a provider's webhooks."""

    def register(act: Act) -> Act:
        for type_ in types:
            if (provider_name, type_) in _handlers:
                raise ValueError(f"two handlers for {provider_name} {type_}")
            _handlers[provider_name, type_] = Handler(act, prepare)
        return act

    return register


def load() -> None:
    """Import what was named. A server calls it before it forks; a second call costs nothing."""
    if len(_loaded) == len(_packages):
        return
    with _lock:
        for name in _packages:
            if name in _loaded:
                continue
            package = importlib.import_module(name)
            for module in sorted(found.name for found in pkgutil.iter_modules(package.__path__)):
                importlib.import_module(f"{name}.{module}")
            _loaded.add(name)


def provider_of(name: str) -> Provider | None:
    load()
    return _providers.get(name)


def handler_of(provider_name: str, type_: str) -> Handler | None:
    load()
    return _handlers.get((provider_name, type_))


def known() -> dict[str, list[str]]:
    """Each provider with the types that something here acts on."""
    load()
    types: dict[str, list[str]] = {name: [] for name in sorted(_providers)}
    for name, type_ in sorted(_handlers):
        types.setdefault(name, []).append(type_)
    return types
