"""Mail: a delivery to a `mailto:` endpoint, in plain text and HTML, by Django's e-mail backend.

Its Message-ID is the same for every try, so that a mail client that gets it twice shows it once.
"""

import smtplib
import time
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.mail import BadHeaderError, EmailMultiAlternatives
from django.template.loader import render_to_string

from webhooks import schedule
from webhooks.claims import Claimed
from webhooks.deliveries import judge
from webhooks.payloads import Message
from webhooks.targets import MAILTO
from webhooks.tries import Tried

_NAME_CHARACTERS = 120

SUBJECTS = {
    "job.queued": "Accepted: {name}",
    "job.started": "Started: {name}",
    "job.progress": "{percent} %: {name}",
    "rendition.succeeded": "Stored: {rendition} of {name}",
    "rendition.failed": "Failed: {rendition} of {name}",
    "job.succeeded": "Done: {name}",
    "job.partial": "Done in part: {name}",
    "job.failed": "Failed: {name}",
    "job.dead_lettered": "Needs a person: {name}",
    "job.cancelled": "Cancelled: {name}",
    "batch.finished": "The batch has ended: {name}",
    "endpoint.disabled": "An endpoint was disabled: {name}",
    "endpoint.ping": "A test message",
}


def send(claimed: Claimed) -> Tried:
    """One mail. A recipient that is refused for good is no matter of tries."""
    started_at, began = datetime.now(UTC), time.monotonic()
    error = message = ""
    status: int | None = None
    try:
        compose(claimed).send()
    except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused) as failure:
        status = _code(failure)
        permanent = status is not None and 500 <= status < 600
        error = schedule.REJECTED if permanent else schedule.STATUS
        message = f"The mail server answered {status}."
    except TimeoutError:
        error, message = schedule.TIMED_OUT, "The mail server did not answer in time."
    except (smtplib.SMTPException, OSError):
        error, message = schedule.FAILED, "The mail server cannot be reached, or broke off."
    except BadHeaderError:
        error, message = schedule.REJECTED, "The address or the subject would make a header of its own."
    return Tried(
        claimed=claimed,
        # A mail server's codes are not HTTP's: only the kind of the error decides.
        verdict=judge(claimed, status=None if error else 200, error=error),
        started_at=started_at,
        latency_seconds=round(time.monotonic() - began, 6),
        status=status,
        error=error,
        message=message,
    )


def compose(claimed: Claimed) -> EmailMultiAlternatives:
    """The mail of a message: its templates are `webhooks/mail/<type>.txt` and `.html`."""
    context = {"message": claimed.message, **_words(claimed.message)}
    template = f"webhooks/mail/{claimed.message.type}"
    domain = settings.MAIL_FROM.rpartition("@")[2].rstrip(">") or "localhost"
    mail = EmailMultiAlternatives(
        subject=SUBJECTS[claimed.message.type].format(**_words(claimed.message)),
        body=render_to_string(f"{template}.txt", context).strip() + "\n",
        from_email=settings.MAIL_FROM,
        to=[claimed.url.removeprefix(MAILTO)],
        headers={
            "Message-ID": f"<{claimed.message.id}.{claimed.endpoint_id}@{domain}>",
            # RFC 3834: no vacation notice shall answer it.
            "Auto-Submitted": "auto-generated",
        },
    )
    mail.attach_alternative(render_to_string(f"{template}.html", context), "text/html")
    return mail


def _words(message: Message) -> dict[str, Any]:
    """What subjects and templates speak of. Names are customers' words: one line, cut."""
    job, rendition = message.data.get("job", {}), message.data.get("rendition", {})
    batch, endpoint = message.data.get("batch", {}), message.data.get("endpoint", {})
    name = job.get("reference") or job.get("id") or batch.get("id") or endpoint.get("id") or ""
    return {
        "name": _one_line(str(name)),
        "rendition": _one_line(str(rendition.get("key", ""))),
        "percent": round(100 * float(job.get("progress") or 0)),
    }


def _one_line(text: str) -> str:
    """A line break in a header would begin the next one."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_NAME_CHARACTERS]


def _code(failure: smtplib.SMTPResponseException | smtplib.SMTPRecipientsRefused) -> int | None:
    if isinstance(failure, smtplib.SMTPRecipientsRefused):
        return next((code for code, _ in failure.recipients.values()), None)
    return int(failure.smtp_code) if 0 < failure.smtp_code < 600 else None
