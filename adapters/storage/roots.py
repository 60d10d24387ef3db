"""Which URLs an account may name: a list of prefixes, and nothing else (default deny)."""

import re
from urllib.parse import urlsplit

from adapters.storage.base import Refused
from adapters.storage.location import Location, parse_location, parse_prefix

_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", re.ASCII)


class Roots:
    """The places that belong to an account.

    Each template is the URL of a folder, with ``{account}`` where the account's name goes:
    ``s3://sources/{account}/``, ``file:///srv/in/{account}/``. A template without it is common ground. For
    http(s) a template is a whole scheme (``https://``) or one host (``https://media.example.com/``).

    Raises ValueError at once for a template that is none of these.
    """

    def __init__(self, templates: tuple[str, ...]) -> None:
        self._templates = templates
        for template in templates:
            _check_template(template)

    def allows(self, url: str, account: str) -> bool:
        """Whether `url`, an object or a folder, lies beneath one of the account's roots.

        Purely textual, and sound only because `parse_location` knows one spelling for each object; that no
        symbolic link leads out of a folder is the file storage's own check, at open time.
        """
        if not _ACCOUNT.fullmatch(account):
            return False
        roots = [template.replace("{account}", account) for template in self._templates]
        if url.lower().startswith(("http://", "https://")):
            return any(_same_origin(url, root) for root in roots)
        try:
            location = parse_location(url)
        except Refused:
            return False
        return any(location.is_beneath(folder) for folder in map(_folder, roots) if folder is not None)


def _check_template(template: str) -> None:
    example = template.replace("{account}", "example")
    if "{" in example or "}" in example:
        raise ValueError(f"Root {template!r}: {{account}} is the only placeholder.")
    if example.startswith(("http://", "https://")):
        if urlsplit(example).path not in ("", "/") or "{account}" in template:
            raise ValueError(f"Root {template!r}: an http(s) root is a scheme or a host, without a path.")
        return
    try:
        parse_prefix(example)
    except Refused as error:
        raise ValueError(f"Root {template!r}: {error.message}") from error


def _folder(root: str) -> Location | None:
    return None if root.startswith(("http://", "https://")) else parse_prefix(root)


def _same_origin(url: str, root: str) -> bool:
    if not root.startswith(("http://", "https://")):
        return False
    try:
        wanted, given = urlsplit(root), urlsplit(url)
        ports = (wanted.port, given.port)
    except ValueError:
        return False
    if wanted.scheme != given.scheme:
        return False
    return not wanted.netloc or (given.hostname == wanted.hostname and ports[0] == ports[1])
