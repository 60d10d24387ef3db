"""What looks like a URL that the caller may fetch or store to. Whether it may is the caller's to check."""

import re
from pathlib import PurePosixPath
from urllib.parse import urlsplit

_URL = re.compile(r"(?:https?|s3|file)://[^\s\x00-\x20\x7f-\x9f]{1,2000}", re.IGNORECASE)


def is_url(text: str) -> bool:
    """Whether `text` is one whole URL with the scheme https, http, s3 or file, in a form that can be split."""
    if _URL.fullmatch(text) is None:
        return False
    try:
        return bool(urlsplit(text).scheme)
    except ValueError:  # such as a bracket of an IPv6 address that is not closed
        return False


def last_part(url: str) -> str:
    """What stands after the last slash of the path, without query; "" for what is no URL."""
    return PurePosixPath(urlsplit(url).path).name if is_url(url) else ""


def suffix(url: str) -> str:
    """The extension with its dot, in small letters; "" if there is none."""
    return PurePosixPath(last_part(url)).suffix.lower()
