"""How single values look on the operator's pages. Everything that is not ours is escaped here."""

import json
import signal as signals
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

NOTHING = format_html('<span class="rc-nothing">{}</span>', "\N{EN DASH}")

_TONES = {
    "good": ("succeeded", "done", "committed", "live", "active", "delivered", "enabled", "handled"),
    "busy": ("running", "ingesting", "planning", "assembling", "delivering", "ready", "pending", "handling"),
    "odd": ("partial", "lost", "late", "expired", "failing"),
    "bad": ("failed", "dead_letter", "disabled", "suspended"),
}
_TONE_OF = {state: tone for tone, states in _TONES.items() for state in states}


def words(state: str) -> str:
    """`dead_letter` as people say it."""
    return str(state).replace("_", " ")


def badge(state: str) -> SafeString:
    return format_html(
        '<span class="rc-badge rc-{}">{}</span>', _TONE_OF.get(str(state), "calm"), words(state)
    )


def verdict(passed: bool) -> SafeString:
    """Whether something came through its gate."""
    tone, word = ("good", "passed") if passed else ("bad", "below the minimum")
    return format_html('<span class="rc-badge rc-{}">{}</span>', tone, word)


def bar(fraction: float, state: str) -> SafeString:
    """A progress bar from 0 to 1. A div: browsers paint <progress> as they like."""
    percent = round(min(max(fraction, 0.0), 1.0) * 100)
    return format_html(
        '<div class="rc-progress"><div class="rc-bar" role="progressbar" aria-valuemin="0" aria-valuemax="100"'
        ' aria-valuenow="{}"><div class="rc-fill rc-{}" style="width:{}%"></div></div><span>{}&nbsp;%</span></div>',
        percent,
        _TONE_OF.get(str(state), "calm"),
        percent,
        percent,
    )


def when(moment: datetime | None) -> SafeString:
    """A point in time, UTC, with its exact value as the tooltip."""
    if moment is None:
        return NOTHING
    form = "%d %b %H:%M:%S" if moment.year == timezone.now().year else "%d %b %Y %H:%M"
    exact = moment.isoformat(timespec="milliseconds")
    return format_html(
        '<time class="rc-when" datetime="{}" title="{}">{}</time>', exact, exact, moment.strftime(form)
    )


def span(seconds: float | None) -> str:
    """A length of time in seconds, as read by people."""
    if seconds is None:
        return NOTHING
    if seconds < 10:
        return f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} m {rest:02} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} m"


def size(count: int | None) -> str:
    """A number of bytes, in powers of 1000, with the exact one as the tooltip."""
    if count is None:
        return NOTHING
    value, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    shown = f"{count} B" if unit == "B" else f"{value:.3g} {unit}" if value < 1000 else f"{value:.0f} {unit}"
    return format_html('<span title="{} bytes">{}</span>', f"{count:,}", shown)


def rate(kbps: float | None) -> str:
    if kbps is None:
        return NOTHING
    return f"{kbps:.0f} kbit/s" if kbps < 10_000 else f"{kbps / 1000:.1f} Mbit/s"


def short(identifier: UUID) -> SafeString:
    """The first twelve digits of an id. They are its millisecond (UUIDv7), which few rows share, and the search
    finds a row by them."""
    return format_html('<code title="{}">{}</code>', identifier, str(identifier)[:13])


def code(text: object) -> SafeString:
    """Machine text, whole; breaks anywhere."""
    return format_html('<code class="rc-code">{}</code>', text) if text not in ("", None) else NOTHING


def digest(sha256: str) -> SafeString:
    """A hash in a narrow column: its beginning, the whole of it as the tooltip."""
    return format_html('<code title="{}">{}…</code>', sha256, sha256[:12]) if sha256 else NOTHING


def clipped(text: str, *, under: str = "", wide: bool = False) -> SafeString:
    """One line that ends in an ellipsis where the column ends, with another small one beneath it."""
    if not text:
        return NOTHING
    below = format_html('<small class="rc-under">{}</small>', under) if under else ""
    width = " rc-wide" if wide else ""
    return format_html('<span class="rc-clip{}" title="{}">{}</span>{}', width, text, text, below)


def link(url: str, text: object) -> SafeString:
    return format_html('<a class="rc-link" href="{}">{}</a>', url, text)


def outside(url: str, text: object) -> SafeString:
    """A link that leaves the console."""
    return format_html('<a class="rc-link" href="{}" target="_blank" rel="noreferrer">{}</a>', url, text)


def fault(code: str, message: str) -> SafeString:
    """What went wrong, in words, with its code."""
    if not code:
        return NOTHING
    return format_html(
        '<span class="rc-clip rc-fault rc-{}" title="{}: {}">{}</span>',
        tone_of_fault(code),
        code,
        message,
        message,
    )


def tone_of_fault(code: str) -> str:
    """What was wished is no alarm."""
    return "calm" if code == "cancelled" else "bad"


def joined(items: Iterable[str]) -> SafeString:
    """Several values in one cell."""
    return format_html_join(", ", "{}", ((item,) for item in items)) or NOTHING


def document(value: Any) -> SafeString:
    """JSON, indented."""
    return format_html('<pre class="rc-pre">{}</pre>', json.dumps(value, indent=2, ensure_ascii=False))


def signal_name(number: int | None) -> str:
    if number is None:
        return NOTHING
    try:
        return f"{number} ({signals.Signals(number).name})"
    except ValueError:
        return str(number)


def file_name(url: str) -> str:
    """The last part of a URL's path, as people would write it; the whole URL where there is none."""
    try:
        path = urlsplit(url).path
    except ValueError:
        return url
    return unquote(path.rstrip("/").rpartition("/")[2]) or url
