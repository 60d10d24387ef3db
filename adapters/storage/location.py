"""Reading file: and s3: URLs, strictly: one spelling for each object, so that a check by prefix is a check.

file: URLs are percent-decoded once (RFC 8089). s3: URLs are not decoded: what stands there is the key, as in
the AWS command line. Both refuse ``.`` and ``..`` segments, empty segments, query, fragment and control
characters.
"""

import os
import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from adapters.storage.base import Refused

KEY_BYTES_MAX = 1024  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# An s3 key is never decoded by us, but a proxy or a player in front of the bucket may: no dot, slash or NUL
# in disguise.
_DISGUISED = re.compile(r"%(2e|2f|5c|00)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Location:
    """One object, or everything beneath a folder (`is_prefix`: the URL ended with a slash).

    `bucket` is empty for file: URLs; `parts` are the decoded segments of the path.
    """

    scheme: str
    bucket: str
    parts: tuple[str, ...]
    is_prefix: bool

    @property
    def key(self) -> str:
        """The path without its leading slash; a prefix ends with a slash, except the root, which is empty."""
        return "/".join(self.parts) + ("/" if self.is_prefix and self.parts else "")

    @property
    def url(self) -> str:
        """The one spelling of this location."""
        path = quote(os.fsencode(self.key), safe="/!$&'()*+,;=:@~") if self.scheme == "file" else self.key
        return f"{self.scheme}://{self.bucket}/{path}"

    def is_beneath(self, folder: "Location") -> bool:
        """Whether this is inside `folder`, or the folder itself as a prefix."""
        return (
            (self.scheme, self.bucket) == (folder.scheme, folder.bucket)
            and self.parts[: len(folder.parts)] == folder.parts
            and (self.is_prefix or len(self.parts) > len(folder.parts))
        )


def parse_location(url: str) -> Location:
    """Read a file: or s3: URL; raises `Refused` for anything that could be read in two ways."""
    if _CONTROL.search(url):
        raise Refused("The URL holds a control character.")
    if "?" in url or "#" in url:
        raise Refused("A file: or s3: URL takes no query and no fragment.")
    scheme, _, rest = url.partition("://")
    scheme = scheme.lower()
    bucket, slash, path = rest.partition("/")
    if scheme == "file":
        if bucket or not slash:
            raise Refused("A file: URL names no host: it begins with file:///.")
    elif scheme == "s3":
        if not slash or not _BUCKET.fullmatch(bucket):
            raise Refused("An s3: URL names a bucket and a key: s3://bucket/key.")
        if _DISGUISED.search(path):
            raise Refused("The key holds a percent-encoded dot, slash or NUL.")
        if len(path.encode("utf-8", "surrogatepass")) > KEY_BYTES_MAX:
            raise Refused(f"The key is longer than {KEY_BYTES_MAX} bytes.")
    else:
        raise Refused("Only file: and s3: URLs name a place in a storage.")
    return Location(scheme, bucket, *_segments(path, decode=scheme == "file"))


def parse_object(url: str) -> Location:
    """Like `parse_location`, for one object: also refuses a prefix."""
    location = parse_location(url)
    if location.is_prefix:
        raise Refused("The URL names a folder, not a file.")
    return location


def parse_prefix(url: str) -> Location:
    """Like `parse_location`, for a folder: also refuses a URL that does not end with a slash."""
    location = parse_location(url)
    if not location.is_prefix:
        raise Refused("The URL of a folder ends with a slash.")
    return location


def shown(url: str) -> str:
    """The URL for a message: without credentials, query and fragment, at most 300 characters."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "the URL"
    host = parts.netloc.rpartition("@")[2]
    return _CONTROL.sub("", urlunsplit((parts.scheme, host, parts.path, "", "")))[:300]


def _segments(path: str, *, decode: bool) -> tuple[tuple[str, ...], bool]:
    is_prefix = path == "" or path.endswith("/")
    raw = path.removesuffix("/")
    parts = tuple(raw.split("/")) if raw else ()
    if decode:
        try:
            parts = tuple(unquote(part, errors="strict") for part in parts)
        except UnicodeDecodeError as error:
            raise Refused("The URL's path is not UTF-8.") from error
    for part in parts:
        if part == "":
            raise Refused("The URL's path has an empty segment (//).")
        if part in (".", ".."):
            raise Refused("The URL's path has a . or .. segment.")
        if "/" in part or _CONTROL.search(part):
            raise Refused("The URL's path hides a slash or a control character.")
        if "\\" in part:
            raise Refused("The URL's path holds a backslash.")
    if path == "/":
        raise Refused("The URL's path has an empty segment (//).")
    return parts, is_prefix
