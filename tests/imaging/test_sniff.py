"""What a file is, by its first bytes."""

import struct

import pytest

from adapters.imaging.sniff import STILL_KINDS, sniff
from tests.imaging import makers

IMAGE = makers.corners(16, 16)


def ftyp(major: bytes, *others: bytes) -> bytes:
    body = major + bytes(4) + b"".join(others)
    return struct.pack(">I", 8 + len(body)) + b"ftyp" + body + b"\0\0\0\x08meta"


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        *(
            (makers.encoded(IMAGE, format), format.lower())
            for format in ("JPEG", "PNG", "GIF", "TIFF", "WEBP", "AVIF")
        ),
        (makers.encoded(IMAGE, "TIFF", big_endian=True)[:0] + b"MM\0*" + bytes(20), "tiff"),
        (makers.pdf(), "pdf"),
        (bytes(100) + makers.pdf(), "pdf"),
        (ftyp(b"heic", b"mif1", b"heic"), "heic"),
        (ftyp(b"mif1", b"mif1", b"avif"), "avif"),
        (ftyp(b"mif1", b"mif1", b"heic"), "heic"),
        (ftyp(b"mif1"), "heic"),
        (ftyp(b"avis", b"avif"), "avif"),
        (ftyp(b"isom", b"mp41", b"avif"), None),
        (ftyp(b"qt  "), None),
        (b"\xff" * 4 + b"ftypheic", "heic"),
        (b"", None),
        (b"RIFF\0\0\0\0WAVE", None),
        (b"<html>%PD", None),
        (bytes(1020) + b"%PDF-1.7", None),
    ],
)
def test_a_file_is_known_by_its_first_bytes(head, kind):
    assert sniff(head[:1024]) == kind
    assert kind is None or kind in STILL_KINDS


def test_a_film_is_no_image(clip):
    assert sniff(clip.read_bytes()[:1024]) is None
