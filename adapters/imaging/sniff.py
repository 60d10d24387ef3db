"""What a file is, by its first bytes: never by its name, nor by what a server calls it. Pure.

The signatures are those of the formats' own specifications: JPEG (ITU-T T.81, B.1.1), PNG (W3C, 5.2), GIF89a (17),
TIFF 6.0 (section 2), WebP (RFC 9649, 2.4), HEIF and AVIF (ISO/IEC 23008-12, 10; AV1 Image File Format, 9),
PDF (ISO 32000-1, 7.5.2 and its note that readers look into the first 1024 bytes).
"""

from typing import Literal, get_args

StillKind = Literal["jpeg", "png", "webp", "gif", "tiff", "heic", "avif", "pdf"]
STILL_KINDS: tuple[StillKind, ...] = get_args(StillKind)
SNIFF_BYTES = 1024

_SIGNATURES: tuple[tuple[bytes, StillKind], ...] = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"%PDF-", "pdf"),
)
_BRANDS: tuple[tuple[frozenset[bytes], StillKind], ...] = (
    (frozenset({b"avif", b"avis"}), "avif"),
    (frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"}), "heic"),
)


def sniff(head: bytes) -> StillKind | None:
    """The kind of image or document that begins with `head`, its first SNIFF_BYTES; None for everything else.

    A file that begins like one need not be one: whoever opens it finds out.
    """
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[4:8] == b"ftyp":
        return _by_brand(head)
    return "pdf" if b"%PDF-" in head[:SNIFF_BYTES] else None


def _by_brand(head: bytes) -> StillKind | None:
    """The major brand decides, and where it says only that there are images, the others do."""
    end = min(int.from_bytes(head[:4], "big"), len(head))
    major, others = head[8:12], {head[at : at + 4] for at in range(16, end - 3, 4)}
    if not any(major in brands for brands, _ in _BRANDS):
        return None  # a film may have a picture's brand beside its own
    for brands, kind in _BRANDS:
        if major in brands - {b"mif1", b"msf1"}:
            return kind
    return next((kind for brands, kind in _BRANDS if others & (brands - {b"mif1", b"msf1"})), "heic")
