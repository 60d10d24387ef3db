"""The plan: a ladder resolved against one source, stored with the job and never changed."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any, Literal

from adapters.ffmpeg.command import Encode
from adapters.ffmpeg.detections import DetectionKind
from adapters.ffmpeg.extras import ExtraEncode
from adapters.ffmpeg.quality import Comparison
from adapters.imaging.encode import KINDS as IMAGE_KINDS
from adapters.imaging.encode import ImageEncode
from jobs.planner.specs import Packaging, Pool, Publish, Segments

Kind = Literal["video", "audio", "muxed"]


class PlanFailed(Exception):
    """The ladder cannot be made from this source. `code` is a fault code, `message` is for the customer."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class RenditionPlan:
    """One file to make. `key` is the rung's name."""

    key: str
    kind: Kind
    required: bool
    encode: Encode
    file_name: str
    pool: Pool | None = None
    """The rung's wish; None leaves it to the encoder."""
    group: str | None = None
    """Renditions of one group are made by one process on their first attempt; each may run alone."""
    scaled_from: str | None = None
    """The rendition of the group whose scaled picture this one is scaled from; None, or alone: the source's."""
    fallback: Encode | None = None
    """What is made instead where no GPU can make `encode`; None: nothing."""
    quality: Comparison | None = None
    """How it is measured when it is there; None: it is not."""
    raised: bool = False
    """The one better setting that the gate allows is in `encode` already."""

    def to_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "kind": self.kind,
            "required": self.required,
            "encode": self.encode.to_json(),
            "file_name": self.file_name,
            "pool": self.pool,
            "group": self.group,
            "scaled_from": self.scaled_from,
            "fallback": self.fallback.to_json() if self.fallback else None,
            "quality": self.quality.to_json() if self.quality else None,
            "raised": self.raised,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "RenditionPlan":
        fallback = document.get("fallback")
        quality = document.get("quality")
        return cls(
            **{
                **document,
                "encode": Encode.from_json(document["encode"]),
                "fallback": Encode.from_json(fallback) if fallback else None,
                "quality": Comparison.from_json(quality) if quality else None,
            }
        )


@dataclass(frozen=True, slots=True)
class ExtraPlan:
    """What is made beside the ladder. `key` is the extra's name."""

    key: str
    required: bool
    encode: ExtraEncode | ImageEncode | None
    """The pictures or the clip; None for media info, which is written from what is known."""
    file_name: str
    """The first, where there are several."""

    def to_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "required": self.required,
            "encode": self.encode.to_json() if self.encode else {},
            "file_name": self.file_name,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "ExtraPlan":
        encode = document["encode"]
        if not encode:
            return cls(**{**document, "encode": None})
        made = ImageEncode if encode["kind"] in IMAGE_KINDS else ExtraEncode
        return cls(**{**document, "encode": made.from_json(encode)})


@dataclass(frozen=True, slots=True)
class SubtitlesPlan:
    """One stream of subtitles to carry as WebVTT. The job may always do without it."""

    key: str
    stream_index: int
    """Absolute index in the source."""
    language: str | None
    """As the file gives it; `title`, `is_default` and `is_forced` too."""
    title: str | None
    is_default: bool
    is_forced: bool
    film_seconds: float | None
    """When the last of the other renditions ends; None if the source does not tell."""
    file_name: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "SubtitlesPlan":
        """The inverse of `to_json`. Raises TypeError for anything else."""
        return cls(**document)


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be made. A segment is a whole number of GOPs, a GOP a whole number of frames."""

    packaging: Packaging
    segment_seconds: Fraction
    gop_seconds: Fraction
    frame_rate: Fraction | None
    """Frames per second of every video rendition that names no rate of its own; None without video."""
    duration_seconds: float | None
    """Of the source; None if it does not tell."""
    renditions: tuple[RenditionPlan, ...]
    notes: tuple[str, ...]
    """A sentence for each decision that departs from the ladder."""
    segments: Segments = "single_file"
    publish: Publish = "final"
    extras: tuple[ExtraPlan, ...] = ()
    subtitles: tuple[SubtitlesPlan, ...] = ()
    detections: tuple[DetectionKind, ...] = ()
    """What is looked for in the renditions, once these are there."""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types; fractions as "num/den"."""
        return {
            "packaging": self.packaging,
            "segment_seconds": _text(self.segment_seconds),
            "gop_seconds": _text(self.gop_seconds),
            "frame_rate": None if self.frame_rate is None else _text(self.frame_rate),
            "duration_seconds": self.duration_seconds,
            "renditions": [rendition.to_json() for rendition in self.renditions],
            "notes": list(self.notes),
            "segments": self.segments,
            "publish": self.publish,
            "extras": [extra.to_json() for extra in self.extras],
            "subtitles": [one.to_json() for one in self.subtitles],
            "detections": list(self.detections),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Plan":
        """The inverse of `to_json`. Raises KeyError, TypeError or ValueError for anything else."""
        frame_rate = document["frame_rate"]
        return cls(
            **{
                **document,
                "segment_seconds": Fraction(document["segment_seconds"]),
                "gop_seconds": Fraction(document["gop_seconds"]),
                "frame_rate": None if frame_rate is None else Fraction(frame_rate),
                "renditions": tuple(RenditionPlan.from_json(item) for item in document["renditions"]),
                "notes": tuple(document["notes"]),
                "extras": tuple(ExtraPlan.from_json(item) for item in document.get("extras", ())),
                "subtitles": tuple(SubtitlesPlan.from_json(item) for item in document.get("subtitles", ())),
                "detections": tuple(document.get("detections", ())),
            }
        )


def _text(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"
