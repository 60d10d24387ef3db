"""The storages of this installation, and what an account may name in them."""

from functools import cache
from pathlib import Path

from django.conf import settings

from adapters.storage.base import Refused
from adapters.storage.cache import SourceCache
from adapters.storage.location import parse_prefix
from adapters.storage.registry import StorageConfig, Storages
from adapters.storage.roots import Roots


@cache
def storages() -> Storages:
    """One registry for each process; its clients are made at first use."""
    return Storages(
        StorageConfig(
            file_roots=tuple(Path(root) for root in settings.FILE_ROOTS),
            s3_endpoint_url=settings.S3_ENDPOINT_URL,
            s3_region=settings.AWS_DEFAULT_REGION,
            s3_access_key=settings.AWS_ACCESS_KEY_ID,
            s3_secret_key=settings.AWS_SECRET_ACCESS_KEY,
            allowed_networks=tuple(settings.EGRESS_ALLOWED_NETWORKS),
            allowed_ports=frozenset(settings.EGRESS_ALLOWED_PORTS),
        )
    )


def prepare() -> None:
    """Make the clients of the configured roots now, before a server forks its processes.

    S3's takes 0.1 s of CPU, which each process would pay in its first request or task. None opens a connection
    until it is used, so none is shared.
    """
    for root in (*settings.SOURCE_ROOTS, *settings.DESTINATION_ROOTS):
        storages().for_url(root)


@cache
def source_cache() -> SourceCache:
    """The sources that this machine has fetched, shared by its workers."""
    return SourceCache(settings.WORK_DIR / "cache", settings.SOURCE_CACHE_BYTES)


@cache
def _roots(templates: tuple[str, ...]) -> Roots:
    return Roots(templates)


def check_source(url: str, account: str) -> None:
    """Raises `Refused` unless this account may read `url`: http(s) always, anything else beneath its roots.

    What an http(s) URL leads to is the egress guard's question, asked when it is fetched.
    """
    storages().for_url(url)
    if url.lower().startswith(("http://", "https://")):
        return
    roots = tuple(settings.SOURCE_ROOTS) + tuple(settings.DESTINATION_ROOTS)
    if not _roots(roots).allows(url, account):
        raise Refused(f"The URL is outside the places that account {account!r} may read.")


def check_destination(url: str, account: str) -> str:
    """The destination in its one spelling, ending with a slash; raises `Refused` where it may not be written."""
    storages().for_url(url)
    if url.lower().startswith(("http://", "https://")):
        raise Refused("A destination is a place that can be written to: s3:// or file://.")
    folder = parse_prefix(url if url.endswith("/") else f"{url}/").url
    if not _roots(tuple(settings.DESTINATION_ROOTS)).allows(folder, account):
        raise Refused(f"The URL is outside the places that account {account!r} may write to.")
    return folder


def default_destination(account: str) -> str:
    """Where an account's outputs go when the job does not say; empty where the operator has set none."""
    return settings.DEFAULT_DESTINATION.replace("{account}", account)


def public_url(url: str) -> str | None:
    """Where players find a stored object (a CDN, or a bucket that anyone may read); None where nothing serves it."""
    for prefix, public in settings.PUBLIC_URLS.items():
        if url.startswith(prefix):
            return str(public) + url.removeprefix(prefix)
    return None
