"""Images, by Pillow; HEIC by libheif."""

import os
from datetime import datetime
from pathlib import Path
from typing import Any

from PIL import Image, PngImagePlugin

from adapters.imaging.program import colours
from adapters.imaging.program.refused import Refused

# Of the source. Cameras of 100 megapixels have 102 million, a phone's finest mode 200 (as JPEG, which is decoded
# smaller where less is asked for). Measured at the limit: 1.2 GB resident for a thumbnail of 16 bits with alpha,
# 1.4 GB for a picture of half its sides.
_MAX_PIXELS = {"jpeg": 1 << 28}
_MOST_PIXELS = 1 << 27
# Decoders that take the whole file into memory.
_MAX_BYTES = {"webp": 1 << 28, "avif": 1 << 28, "heic": 1 << 28}
# How much larger than the result a JPEG is decoded, and what is reduced by plain averages before Lanczos.
_REDUCING_GAP = 3.0
_PLUGINS = {
    "jpeg": "JPEG",
    "png": "PNG",
    "webp": "WEBP",
    "gif": "GIF",
    "tiff": "TIFF",
    "avif": "AVIF",
    "heic": "HEIF",
}
# EXIF 2.32, tables 3 to 5.
_ORIENTATION, _MAKE, _MODEL, _CHANGED_AT = 0x0112, 0x010F, 0x0110, 0x0132
_DETAILS, _TAKEN_AT, _ZONE, _LOCATION = 0x8769, 0x9003, 0x9011, 0x8825
_TURNS = {
    2: (Image.Transpose.FLIP_LEFT_RIGHT,),
    3: (Image.Transpose.ROTATE_180,),
    4: (Image.Transpose.FLIP_TOP_BOTTOM,),
    5: (Image.Transpose.TRANSPOSE,),
    6: (Image.Transpose.ROTATE_270,),
    7: (Image.Transpose.TRANSVERSE,),
    8: (Image.Transpose.ROTATE_90,),
}
# Quality as Pillow counts it: 0 to 100.
_SAVE: dict[str, dict[str, Any]] = {
    "jpeg": {"format": "JPEG", "quality": 85, "progressive": True, "optimize": True},
    "webp": {"format": "WEBP", "quality": 80, "method": 4},
    "png": {"format": "PNG", "compress_level": 6},
}


def look(source: Path, kind: str) -> dict[str, Any]:
    """What the header tells; no picture is decoded. Raises Refused."""
    with source.open("rb") as file:
        image = _open(file, kind)
        exif = _exif(image)
        orientation = _orientation(image, exif)
        width, height = image.size if orientation < 5 else image.size[::-1]
        taken_at, camera, has_location = _told(exif)
        return {
            "image": {
                "format": kind,
                "width": width,
                "height": height,
                "mode": image.mode,
                "is_animated": _is_animated(image),
                "orientation": orientation,
                "profile": colours.name_of(image.info.get("icc_profile")),
                "captured_at": taken_at,
                "camera": camera,
                "has_location": has_location,
            }
        }


def make(source: Path, kind: str, *, target: Path, format: str, width: int, height: int) -> None:
    """One picture, upright and in sRGB, without a word of what stood in the source. Raises Refused, OSError."""
    with source.open("rb") as file:
        image = _open(file, kind)
        orientation = _orientation(image, _exif(image))
        size = (width, height) if orientation < 5 else (height, width)
        profile = image.info.get("icc_profile")
        try:
            image.draft(None, (round(size[0] * _REDUCING_GAP), round(size[1] * _REDUCING_GAP)))
            image.load()
            mode, pixels = image.mode, colours.scalable(image)
        except MemoryError:
            raise
        except Exception as error:
            raise _unreadable(error) from error
    del image
    pixels = pixels.resize(size, Image.Resampling.LANCZOS, reducing_gap=_REDUCING_GAP)
    pixels = colours.to_srgb(pixels, mode, profile)
    for turn in _TURNS.get(orientation, ()):
        pixels = pixels.transpose(turn)
    save(pixels, target, format)


def save(image: Image.Image, target: Path, format: str) -> None:
    """Write the pixels and nothing else. Raises OSError."""
    pixels = colours.flat(image) if format == "jpeg" else image
    # Comments and profiles of the source would travel along.
    pixels.info = {}
    pixels.save(target, **_SAVE[format])


def _open(file: Any, kind: str) -> Image.Image:
    """The header read by this kind's decoder alone, whatever else the bytes look like. Raises Refused."""
    # Bounded below: Pillow's own guard warns at a third of what it refuses.
    Image.MAX_IMAGE_PIXELS = None
    # Of a PNG's compressed words, and of its profile, for which a megabyte is little.
    PngImagePlugin.MAX_TEXT_CHUNK = colours.MAX_PROFILE_BYTES
    if kind == "heic":
        _know_heic()
    size_bytes = os.fstat(file.fileno()).st_size
    if size_bytes > _MAX_BYTES.get(kind, size_bytes):
        raise Refused(
            "object_too_large", f"{size_bytes} bytes of {kind}, at most {_MAX_BYTES[kind]} are read"
        )
    try:
        image: Image.Image = Image.open(file, formats=[_PLUGINS[kind]])
        width, height = image.size
    except MemoryError:
        raise
    except Exception as error:
        raise _unreadable(error) from error
    most = _MAX_PIXELS.get(kind, _MOST_PIXELS)
    if width < 1 or height < 1 or width * height > most:
        raise Refused("picture_size_refused", f"{width}x{height} pixels, at most {most} are decoded")
    return image


def _know_heic() -> None:
    try:
        import pi_heif
    except ImportError as error:
        raise Refused("imaging_unavailable", f"HEIC needs pi-heif: {error}") from error
    pi_heif.register_heif_opener(thumbnails=False)


def _exif(image: Image.Image) -> Image.Exif:
    exif = Image.Exif()
    try:
        if image.format != "PNG":
            return image.getexif()
        # Pillow would decode the whole picture first, to look behind it.
        exif.load(image.info.get("exif", b""))
        return exif
    except Exception:  # noqa: BLE001 - what a file tells about itself may be broken where its picture is not
        return Image.Exif()


def _orientation(image: Image.Image, exif: Image.Exif) -> int:
    """1 to 8. Pillow turns TIFF by itself, and libheif HEIC."""
    found = exif.get(_ORIENTATION, 1)
    return found if found in _TURNS and image.format not in ("TIFF", "HEIF") else 1


def _told(exif: Image.Exif) -> tuple[str | None, str | None, bool]:
    """When and with what it was taken, and whether it says where."""
    try:
        details, location = exif.get_ifd(_DETAILS), exif.get_ifd(_LOCATION)
    except Exception:  # noqa: BLE001 - as above
        details, location = {}, {}
    taken_at = _moment(details.get(_TAKEN_AT) or exif.get(_CHANGED_AT), details.get(_ZONE))
    make, model = (
        value.strip("\0 ") if isinstance(value, str) else "" for value in map(exif.get, (_MAKE, _MODEL))
    )
    camera = model if model.startswith(make) else f"{make} {model}"
    return taken_at, camera.strip() or None, bool(location)


def _moment(value: object, zone: object) -> str | None:
    """EXIF's 2024:05:31 18:30:00 and +02:00, as ISO 8601."""
    try:
        moment = datetime.strptime(str(value).strip("\0 "), "%Y:%m:%d %H:%M:%S")
        if isinstance(zone, str):
            moment = moment.replace(tzinfo=datetime.strptime(zone.strip("\0 "), "%z").tzinfo)
    except ValueError:
        return None
    return moment.isoformat()


def _is_animated(image: Image.Image) -> bool:
    try:
        return bool(getattr(image, "is_animated", False))
    except Exception:  # noqa: BLE001 - as above: a second picture that is broken is none
        return False


def _unreadable(error: Exception) -> Refused:
    return Refused("source_unreadable", f"{type(error).__name__}: {error}")
