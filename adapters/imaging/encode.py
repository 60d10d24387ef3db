"""What is made of an image or a document, as data. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

ImageKind = Literal["image_thumbnail", "page_preview"]
KINDS: tuple[ImageKind, ...] = get_args(ImageKind)
ImageFormat = Literal["jpeg", "webp", "png"]
# The first is the default.
FORMATS: tuple[ImageFormat, ...] = get_args(ImageFormat)


@dataclass(frozen=True, slots=True)
class Picture:
    """One file. Width and height in pixels, upright; `page` is that of a document, counted from 1."""

    file_name: str
    width: int
    height: int
    page: int | None = None


@dataclass(frozen=True, slots=True)
class ImageEncode:
    """The pictures of one extra, all in one format."""

    kind: ImageKind
    format: ImageFormat
    pictures: tuple[Picture, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "format": self.format,
            "pictures": [asdict(picture) for picture in self.pictures],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "ImageEncode":
        """The inverse of `to_json`. Raises KeyError or TypeError for anything else."""
        return cls(**{**document, "pictures": tuple(Picture(**one) for one in document["pictures"])})
