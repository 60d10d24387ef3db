"""Files to look at: images by Pillow, documents and HEIC written out by hand."""

import hashlib
import struct
import subprocess
import zlib
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

# Four corners of four colours: what is turned, flipped or drawn elsewhere shows.
CORNERS = {"top left": (220, 30, 30), "top right": (30, 200, 30), "bottom left": (30, 30, 220), "bottom right": (240, 220, 40)}  # fmt: skip # noqa: E501


def corners(width: int = 96, height: int = 64) -> Image.Image:
    image = Image.new("RGB", (width, height))
    halves = {"top": 0, "bottom": height // 2, "left": 0, "right": width // 2}
    for name, colour in CORNERS.items():
        row, column = name.split()
        image.paste(colour, (halves[column], halves[row], halves[column] + width, halves[row] + height))
    return image


def encoded(image: Image.Image, format: str, **options: Any) -> bytes:
    file = BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def corners_of(image: Image.Image) -> dict[str, tuple[int, ...]]:
    """The colours in the middle of the four quarters."""
    width, height = image.size
    at = {"top": height // 4, "bottom": height * 3 // 4, "left": width // 4, "right": width * 3 // 4}
    pixels = image.convert("RGB")
    found = {}
    for name in CORNERS:
        row, column = name.split()
        found[name] = pixels.getpixel((at[column], at[row]))
    return found  # type: ignore[return-value]  # of RGB


def is_near(found: Any, wanted: Any, by: int = 24) -> bool:
    return all(abs(a - b) <= by for a, b in zip(found, wanted, strict=True))


def pdf(
    pages: Sequence[tuple[float, float]] = ((200, 100),),
    *,
    info: str = "",
    page_extra: str = "",
    catalog_extra: str = "",
    draw: str | bytes = "",
    filters: str = "",
    claimed_pages: int | None = None,
    encrypted_with: bytes | None = None,
) -> bytes:
    """A document with a red square of 50 points in the lower left corner of each page, by ISO 32000-1, 7.5."""
    drawn = draw if isinstance(draw, bytes) else (draw or "1 0 0 rg 0 0 50 50 re f").encode()
    count = len(pages)
    first_page = 4
    bodies = [
        f"<< /Type /Catalog /Pages 2 0 R {catalog_extra} >>".encode(),
        f"<< /Type /Pages /Kids [{' '.join(f'{first_page + n} 0 R' for n in range(count))}]"
        f" /Count {claimed_pages or count} >>".encode(),
        f"<< {info} >>".encode(),
    ]
    content = first_page + count
    for width, height in pages:
        box = f"/MediaBox [0 0 {width:g} {height:g}]"
        bodies.append(f"<< /Type /Page /Parent 2 0 R {box} /Contents {content} 0 R {page_extra} >>".encode())
    bodies.append(b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(drawn), filters.encode(), drawn))
    trailer = ""
    if encrypted_with is not None:
        bodies.append(_encryption(encrypted_with))
        trailer = f"/Encrypt {len(bodies)} 0 R /ID [<{_ID.hex()}> <{_ID.hex()}>]"
    whole, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(bodies, 1):
        places.append(len(whole))
        whole += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(whole)
    whole += b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
    whole += b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(bodies) + 1
    whole += (
        f"trailer << /Size {size} /Root 1 0 R /Info 3 0 R {trailer} >>\nstartxref\n{table}\n%%EOF\n".encode()
    )
    return bytes(whole)


# --- the standard security handler, revision 2: ISO 32000-1, 7.6.3 ---
_ID = bytes(range(16))
_PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")
_PERMISSIONS = -4


def _encryption(password: bytes) -> bytes:
    owner = _rc4(hashlib.md5(_padded(b"owner")).digest()[:5], _padded(password))  # noqa: S324 - so the format wants it
    key = hashlib.md5(_padded(password) + owner + struct.pack("<i", _PERMISSIONS) + _ID).digest()[:5]  # noqa: S324
    user = _rc4(key, _PADDING)
    return (
        f"<< /Filter /Standard /V 1 /R 2 /P {_PERMISSIONS} /O <{owner.hex()}> /U <{user.hex()}> >>"
    ).encode()


def _padded(password: bytes) -> bytes:
    return (password + _PADDING)[:32]


def _rc4(key: bytes, data: bytes) -> bytes:
    state, j = list(range(256)), 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    out, i, j = bytearray(), 0, 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(out)


# --- HEIC: ISO/IEC 23008-12, one coded picture of HEVC ---
def heic(image: Image.Image, ffmpeg: Path, folder: Path, *, quarter_turns: int = 0) -> bytes:
    """`quarter_turns` counter-clockwise, as the file tells its readers to turn it."""
    film = folder / "picture.mp4"
    argv: list[str | Path] = [
        *(ffmpeg, "-v", "error", "-y", "-f", "image2pipe", "-c:v", "png", "-i", "-"),
        *("-c:v", "libx265", "-x265-params", "log-level=none", "-crf", "10", "-pix_fmt", "yuv420p", film),
    ]
    subprocess.run(argv, input=encoded(image, "PNG"), check=True, capture_output=True)
    mp4 = film.read_bytes()
    at = mp4.index(b"hvcC") - 4
    decoder = mp4[at : at + int.from_bytes(mp4[at : at + 4], "big")]
    at = mp4.index(b"mdat") - 4
    sample = mp4[at + 8 : at + int.from_bytes(mp4[at : at + 4], "big")]
    properties = [
        decoder,
        _full(b"ispe", struct.pack(">II", *image.size)),
        _box(b"irot", bytes([quarter_turns])),
    ]
    bound = bytes(0x80 | number for number in (1, 2, 3))

    def meta(place: int) -> bytes:
        return _full(
            b"meta",
            _full(b"hdlr", bytes(4) + b"pict" + bytes(13))
            + _full(b"pitm", struct.pack(">H", 1))
            + _full(b"iloc", struct.pack(">BBHHHHII", 0x44, 0, 1, 1, 0, 1, place, len(sample)))
            + _full(
                b"iinf",
                struct.pack(">H", 1) + _full(b"infe", struct.pack(">HH", 1, 0) + b"hvc1\0", version=2),
            )
            + _box(
                b"iprp",
                _box(b"ipco", b"".join(properties))
                + _full(b"ipma", struct.pack(">IHB", 1, 1, len(bound)) + bound),
            ),
        )

    head = _box(b"ftyp", b"heic" + bytes(4) + b"mif1heic")
    return head + meta(len(head) + len(meta(0)) + 8) + _box(b"mdat", sample)


def _box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + name + body


def _full(name: bytes, body: bytes, *, version: int = 0) -> bytes:
    return _box(name, bytes([version, 0, 0, 0]) + body)


# --- what a header can claim ---
def png(
    width: int,
    height: int,
    *,
    chunks: Sequence[tuple[bytes, bytes]] = (),
    rows: bytes = b"",
    bits: int = 1,
    colours: int = 0,
) -> bytes:
    """A PNG whose header says this size, whatever there is of it."""
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, 0)),
        *chunks,
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in parts
    )


def whole_png(width: int, height: int) -> bytes:
    """All of it there: a few kilobytes for as many pixels as one likes."""
    return png(width, height, rows=bytes((1 + (width + 7) // 8) * height))
