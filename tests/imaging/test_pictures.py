"""Images of every kind, through the child as a worker starts it: upright, in the right colours, and nothing besides."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageCms, PngImagePlugin

from adapters.imaging import imager
from adapters.imaging.encode import Picture
from adapters.imaging.seen import Image as Seen
from adapters.imaging.sniff import StillKind
from tests.imaging.boxed import make
from tests.imaging.makers import CORNERS, corners, corners_of, encoded, heic, is_near

HALF = Picture("a", 48, 32)


def look(content: bytes, kind: StillKind, folder: Path) -> Seen:
    file = folder / "source"
    file.write_bytes(content)
    seen = imager.look(file, kind)
    assert isinstance(seen, Seen)
    return seen


def shows(image: Image.Image, expected: dict[str, tuple[int, int, int]] = CORNERS) -> None:
    found = corners_of(image)
    assert all(is_near(found[name], colour) for name, colour in expected.items()), found


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "gif", "tiff", "avif"])
def test_each_format_becomes_the_picture_that_it_shows(kind, tmp_path):
    content = encoded(corners(), kind.upper())
    seen = look(content, kind, tmp_path)
    assert (seen.format, seen.width, seen.height, seen.orientation) == (kind, 96, 64, 1)
    made = make(content, tmp_path, [HALF])
    assert (made.fault, made.picture("a").size) == (None, (48, 32))
    shows(made.picture("a"))


@pytest.mark.parametrize(("turns", "size"), [(0, (96, 64)), (1, (64, 96))])
def test_a_heic_is_decoded_and_turned_as_it_says(turns, size, ffmpeg, tmp_path):
    content = heic(corners(), ffmpeg, tmp_path, quarter_turns=turns)
    seen = look(content, "heic", tmp_path)
    assert (seen.width, seen.height) == size
    made = make(content, tmp_path, [Picture("a", *size)])
    assert made.fault is None, made.detail
    turned = corners().transpose(Image.Transpose.ROTATE_90) if turns else corners()
    shows(made.picture("a"), corners_of(turned))


@pytest.mark.parametrize("format", ["jpeg", "webp", "png"])
def test_each_format_is_made(format, tmp_path):
    made = make(encoded(corners(), "PNG"), tmp_path, [HALF], format=format)
    with Image.open(made.folder / "a") as image:
        assert (image.format, image.size) == (format.upper(), (48, 32))
        shows(image)


TURNED = {
    1: ("top left", "top right", "bottom left"),
    2: ("top right", "top left", "bottom right"),
    3: ("bottom right", "bottom left", "top right"),
    4: ("bottom left", "bottom right", "top left"),
    5: ("top left", "bottom left", "top right"),
    6: ("bottom left", "top left", "bottom right"),
    7: ("bottom right", "top right", "bottom left"),
    8: ("top right", "bottom right", "top left"),
}


@pytest.mark.parametrize(
    ("orientation", "kind"),
    [
        *((number, "jpeg") for number in TURNED),
        (6, "png"),
        (6, "webp"),
        (6, "tiff"),
        (6, "avif"),
        (5, "tiff"),
    ],
)
def test_a_picture_stands_as_its_exif_says(orientation, kind, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encoded(corners(), kind.upper(), exif=exif)
    seen = look(content, kind, tmp_path)
    size = (96, 64) if orientation < 5 else (64, 96)
    assert (seen.width, seen.height) == size
    made = make(content, tmp_path, [Picture("a", size[0] // 2, size[1] // 2)])
    top_left, top_right, bottom_left = (CORNERS[name] for name in TURNED[orientation])
    shows(made.picture("a"), {"top left": top_left, "top right": top_right, "bottom left": bottom_left})


# --- colours ---
GREY = Image.linear_gradient("L").resize((96, 64))


@pytest.mark.parametrize(
    ("image", "kind", "expected"),
    [
        (corners().convert("CMYK"), "JPEG", CORNERS),
        (corners().quantize(16), "PNG", CORNERS),
        (corners().quantize(16), "GIF", CORNERS),
        (corners().convert("YCbCr"), "TIFF", CORNERS),
        (ImageCms.profileToProfile(corners(), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"), "TIFF", CORNERS),  # noqa: E501
        (Image.new("L", (96, 64), 77), "PNG", dict.fromkeys(CORNERS, (77, 77, 77))),
        (Image.new("1", (96, 64), 1), "PNG", dict.fromkeys(CORNERS, (255, 255, 255))),
        (Image.new("I;16", (96, 64), 40_000), "PNG", dict.fromkeys(CORNERS, (156, 156, 156))),
        (Image.new("F", (96, 64), 0.25), "TIFF", dict.fromkeys(CORNERS, (0, 0, 0))),
    ],
    ids=lambda value: value.mode if isinstance(value, Image.Image) else None,
)  # fmt: skip
def test_pixels_of_every_mode_keep_their_colours(image, kind, expected, tmp_path):
    made = make(encoded(image, kind), tmp_path, [HALF], format="jpeg")
    assert made.fault is None, made.detail
    shows(made.picture("a"), expected)


def swapped_profile() -> bytes:
    """sRGB whose red and blue have changed places: whoever heeds it sees blue where red is written."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"tXYZ").replace(b"bXYZ", b"rXYZ").replace(b"tXYZ", b"bXYZ")


def test_colours_are_those_that_the_embedded_profile_means(tmp_path):
    content = encoded(corners(), "PNG", icc_profile=swapped_profile())
    assert look(content, "png", tmp_path).profile == "sRGB built-in"
    made = make(content, tmp_path, [HALF])
    expected = {name: colour[::-1] for name, colour in CORNERS.items()}
    shows(made.picture("a"), expected)
    assert "icc_profile" not in made.picture("a").info


@pytest.mark.parametrize(
    "profile",
    [b"", b"\0", b"not a profile" * 99, swapped_profile()[:200], bytes(9 << 20)],
    # A profile holds the second in which it was made.
    ids=["empty", "a byte", "text", "cut off", "large"],
)
def test_a_profile_that_is_none_is_passed_over(profile, tmp_path):
    content = encoded(corners(), "TIFF", icc_profile=profile)
    assert look(content, "tiff", tmp_path).profile is None
    made = make(content, tmp_path, [HALF])
    assert made.fault is None, made.detail
    shows(made.picture("a"))


def test_a_profile_of_another_kind_of_pixels_is_passed_over(tmp_path):
    made = make(encoded(Image.new("L", (96, 64), 77), "PNG", icc_profile=swapped_profile()), tmp_path, [HALF])
    shows(made.picture("a"), dict.fromkeys(CORNERS, (77, 77, 77)))


SEE_THROUGH = corners().convert("RGBA")
SEE_THROUGH.paste((0, 0, 0, 0), (0, 0, 48, 32))


@pytest.mark.parametrize(
    "content",
    [
        encoded(SEE_THROUGH, "PNG"),
        encoded(SEE_THROUGH, "WEBP", lossless=True),
        encoded(SEE_THROUGH.convert("LA"), "PNG"),
        encoded(SEE_THROUGH, "AVIF"),
        encoded(SEE_THROUGH, "GIF"),
        encoded(SEE_THROUGH.quantize(8), "PNG"),
    ],
    ids=["png", "webp", "grey", "avif", "gif", "palette"],
)
def test_what_can_be_seen_through_stays_so_and_is_white_where_the_format_has_no_alpha(content, tmp_path):
    for format, alpha in (("png", (0, 255)), ("webp", (0, 255)), ("jpeg", (255, 255))):
        image = make(content, tmp_path, [HALF], format=format).picture("a").convert("RGBA")
        found = image.getpixel((12, 8)), image.getpixel((36, 24))
        assert is_near([pixel[3] for pixel in found], alpha), format
        if format == "jpeg":
            assert is_near(found[0], (255, 255, 255, 255))


# --- what is told, and what is not ---
def photo() -> bytes:
    """What a phone writes: date, camera, place, a thumbnail, comments, XMP."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0132] = "Maker\0", "Maker 7", "2024:06:01 00:00:00"
    exif.get_ifd(0x8769).update(
        {0x9003: "2024:05:31 18:30:00", 0x9011: "+02:00", 0x927C: b"SECRET-maker-note"}
    )
    exif.get_ifd(0x8825).update({1: "N", 2: (51.0, 30.0, 0.0), 3: "W", 4: (0.0, 7.0, 0.0)})
    return encoded(
        corners(), "JPEG", exif=exif, comment=b"SECRET-comment", xmp=b"<x:xmpmeta>SECRET-xmp</x:xmpmeta>"
    )


def test_a_photo_tells_when_and_with_what_it_was_taken_but_not_where(tmp_path):
    seen = look(photo(), "jpeg", tmp_path)
    assert (seen.captured_at, seen.camera, seen.has_location) == (
        "2024-05-31T18:30:00+02:00",
        "Maker 7",
        True,
    )
    assert "51" not in str(seen)


@pytest.mark.parametrize(
    ("kind", "format"),
    [("jpeg", "jpeg"), ("jpeg", "webp"), ("png", "png"), ("tiff", "png"), ("webp", "png"), ("avif", "jpeg")],
)
def test_nothing_of_what_a_source_tells_is_left_in_a_picture(kind, format, tmp_path):
    content = photo()
    if kind != "jpeg":
        text = PngImagePlugin.PngInfo()
        text.add_text("Comment", "SECRET-text")
        with Image.open(BytesIO(content)) as image:
            told = {"exif": image.getexif(), "icc_profile": swapped_profile()}
            if kind != "tiff":
                told["xmp"] = b"SECRET-xmp"
            content = encoded(image, kind.upper(), **told, **({"pnginfo": text} if kind == "png" else {}))
    made = make(content, tmp_path, [HALF], format=format)
    assert made.fault is None, made.detail
    written = (made.folder / "a").read_bytes()
    for trace in (
        b"SECRET",
        b"Exif",
        b"EXIF",
        b"Maker",
        b"ICC_PROFILE",
        b"iCCP",
        b"ICCP",
        b"eXIf",
        b"tEXt",
        b"XMP",
    ):
        assert trace not in written


def test_an_animation_is_known_as_one_and_its_first_picture_taken(tmp_path):
    others = [Image.new("RGB", (96, 64), (number, 0, 0)) for number in range(3)]
    for kind in ("gif", "webp", "png"):
        content = encoded(corners(), kind.upper(), save_all=True, append_images=others)
        assert look(content, kind, tmp_path).is_animated
        shows(make(content, tmp_path, [HALF]).picture("a"))
