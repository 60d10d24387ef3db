"""Containers and codecs: what `-f` and `-c` say, and what an extension stands for."""

from difflib import get_close_matches

from adapters.ffmpeg.commandline.errors import Unfit
from adapters.ffmpeg.commandline.names import Name, is_label
from adapters.ffmpeg.commandline.options.codecs import (
    AUDIO_ENCODERS,
    DATA_ENCODERS,
    DECODERS,
    REFUSED_ENCODERS,
    SUBTITLE_ENCODERS,
    VIDEO_ENCODERS,
)
from adapters.ffmpeg.commandline.options.muxers import (
    BY_EXTENSION,
    DEMUXERS,
    IMAGE_EXTENSIONS,
    MUXER_ALIASES,
    MUXERS,
    REFUSED_DEMUXERS,
    REFUSED_MUXERS,
    Muxer,
    Shape,
)

_ENCODERS = {
    "v": VIDEO_ENCODERS,
    "V": VIDEO_ENCODERS,
    "a": AUDIO_ENCODERS,
    "s": SUBTITLE_ENCODERS,
    "d": DATA_ENCODERS,
}
_EVERY_ENCODER = VIDEO_ENCODERS | AUDIO_ENCODERS | SUBTITLE_ENCODERS


def choose_muxer(name: str) -> Muxer:
    """The format that `-f` names. Raises Unfit."""
    known = MUXERS.get(MUXER_ALIASES.get(name, name))
    if known is not None:
        return known
    if name in REFUSED_MUXERS:
        raise Unfit(f"the format {name} {REFUSED_MUXERS[name]}", code="refused_format", fragment=name)
    by_extension = BY_EXTENSION.get(name)
    close = [by_extension.name] if by_extension else get_close_matches(name, MUXERS, n=1)
    raise Unfit(
        f"the format '{name[:40]}' is not known",
        hint=f"Did you mean {close[0]}?" if close else None,
        code="unknown_format",
        fragment=name,
    )


def fit_name(muxer: Muxer | None, name: Name) -> tuple[Muxer, str, Shape]:
    """Format, extension of our file, and shape of an output. Raises Unfit if the name tells no format."""
    if muxer is None:
        muxer = _by_extension(name)
    if muxer.shape == "image":
        extension = name.extension if name.extension in IMAGE_EXTENSIONS else muxer.extension
        shape: Shape = "sequence" if name.is_numbered else "image"
        return muxer, extension, shape
    if muxer.shape == "segments":
        extension = name.extension if name.extension in BY_EXTENSION else muxer.extension
        return muxer, extension, "segments"
    if muxer.shape == "file" and not is_label(name.label or ""):
        raise Unfit(
            f"'{(name.label or '')[:80]}' is not the name of one file",
            hint="The formats image2, segment, hls and dash write several files.",
            code="invalid_name",
        )
    return muxer, name.extension if name.extension in muxer.extensions else muxer.extension, muxer.shape


def _by_extension(name: Name) -> Muxer:
    if name.is_numbered and name.extension in IMAGE_EXTENSIONS:
        return MUXERS["image2"]
    muxer = BY_EXTENSION.get(name.extension)
    if muxer is None:
        raise Unfit(
            f"'{(name.label or '')[:80]}' does not say which format it shall have",
            hint="Give it an extension such as .mp4, or say -f.",
            code="unknown_format",
        )
    return muxer


def check_demuxer(name: str) -> str:
    """What `-f` says before a file that is read. Raises Unfit."""
    if name in DEMUXERS:
        return name
    if name in REFUSED_DEMUXERS:
        raise Unfit(f"the format {name} {REFUSED_DEMUXERS[name]}", code="refused_format", fragment=name)
    raise Unfit(
        f"the format '{name[:40]}' is not known for an input",
        hint="Leave -f out.",
        code="unknown_format",
        fragment=name,
    )


def check_encoder(name: str, media: str | None) -> str:
    """What `-c` says before an output, for one kind of streams (None: all). Raises Unfit."""
    if name in REFUSED_ENCODERS:
        raise Unfit(f"the encoder {name} {REFUSED_ENCODERS[name]}", code="refused_option", fragment=name)
    known = _ENCODERS.get(media or "", _EVERY_ENCODER)
    if name not in known:
        close = get_close_matches(name, known, n=1)
        raise Unfit(
            f"the encoder '{name[:40]}' is not known"
            + (" for these streams" if name in _EVERY_ENCODER else ""),
            hint=f"Did you mean {close[0]}?" if close else None,
            fragment=name,
        )
    return name


def check_decoder(name: str) -> str:
    """What `-c` says before an input. Raises Unfit."""
    if name not in DECODERS:
        raise Unfit(
            f"the decoder '{name[:40]}' is not known",
            hint="Leave it out: it is chosen by the file.",
            fragment=name,
        )
    return name


def check_segment_format(name: str) -> str:
    """What `-segment_format` says. Raises Unfit."""
    muxer = choose_muxer(name)
    if muxer.shape != "file":
        raise Unfit(f"segments cannot have the format {name}")
    return muxer.name
