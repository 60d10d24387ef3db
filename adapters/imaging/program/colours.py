"""From whatever a file's pixels are to sRGB of 8 bits, with alpha where there was some."""

from io import BytesIO

from PIL import Image, ImageCms

# A profile of a printer with large tables has one or two megabytes.
MAX_PROFILE_BYTES = 8 << 20
# The spaces of a profile (ICC.1:2022, table 19) by the modes whose pixels it describes.
_SPACES = {"RGB": "RGB", "CMYK": "CMYK", "L": "GRAY", "LAB": "Lab"}
_WHITE = 255


def name_of(profile: object) -> str | None:
    """What an embedded profile calls itself; None without one, or for one that cannot be read."""
    read = _read(profile)
    return None if read is None else ImageCms.getProfileDescription(read).strip() or None


def scalable(image: Image.Image) -> Image.Image:
    """The same picture in a mode that can be scaled: L, LA, RGB, RGBA, CMYK, LAB, or numbers (I, F)."""
    has_alpha = image.has_transparency_data
    match image.mode:
        case "L" | "RGB" | "CMYK" | "LAB" if not has_alpha:
            return image
        case "LA" | "RGBA" | "I" | "F":
            return image
        case "1":
            return image.convert("L")
        case "L":
            return image.convert("LA")
        case "I;16" | "I;16L" | "I;16B" | "I;16N":
            return image.convert("I")
        case _:
            return image.convert("RGBA" if has_alpha else "RGB")


def to_srgb(image: Image.Image, mode: str, profile: object) -> Image.Image:
    """L, LA, RGB or RGBA: colours as the embedded profile means them, or as they stand where none fits.

    `mode` is what the file has: it says what the numbers of I and F are.
    """
    if image.mode in ("I", "F"):
        image = _eight_bits(image, is_16_bits=mode.startswith("I;16"))
    alpha = image.getchannel("A") if image.mode in ("LA", "RGBA") else None
    base = image.convert(image.mode[:-1]) if alpha is not None else image
    base = _converted(base, _read(profile))
    if alpha is not None:
        base.putalpha(alpha)
    return base


def flat(image: Image.Image) -> Image.Image:
    """Without alpha: on white, as a page would show it."""
    if image.mode not in ("LA", "RGBA"):
        return image
    base = image.mode[:-1]
    ground = Image.new(base, image.size, (_WHITE,) * len(base) if len(base) > 1 else _WHITE)
    ground.paste(image.convert(base), mask=image.getchannel("A"))
    return ground


def _converted(image: Image.Image, profile: ImageCms.ImageCmsProfile | None) -> Image.Image:
    if image.mode == "LAB":
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    fits = profile is not None and profile.profile.xcolor_space.strip() == _SPACES[image.mode]
    if profile is not None and fits:
        try:
            converted = ImageCms.profileToProfile(
                image,
                profile,
                ImageCms.createProfile("sRGB"),
                renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
                outputMode="RGB",
                flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
            )
        except ImageCms.PyCMSError:
            converted = None
        if converted is not None:
            return converted
    return image.convert("RGB") if image.mode in ("CMYK", "LAB") else image


def _read(profile: object) -> ImageCms.ImageCmsProfile | None:
    if not isinstance(profile, bytes) or not 0 < len(profile) <= MAX_PROFILE_BYTES:
        return None
    try:
        return ImageCms.ImageCmsProfile(BytesIO(profile))
    except (OSError, ImageCms.PyCMSError):
        return None


def _eight_bits(image: Image.Image, *, is_16_bits: bool) -> Image.Image:
    """32-bit numbers have no white of their own: theirs go from the darkest to the brightest."""
    if is_16_bits:
        # Pillow's own conversion clips at 255.
        return image.point(lambda value: value * (1 / 257) + 0.5).convert("L")
    image = image.convert("F")
    low, high = (float(value) for value in image.getextrema())  # type: ignore[arg-type]  # of one band
    scale = _WHITE / (high - low) if high > low else 0.0
    return image.point(lambda value: value * scale - low * scale).convert("L")
