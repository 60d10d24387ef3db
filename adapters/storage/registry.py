"""Which storage serves which URL scheme. A new scheme is one file and one line in `SCHEMES`."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from adapters.egress import Egress
from adapters.storage.base import Refused, Storage
from adapters.storage.file import FileStorage
from adapters.storage.http import HttpStorage
from adapters.storage.s3 import S3Storage


@dataclass(frozen=True, slots=True)
class StorageConfig:
    """What an operator decides about storage.

    `file_roots` are the only folders that file: URLs reach; none means no file: URLs at all. The S3 fields
    may be None: boto3 then looks where it always looks (environment, instance role). `allowed_networks` are
    private networks (CIDR) that http(s) sources may come from nevertheless, `allowed_ports` the only ports.
    `http_total_seconds` bounds one fetch over http(s) from the look-up of the name to the last byte.
    """

    file_roots: tuple[Path, ...] = ()
    s3_endpoint_url: str | None = None
    s3_region: str | None = None
    s3_access_key: str | None = None
    s3_secret_key: str | None = None
    allowed_networks: tuple[str, ...] = ()
    allowed_ports: frozenset[int] = frozenset({80, 443})
    http_total_seconds: float = 7200.0


def _http(config: StorageConfig) -> HttpStorage:
    return HttpStorage(
        Egress(
            allowed_networks=config.allowed_networks,
            allowed_ports=config.allowed_ports,
            total_seconds=config.http_total_seconds,
        )
    )


def _s3(config: StorageConfig) -> S3Storage:
    return S3Storage(
        endpoint_url=config.s3_endpoint_url,
        region=config.s3_region,
        access_key=config.s3_access_key,
        secret_key=config.s3_secret_key,
    )


SCHEMES: dict[str, Callable[[StorageConfig], Storage]] = {
    "file": lambda config: FileStorage(config.file_roots),
    "http": _http,
    "https": _http,
    "s3": _s3,
}


class Storages:
    """The storages of one process, each made when first needed, so after a prefork worker has forked."""

    def __init__(self, config: StorageConfig) -> None:
        self._config = config
        self._made: dict[str, Storage] = {}

    def for_url(self, url: str) -> Storage:
        """The storage that serves `url`, by its scheme alone.

        Raises `Refused` for an unknown scheme; the message names the known ones.
        """
        scheme, separator, _ = url.partition("://")
        scheme = scheme.lower()
        if not separator or scheme not in SCHEMES:
            known = ", ".join(f"{name}://" for name in SCHEMES)
            raise Refused(f"The URL must begin with one of {known}.")
        if scheme not in self._made:
            self._made[scheme] = SCHEMES[scheme](self._config)
        return self._made[scheme]
