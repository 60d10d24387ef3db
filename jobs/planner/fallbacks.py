"""What makes a rung where no GPU can: its fallback, an encoder of the CPU for the same codec."""

from collections.abc import Iterator
from dataclasses import replace

from adapters.ffmpeg.encode import Encode
from adapters.ffmpeg.encoders import VIDEO_ENCODERS, VideoEncoder, video_encoder
from jobs.planner.plan import RenditionPlan
from jobs.planner.specs import Rung


def choices(encoder: VideoEncoder) -> tuple[str, ...]:
    """The encoders that can stand in for this one; none for one of the CPU."""
    if encoder.pool == "cpu":
        return ()
    others = map(video_encoder, VIDEO_ENCODERS)
    return tuple(other.name for other in others if other.pool == "cpu" and other.codec == encoder.codec)


def fallback_rung(rung: Rung) -> Rung:
    """The rung as its fallback makes it, which is one of the `choices`.

    What the codec defines stays: picture, profile, level, bit rate and cap. What belongs to the encoder does not:
    constant quality and speed are `fallback_crf` and `fallback_speed`, or the fallback's defaults; a tune is left
    out. Two passes stay two where the fallback has them. No scale of quality is translated into another: none of the
    encoders' makers says how, and nothing was measured.
    """
    encoder = video_encoder(rung.fallback or "")
    return replace(
        rung,
        encoder=encoder.name,
        crf=rung.fallback_crf,
        speed=rung.fallback_speed,
        codec_profile=rung.codec_profile if rung.codec_profile in encoder.codec_profiles else None,
        level=rung.level if rung.level in encoder.levels else None,
        tune=None,
        passes=rung.passes if encoder.in_pass else 1,
        pool=None,
        fallback=None,
        fallback_crf=None,
        fallback_speed=None,
    )


def notes(renditions: list[RenditionPlan]) -> Iterator[str]:
    """A sentence for each rendition that may be made in two ways."""
    for one in renditions:
        if one.fallback is not None:
            yield f"{one.key!r} is made by {_name(one.encode)} on a GPU, or by {_name(one.fallback)} where none can."


def _name(encode: Encode) -> str:
    return encode.video.encoder if encode.video else ""
