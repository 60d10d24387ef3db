"""Files that were made to hurt: each is a good picture or a fault with a name, in little time and memory."""

import random
import struct
import time
import zlib
from dataclasses import replace

import pytest
from PIL import Image

from adapters.ffmpeg.supervisor import Box
from adapters.imaging import imager
from adapters.imaging.encode import Picture
from adapters.imaging.imager import ImagingFailed
from adapters.imaging.sniff import sniff
from jobs.faults import SPECS, Bucket
from tests.imaging.boxed import LIMITS, make, run
from tests.imaging.makers import corners, encoded, heic, pdf, png, whole_png

MIB = 1 << 20
# The same noise with each run.
CHANCE = random.Random(7)  # noqa: S311 - not for secrets
SMALL = Picture("a", 48, 32)
PAGE = Picture("a", 200, 100, 1)


def bmff(brand: bytes, *boxes: tuple[bytes, bytes]) -> bytes:
    parts = [(b"ftyp", brand + bytes(4) + b"mif1" + brand), *boxes]
    return b"".join(struct.pack(">I", 8 + len(body)) + name + body for name, body in parts)


def gif_of_many(frames: int) -> bytes:
    """A hundred thousand pictures of a pixel each."""
    head = b"GIF89a" + struct.pack("<HHBBB", 64, 64, 0x80, 0, 0) + bytes((0, 0, 0, 255, 255, 255))
    return head + b",\0\0\0\0\1\0\1\0\0\2\2D\1\0" * frames + b";"


def tiff(width: int, height: int, *, tags: int = 0) -> bytes:
    """A header and what it claims; `tags` more entries point anywhere."""
    entries = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1)]
    entries += [(273, 4, 1, 8), (277, 3, 1, 1), (278, 4, 1, height), (279, 4, 1, 9)]
    entries += [(1000 + number, 2, 0xFFFFFFF, 0xFFFFFFF0) for number in range(tags)]
    body = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *one) for one in entries)
    return b"II*\0" + struct.pack("<I", 8) + body + bytes(4)


def deep_pages(depth: int) -> bytes:
    """A tree of pages in which each node has the next, and the last one the first."""
    kids = b"".join(
        b"%d 0 obj\n<< /Type /Pages /Count 9 /Kids [%d 0 R] >>\nendobj\n" % (n, n + 1)
        for n in range(2, depth)
    )
    return (
        b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n" + kids
        + b"%d 0 obj\n<< /Type /Pages /Count 9 /Kids [2 0 R] >>\nendobj\ntrailer << /Root 1 0 R >>\n" % depth
    )  # fmt: skip


def flate_bomb() -> bytes:
    """Half a kilobyte of a page's drawing, which is a quarter of a gigabyte of spaces."""
    squeezed = zlib.compress(zlib.compress(b" " * (256 * MIB), 9), 9)
    return pdf(draw=squeezed, filters="/Filter [/FlateDecode /FlateDecode]")


def tiled(step: bytes) -> bytes:
    """A page that is filled with a pattern; without a table of its objects, which readers then look for."""
    body = b"1 0 0 rg 0 0 0.5 0.5 re f"
    pattern = (
        b"/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 1 1] /XStep %s /YStep %s"
        % (step, step)
    )
    whole = b"99 0 obj\n<< %s /Resources << >> /Length %d >>\nstream\n%s\nendstream\nendobj\n" % (
        pattern,
        len(body),
        body,
    )
    page = pdf(
        page_extra="/Resources << /Pattern << /P 99 0 R >> >>", draw="/Pattern cs /P scn 0 0 200 100 re f"
    )
    return page.replace(b"xref\n", whole + b"xrff\n").replace(b"startxref", b"startxxxx")


PHOTO = encoded(corners(960, 640), "JPEG")
HUGE_EXIF = encoded(corners(), "PNG", exif=b"Exif\0\0" + b"II*\0\x08\0\0\0\xff\xff" + bytes(4 * MIB))
HOSTILE = {
    "a header of 900 million pixels": png(30_000, 30_000),
    "a header of 2^31 pixels a side": png(2**31 - 1, 2**31 - 1),
    "134 million pixels in 16 kB": whole_png(11_000, 12_000),
    "one pixel by a hundred thousand": whole_png(1, 100_000),
    "a GIF's canvas of 65,535 pixels a side": b"GIF89a" + b"\xff" * 4 + bytes(3) + b",\0\0\0\0\1\0\1\0\0\2\2D\1\0;",
    "a hundred thousand pictures": gif_of_many(100_000),
    "a TIFF of 2^32 pixels a side": tiff(2**32 - 1, 2**32 - 1),
    "a TIFF whose tags point anywhere": tiff(64, 64, tags=2000),
    "a WebP that is cut off": encoded(corners(), "WEBP")[:60],
    "a photo that is cut off": PHOTO[: len(PHOTO) // 2],
    "an EXIF of four megabytes": HUGE_EXIF,
    "a palette that is not there": png(8, 8, rows=bytes(72), bits=8, colours=3),
    "a hundred megabytes of words": png(8, 8, chunks=[(b"zTXt", b"k\0\0" + zlib.compress(bytes(100 * MIB), 9))], rows=bytes(16)),  # noqa: E501
    "HTML behind a photo's first bytes": b"\xff\xd8\xff\xe0<html><script>alert(1)</script></html>",
    "HTML behind a photo": encoded(corners(), "JPEG") + b"<html><script>alert(1)</script></html>",
    "a HEIC without anything": bmff(b"heic", (b"meta", bytes(4))),
    "an AVIF of noise": bmff(b"avif", (b"meta", CHANCE.randbytes(4000))),
    "a document of a million pages": pdf(claimed_pages=10**6),
    "a document of two billion pages": pdf(claimed_pages=2**31 - 1),
    "a page of 20,000 points a side": pdf(((20_000, 20_000),)),
    "a page of no size": pdf(((0, 0),)),
    "a page of negative size": pdf(((-200, 1e30),)),
    "a tree of pages that goes round": deep_pages(5000),
    "a document that is cut off": pdf()[:400],
    "a document of noise": b"%PDF-1.7\n" + CHANCE.randbytes(20_000),
    "an image beneath a document's name": b"%PDF-1.4" + PHOTO,
    "a drawing of a gigabyte": flate_bomb(),
    "a picture in a page of 10^10 pixels": pdf(draw="q 200 0 0 100 0 0 cm BI /W 100000 /H 100000 /BPC 8 /CS /RGB ID xx EI Q"),  # noqa: E501
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_a_good_picture_or_the_sources_fault(name, tmp_path):
    content = HOSTILE[name]
    kind = sniff(content[:1024])
    assert kind is not None
    file = tmp_path / "source"
    file.write_bytes(content)
    began = time.monotonic()
    try:
        imager.look(file, kind)
    except ImagingFailed as error:
        assert SPECS[error.code].bucket == Bucket.FAILED_INPUT, error
    assert time.monotonic() - began < 10
    made = make(content, tmp_path, [PAGE if kind == "pdf" else SMALL])
    assert made.fault is None or SPECS[made.fault].bucket == Bucket.FAILED_INPUT, (made.fault, made.detail)
    if made.fault is None:
        assert made.picture("a").size in ((48, 32), (200, 100))
    assert made.completed.wall_seconds < 20
    assert made.completed.peak_rss_bytes < 700 * MIB, made.completed.peak_rss_bytes // MIB


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("a header of 900 million pixels", "picture_size_refused"),
        ("a header of 2^31 pixels a side", "picture_size_refused"),
        ("a GIF's canvas of 65,535 pixels a side", "picture_size_refused"),
        ("a TIFF of 2^32 pixels a side", "picture_size_refused"),
        ("HTML behind a photo's first bytes", "source_unreadable"),
        ("a document of noise", "source_unreadable"),
    ],
)
def test_it_is_known_by_its_header(name, code, tmp_path):
    file = tmp_path / "source"
    file.write_bytes(HOSTILE[name])
    kind = sniff(HOSTILE[name][:1024])
    assert kind is not None
    with pytest.raises(ImagingFailed) as failed:
        imager.look(file, kind)
    assert failed.value.code == code


def test_looking_decodes_nothing(tmp_path):
    """An orientation behind the picture would be worth a gigabyte to whoever looked for it there."""
    file = tmp_path / "source"
    file.write_bytes(whole_png(11_000, 12_000))
    argv = imager._argv("look", kind="png", source=str(file), cpu_seconds=9)
    completed, _, _ = run(argv, tmp_path, Box(readable=(file,)))
    assert completed.peak_rss_bytes < 100 * MIB


def test_a_page_that_never_ends_is_the_sources_fault(tmp_path, monkeypatch):
    """A pattern that repeats ten thousand times in a point: by CPU seconds, which a busy machine does not lengthen."""
    monkeypatch.setattr(imager, "_PICTURE_CPU_SECONDS", 1)
    made = make(tiled(b"0.0001"), tmp_path, [Picture("a", 4000, 2000, 1)])
    assert made.fault == "source_too_complex"
    assert SPECS[made.fault].bucket == Bucket.FAILED_INPUT
    assert made.completed.cpu_seconds < 5


def test_each_page_has_its_time(tmp_path, monkeypatch):
    """Each takes a quarter of a second, together they take more than one may."""
    monkeypatch.setattr(imager, "_PICTURE_CPU_SECONDS", 1)
    pictures = [Picture(f"a{number}", 3000, 3000, 1) for number in range(12)]
    made = make(pdf(), tmp_path, pictures, format="png")
    assert made.fault is None, made.detail


def test_files_with_flipped_bits_never_take_the_child_down(tmp_path, ffmpeg):
    """Four dozen of them, each wrong somewhere else; the same ones with each run."""
    sources = [
        *(encoded(corners(), kind) for kind in ("JPEG", "PNG", "GIF", "TIFF", "WEBP", "AVIF")),
        heic(corners(), ffmpeg, tmp_path),
        pdf(((200, 100),) * 3, info="/Title (x)"),
    ]
    faults = set()
    for number in range(48):
        content = bytearray(sources[number % len(sources)])
        for _ in range(1 + number // len(sources)):
            content[CHANCE.randrange(12, len(content))] = CHANCE.randrange(256)
        kind = sniff(bytes(content[:1024]))
        if kind is not None:
            faults.add(make(bytes(content), tmp_path, [PAGE if kind == "pdf" else SMALL]).fault)
    assert {code for code in faults if code and SPECS[code].bucket != Bucket.FAILED_INPUT} == set()
    assert None in faults


def test_an_image_whose_memory_is_not_allowed_here_ends_by_the_limit(tmp_path):

    content = whole_png(11_000, 12_000)
    made = make(content, tmp_path, [SMALL], limits=replace(LIMITS, memory_bytes=100 * MIB))
    assert made.fault == "out_of_memory"


def test_a_picture_that_takes_too_long_is_stopped(tmp_path):

    content = encoded(Image.effect_noise((3000, 3000), 90).convert("RGBA"), "PNG", compress_level=0)
    made = make(
        content, tmp_path, [Picture("a", 3000, 3000)], format="webp", limits=replace(LIMITS, wall_seconds=0.4)
    )
    assert made.fault == "timed_out"
