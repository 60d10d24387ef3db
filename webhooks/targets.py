"""Where a message may go: what can be told from the URL alone. The rest is the egress guard's, at each try."""

from dataclasses import dataclass
from urllib.parse import unquote

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from adapters import egress_post
from adapters.egress import EgressRefused, Policy, policy_of

WEBHOOKS = "webhooks"
MAIL = "mail"
QUEUES = (WEBHOOKS, MAIL)
MAILTO = "mailto:"


class TargetRefused(Exception):
    """The URL names no place that messages may go to; the message says why."""


@dataclass(frozen=True, slots=True)
class Target:
    url: str
    queue: str


def check(url: str) -> Target:
    """The target that `url` names. Raises TargetRefused."""
    scheme = url.partition(":")[0].lower()
    if scheme == "mailto":
        return Target(f"{MAILTO}{_address(url[len(MAILTO) :])}", MAIL)
    if scheme != "https" and not (scheme == "http" and settings.WEBHOOK_ALLOW_HTTP):
        raise TargetRefused("Messages go to https:// URLs and mailto: addresses.")
    if "#" in url:
        raise TargetRefused("A URL for messages has no fragment.")
    try:
        egress_post.check(url, policy())
    except EgressRefused as error:
        raise TargetRefused(str(error)) from error
    return Target(url, WEBHOOKS)


def policy() -> Policy:
    """The egress guard's rules, with the operator's exceptions."""
    return policy_of(tuple(settings.EGRESS_ALLOWED_NETWORKS), frozenset(settings.EGRESS_ALLOWED_PORTS))


def _address(text: str) -> str:
    """One address, and nothing that could become a header: RFC 6068 would allow subjects, copies and lists."""
    if not settings.MAIL_FROM:
        raise TargetRefused("This installation sends no mail: its operator has set no MAIL_FROM.")
    address = unquote(text)
    if "?" in address or "," in address:
        raise TargetRefused("A mailto: URL names one address, without headers.")
    try:
        validate_email(address)
    except ValidationError as error:
        raise TargetRefused("That is no mail address.") from error
    return address
