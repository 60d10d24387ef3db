"""Images and documents from the request to the files: by preset and spelled out, and what goes wrong with them."""

import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
import requests
from PIL import Image

from adapters.imaging import imager
from jobs import attempts, execution, submission
from jobs.models import Attempt, Job, Output, Preset, Step
from jobs.planner.presets import SHIPPED
from jobs.planner.specs import Extra, Ladder
from jobs.states import JobState, StepKind
from tests.api.conftest import Client, _client
from tests.factories import REMUX, claim, drive, make_job, next_step, run_step, stored, upload
from tests.imaging.makers import corners, encoded, is_near, pdf

pytestmark = pytest.mark.django_db(transaction=True)

EXTRAS = [
    {"name": "small", "kind": "image_thumbnail", "height": 32, "format": "webp"},
    {"name": "page", "kind": "page_preview", "pages": "1-3", "height": 108, "format": "jpeg"},
    {"name": "info", "kind": "media_info"},
]


@pytest.fixture
def customer(s3, valkey, transactional_db) -> Client:
    """With the shipped presets, which a test before this one may have swept away."""
    for preset in SHIPPED:
        found = {"title": preset.title, "ladder": preset.ladder.to_json()}
        Preset.objects.get_or_create(account=None, name=preset.name, version=preset.version, defaults=found)
    return _client("acme")


def posted(customer: Client, content: bytes | Path, name: str, **wish):
    url = upload(customer.account, content, name)
    response = customer.post("jobs", {"source": {"url": url}, **wish})
    assert response.status_code == 202, response.json()
    return drive(Job.objects.get(id=response.json()["id"]))


def ladder(*extras):
    return {"packaging": "none", "extras": list(extras)}


def files(customer: Client, job) -> dict[str, bytes]:
    """What can be downloaded, by the file's name."""
    outputs = customer.get(f"jobs/{job.id}/outputs").json()["results"]
    return {
        one["path"].rpartition("/")[2]: requests.get(one["download_url"], timeout=5).content
        for one in outputs
    }


def test_an_image_becomes_three_sizes_by_a_presets_name(customer):
    # Named and uploaded as something else: what is in it counts.
    job = posted(customer, encoded(corners(300, 200), "JPEG"), "film.mp4", preset="image-thumbnails")
    body = customer.get(f"jobs/{job.id}").json()
    assert (body["state"], body["manifest"], body["source"]["video_codec"]) == ("succeeded", None, None)
    assert (body["source"]["width"], body["source"]["height"], body["source"]["pages"]) == (300, 200, None)
    assert body["notes"] == [
        "Extra 'large' has the source's own size, 300x200: it is never enlarged.",
        "Extra 'medium' has the source's own size, 300x200: it is never enlarged.",
    ]
    found = {name: Image.open(BytesIO(content)) for name, content in files(customer, job).items()}
    assert {name: (image.format, image.size) for name, image in found.items()} == {
        "large.webp": ("WEBP", (300, 200)),
        "medium.webp": ("WEBP", (300, 200)),
        "small.webp": ("WEBP", (240, 160)),
    }
    assert is_near(found["small.webp"].convert("RGB").getpixel((60, 40)), (220, 30, 30))


def test_each_extra_is_a_rendition_with_the_evidence_of_its_own_process(customer):
    job = posted(customer, encoded(corners(), "PNG"), "a.png", ladder=ladder(EXTRAS[0]))
    (rendition,) = customer.get(f"jobs/{job.id}").json()["renditions"]
    assert (rendition["key"], rendition["kind"], rendition["state"], rendition["attempts"]) == (
        "small", "extra", "succeeded", 1,
    )  # fmt: skip
    assert rendition["encoder_revision"].startswith("pillow-")
    attempt = Attempt.objects.get(job=job, step__kind=StepKind.RENDITION)
    assert attempt.encoder_identity is not None
    assert {"pillow", "pdfium", "libheif"} <= set(attempt.encoder_identity.libraries)
    assert (attempt.exit_code, attempt.queue) == (0, "files")
    assert attempt.argv[4].endswith("/adapters/imaging/program/__main__.py")
    request = json.loads(attempt.argv[6])
    assert request["pictures"] == [{"file_name": "small.webp", "width": 48, "height": 32, "page": None}]
    assert (attempt.cpu_seconds or 0) > 0
    assert (attempt.peak_rss_bytes or 0) > 1 << 20
    assert attempt.stderr is not None


def test_a_document_becomes_pictures_of_its_pages_and_tells_what_it_is(customer):
    content = pdf(((200, 100),) * 2, info="/Title (A title\\007) /Author (Somebody)")
    job = posted(customer, content, "report.pdf", ladder=ladder(*EXTRAS))
    body = customer.get(f"jobs/{job.id}").json()
    assert (body["state"], body["source"]["pages"], body["source"]["width"]) == ("succeeded", 2, None)
    assert body["notes"] == [
        "Extra 'small' is left out: it is made of an image, and the source is a PDF document.",
        "Extra 'page' shows 2 of 3 pages: the document has 2 pages.",
    ]
    assert [one["key"] for one in body["renditions"]] == ["page", "info"]
    assert set(Step.objects.filter(job=job, kind=StepKind.RENDITION).values_list("queue", flat=True)) == {
        "files"
    }
    found = files(customer, job)
    assert set(found) == {"page-1.jpg", "page-2.jpg", "info.json"}
    assert Image.open(BytesIO(found["page-2.jpg"])).size == (216, 108)
    source = json.loads(found["info.json"])["source"]
    assert (source["document"]["title"], source["document"]["author"]) == ("A title", "Somebody")
    assert source["document"]["page_sizes"] == [[200.0, 100.0]] * 2
    assert "probe" not in source


def test_the_shipped_documents_preset_shows_ten_pages_at_most(customer):
    job = posted(customer, pdf(((20, 10),) * 12), "a.pdf", preset="document-previews")
    assert job.state == JobState.SUCCEEDED, (job.fault_code, job.fault_message)
    names = sorted(files(customer, job))
    assert names == ["info.json", *(f"page-{number:02d}.jpg" for number in range(1, 11))]


def test_real_files_become_pictures(customer, shared_media):
    job = posted(customer, shared_media / "london.jpg", "london.jpg", preset="image-thumbnails")
    assert job.state == JobState.SUCCEEDED, (job.fault_code, job.fault_message)
    job = posted(customer, shared_media / "four_pages.pdf", "four.pdf", preset="document-previews")
    assert job.state == JobState.SUCCEEDED, (job.fault_code, job.fault_message)
    assert job.plan["notes"] == ["Extra 'page' shows 4 of 10 pages: the document has 4 pages."]


def test_a_film_has_extras_alone_too(customer, clip):
    poster = {"name": "poster", "kind": "poster", "at_seconds": 1, "height": 90}
    job = posted(customer, clip, "clip.mp4", ladder=ladder(poster, {"name": "info", "kind": "media_info"}))
    assert job.state == JobState.SUCCEEDED, (job.fault_code, job.fault_message)
    assert set(files(customer, job)) == {"poster.jpg", "info.json"}


# --- what goes wrong ---
@pytest.mark.parametrize(
    ("content", "wish", "code", "message"),
    [
        (pdf(encrypted_with=b"secret"), {"preset": "document-previews"}, "document_encrypted",
         "The document is encrypted: it cannot be opened without its password."),
        (pdf()[:300], {"preset": "document-previews"}, "source_unreadable",
         "The source is damaged, cut off, or not a media file."),
        (pdf(), {"preset": "image-thumbnails"}, "source_mismatch",
         "Extra 'large' cannot be made: it is made of an image, and the source is a PDF document."),
        (encoded(corners(), "JPEG"), {"preset": "document-previews"}, "source_mismatch",
         "Extra 'page' cannot be made: it is made of a PDF document, and the source is a still image."),
        (pdf(), {"preset": "mp4"}, "no_usable_stream", "The source is a PDF document, not a video."),
        (encoded(corners(), "JPEG"), {"preset": "mp4"}, "no_usable_stream",
         "The source is a still image, not a video."),
        (pdf(), {"ladder": ladder({"name": "p", "kind": "page_preview", "pages": "50"})}, "source_mismatch",
         "Nothing can be made of this source. Extra 'p' is left out: the document has 1 page."),
        (b"\xff\xd8\xff\xe0<html></html>", {"preset": "image-thumbnails"}, "source_unreadable",
         "The source is damaged, cut off, or not a media file."),
        (b"<!doctype html><title>Sorry</title>%PDF-1.4", {"preset": "document-previews"}, "source_not_media",
         "The source is not a media file."),
    ],
)  # fmt: skip
def test_a_source_that_will_not_do_fails_at_once_in_plain_words(content, wish, code, message, customer):
    job = posted(customer, content, "source", **wish)
    fault = customer.get(f"jobs/{job.id}").json()["fault"]
    assert (job.state, fault) == (
        JobState.FAILED,
        {"code": code, "bucket": "failed_input", "message": message},
    )
    assert stored(customer.account) == {}


def test_an_image_asked_of_a_film_is_noted_beside_the_ladder(customer, clip):
    wish = replace(REMUX, extras=(Extra("small", "image_thumbnail"),))
    job = drive(make_job(customer.account, upload(customer.account, clip), wish))
    assert job.state == JobState.SUCCEEDED
    assert job.plan["notes"] == [
        "Extra 'small' is left out: it is made of an image, and the source is neither an image nor a document."
    ]


def test_a_picture_that_cannot_be_decoded_is_the_sources_fault_and_never_retried(customer):
    whole = encoded(corners(960, 640), "JPEG")
    job = posted(customer, whole[: len(whole) // 2], "cut.jpg", ladder=ladder(EXTRAS[0]))
    assert (job.state, job.fault_code) == (JobState.FAILED, "source_unreadable")
    assert Attempt.objects.filter(job=job, step__kind=StepKind.RENDITION).count() == 1
    assert not Output.objects.filter(job=job, state="committed").exists()


def test_a_child_that_crashes_is_tried_again_and_kept_for_an_operator(customer, monkeypatch):
    crash = (str(imager.interpreter()), "-I", "-S", "-c", "import ctypes; ctypes.string_at(0)")
    monkeypatch.setattr(imager, "make_argv", lambda *_, **__: crash)
    job = posted(customer, encoded(corners(), "PNG"), "a.png", ladder=ladder({**EXTRAS[0], "required": True}))
    assert (job.state, job.fault_code) == (JobState.DEAD_LETTER, "imaging_crashed")
    ends = Attempt.objects.filter(job=job, step__kind=StepKind.RENDITION).values_list("signal", "state")
    assert list(ends) == [(11, "failed"), (11, "failed")]
    monkeypatch.undo()
    answer = customer.post(f"jobs/{job.id}/requeue", {"pool": "cpu"})
    assert answer.status_code == 202, answer.json()
    step = next_step(job, StepKind.RENDITION)
    assert step is not None
    assert step.queue == "files", "a pool is of encoders"
    assert run_step(step) == "done"
    assert drive(job).state == JobState.SUCCEEDED


@pytest.mark.parametrize(
    ("writes", "code"),
    [
        ("", "output_refused"),
        ("open(target, 'w')", "invalid_output"),
        ("open(target, 'w').write('<html>' * 99)", "invalid_output"),
        ("open(target, 'wb').write(bytes.fromhex('{other}'))", "output_size_wrong"),
    ],
    ids=["nothing", "an empty file", "no picture", "another picture"],
)
def test_what_the_child_claims_to_have_made_is_looked_at(writes, code, customer, monkeypatch):
    other = encoded(corners(20, 20), "JPEG").hex()
    script = f"target = __import__('sys').argv[1]\n{writes.format(other=other)}\nprint('{{\"done\": {{}}}}')"

    def argv(encode, kind, *, source, folder):
        return (
            str(imager.interpreter()),
            "-I",
            "-S",
            "-c",
            script,
            str(folder / encode.pictures[0].file_name),
        )

    monkeypatch.setattr(imager, "make_argv", argv)
    job = posted(customer, encoded(corners(), "PNG"), "a.png", ladder=ladder({**EXTRAS[0], "format": "jpeg"}))
    assert (job.state, job.fault_code) == (JobState.DEAD_LETTER, code)
    assert not Output.objects.filter(job=job, state="committed").exists()


def test_a_cancelled_job_stops_its_child(customer, monkeypatch):
    endless = (str(imager.interpreter()), "-I", "-S", "-c", "while True: pass")
    monkeypatch.setattr(imager, "make_argv", lambda *_, **__: endless)
    url = upload(customer.account, encoded(corners(), "PNG"), "a.png")
    alone = Ladder("none", (), None, extras=(Extra("small", "image_thumbnail"),))
    job = drive(make_job(customer.account, url, alone), until=StepKind.RENDITION)
    held = claim(next_step(job))
    submission.cancel(job.id, actor="test")
    assert attempts.perform(held, execution.work) == "lost"
    attempt = Attempt.objects.get(id=held.attempt_id)
    assert (attempt.state, attempt.stop_reason) == ("cancelled", "lease_lost")


def test_a_wish_that_cannot_be_is_refused_at_its_place(customer):
    body = {
        "source": {"url": customer.source()},
        "ladder": {
            "packaging": "none",
            "rungs": [{"name": "a", "height": 240}],
            "extras": [{"name": "p", "kind": "page_preview", "pages": "3-1"}],
        },
    }
    errors = customer.post("jobs", body).json()["errors"]
    assert {one["pointer"]: one["detail"] for one in errors} == {
        "/ladder/packaging": "Packaging 'none' is for extras alone: rungs and audio need one.",
        "/ladder/extras/0/pages": "'3-1' is not within 1 to 1000, from the lower to the higher.",
    }
