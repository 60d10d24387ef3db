"""Mail: a real SMTP dialogue, a text and a page for each event, and nothing of a customer's in a header."""

from email import message_from_bytes, policy
from uuid import uuid4

import pytest

from tests.webhooks.casts import tell, the_delivery, tries
from tests.webhooks.smtp import serving
from webhooks import endpoints, mail, outbox, targets
from webhooks.events import TYPES
from webhooks.models import Delivery
from webhooks.states import DeliveryState
from webhooks.targets import TargetRefused

pytestmark = pytest.mark.django_db

FILE = {
    "kind": "rendition",
    "rendition": "720p",
    "url": "s3://outputs/acme/film.mp4",
    "public_url": "https://cdn.example.com/film.mp4",
    "content_type": "video/mp4",
    "size_bytes": 2_500_000,
    "sha256": "ab" * 32,
    "duration_seconds": 5.0,
    "encoder_revision": "ffmpeg-9.0-1a2b3c",
}
FAULT = {
    "code": "unreadable",
    "bucket": "failed_input",
    "message": "The file <clip> & its sound cannot be read.",
}
DATA = {
    "job": {
        "id": "01a2",
        "state": "partial",
        "reference": "film <42>",
        "preset": "hls-720p",
        "encoder_revision": "ffmpeg-9.0-1a2b3c",
        "started_at": None,
        "finished_at": None,
        "manifest": {"url": "s3://outputs/acme/master.m3u8", "public_url": None},
        "fault": FAULT,
        "progress": 0.42,
        "outputs": [FILE],
        "outputs_total": 3,
    },
    "rendition": {"key": "720p", "state": "failed", "required": True, "output": FILE, "fault": FAULT},
    "batch": {"id": "01b3", "jobs": {"succeeded": 7, "failed": 1}},
    "endpoint": {"id": "01c4", "url": "https://example.com/hook", "reason": "failing"},
}


@pytest.fixture
def post_office(settings):
    """A mail server that Django's own SMTP backend talks to."""
    with serving() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.MAIL_FROM = "Reelchord <reelchord@example.com>"
        yield server


@pytest.fixture
def address(post_office, account):
    return endpoints.make(account, "mailto:ops@example.com", actor="test")


def sent(data, type_: str, account, pump, post_office):
    outbox.record(account, uuid4(), [(type_, data)], listening=True)
    assert pump(queue=targets.MAIL) == 1
    return message_from_bytes(post_office.mails[-1], policy=policy.default)


def about(type_: str):
    parts = {"batch": ("batch",), "endpoint": ("endpoint",), "rendition": ("job", "rendition")}
    return {name: DATA[name] for name in parts.get(type_.partition(".")[0], ("job",))}


@pytest.mark.parametrize(
    "type_", [type_ for type_ in TYPES if type_ not in ("job.progress", "endpoint.ping")]
)
def test_each_event_has_a_subject_a_text_and_a_page(type_, address, account, pump, post_office):
    message = sent(about(type_), type_, account, pump, post_office)
    assert message["To"] == "ops@example.com"
    assert message["From"] == "Reelchord <reelchord@example.com>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Subject"]
    text = message.get_body(("plain",)).get_content()
    page = message.get_body(("html",)).get_content()
    assert type_ in text
    assert type_ in page
    for code in ("{{", "{%", "None"):
        assert code not in text + page
    if "job" in about(type_):
        assert "The file <clip> & its sound cannot be read." in text
        assert "The file &lt;clip&gt; &amp; its sound cannot be read." in page
        assert "<clip>" not in page
    if type_ == "job.partial":
        assert "3 outputs, of which these:" in text
        assert "https://cdn.example.com/film.mp4" in text
    assert the_delivery().state == DeliveryState.DELIVERED


def test_a_test_and_progress_have_theirs_too(address, account, pump, post_office):
    endpoints.ping(address.endpoint)
    pump(queue=targets.MAIL)
    assert b"Subject: A test message" in post_office.mails[-1]
    one = _claim(account, "job.progress", about("job.progress"), address)
    assert mail.compose(one).subject == "42 %: film <42>"


def _claim(account, type_, data, made):
    from datetime import UTC, datetime

    from webhooks.claims import Claimed
    from webhooks.payloads import Message

    message = Message(str(uuid4()), type_, 1, datetime.now(UTC), data)
    row = made.endpoint
    return Claimed(uuid4(), 1, 1, False, "w", account, None, row.id, row.url, "standard", True, (), message)


def test_a_line_break_in_a_customers_word_makes_no_header(address, account, pump, post_office):
    job = {**DATA["job"], "reference": "film\r\nBcc: victim@example.com\r\n\r\nclick here"}
    message = sent({"job": job}, "job.failed", account, pump, post_office)
    assert "Bcc" not in message
    assert message["Subject"] == "Failed: film Bcc: victim@example.com click here"


def test_every_try_has_the_same_message_id(address, account, pump, post_office):
    post_office.to_recipients = "451 later"
    outbox.record(account, uuid4(), [("job.failed", about("job.failed"))], listening=True)
    pump(queue=targets.MAIL)
    assert (the_delivery().state, tries()) == (DeliveryState.PENDING, [(451, "status")])
    from tests.webhooks.casts import make_due

    post_office.to_recipients = "250 known"
    make_due()
    pump(queue=targets.MAIL)
    message = message_from_bytes(post_office.mails[0], policy=policy.default)
    delivery = Delivery.objects.select_related("event").get()
    assert message["Message-ID"].strip() == f"<{delivery.event.id}.{address.endpoint.id}@example.com>"
    assert delivery.state == DeliveryState.DELIVERED


def test_a_recipient_that_is_refused_for_good_is_a_dead_letter_at_once(address, account, pump, post_office):
    post_office.to_recipients = "550 no such user"
    tell(account)
    pump(queue=targets.MAIL)
    assert (the_delivery().state, tries()) == (DeliveryState.DEAD_LETTER, [(550, "rejected")])


def test_a_mail_server_that_is_away_is_tried_again(address, account, pump, settings):
    settings.EMAIL_PORT = 1
    tell(account)
    pump(queue=targets.MAIL)
    assert (the_delivery().state, tries()) == (DeliveryState.PENDING, [(None, "failed")])


@pytest.mark.parametrize(
    "url",
    [
        "mailto:",
        "mailto:ops",
        "mailto:a@example.com,b@example.com",
        "mailto:a@example.com?bcc=b@example.com",
        "mailto:a@example.com%3Fbcc=b@example.com",
        "mailto:a@example.com%0d%0aBcc:b@example.com",
        "mailto:a@example.com\r\nBcc: b@example.com",
    ],
)
def test_an_address_that_could_become_more_than_one_is_refused(url, settings):
    settings.MAIL_FROM = "reelchord@example.com"
    with pytest.raises(TargetRefused):
        targets.check(url)


def test_without_a_sender_there_is_no_mail(settings):
    settings.MAIL_FROM = ""
    with pytest.raises(TargetRefused, match="no mail"):
        targets.check("mailto:ops@example.com")
