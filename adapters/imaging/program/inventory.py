"""What this child is made of, and which formats it opens."""

import platform
from typing import Any

import PIL
from PIL import features


def look() -> dict[str, Any]:
    """`libraries`: name and version. `formats`: what can be opened. `missing`: what cannot, and why."""
    libraries = {"python": platform.python_version(), "pillow": PIL.__version__}
    for name, feature in (
        ("libjpeg-turbo", "libjpeg_turbo"),
        ("zlib", "zlib"),
        ("libtiff", "libtiff"),
        ("libwebp", "webp"),
        ("libavif", "avif"),
        ("lcms2", "littlecms2"),
    ):
        version = features.version(feature)
        if version:
            libraries[name] = version
    formats, missing = ["gif"], {}
    for format, feature in (
        ("jpeg", "jpg"), ("png", "zlib"), ("tiff", "zlib"), ("webp", "webp"), ("avif", "avif"),
    ):  # fmt: skip
        if features.check(feature):
            formats.append(format)
        else:
            missing[format] = f"Pillow was built without {feature}"
    try:
        import pi_heif

        libraries["pi-heif"] = pi_heif.__version__
        libraries["libheif"] = str(pi_heif.libheif_version())
        formats.append("heic")
    except ImportError as error:
        missing["heic"] = str(error)
    try:
        from pypdfium2 import version as pdfium

        libraries["pypdfium2"] = str(pdfium.PYPDFIUM_INFO)
        libraries["pdfium"] = str(pdfium.PDFIUM_INFO)
        formats.append("pdf")
    except ImportError as error:
        missing["pdf"] = str(error)
    return {"libraries": libraries, "formats": sorted(formats), "missing": missing}
