"""A rung meets a picture: its size, its pixels, and the encode of its video stream."""

from dataclasses import replace

from adapters.ffmpeg.command import VideoEncode
from adapters.ffmpeg.encode import HDR_TRANSFERS, ColorSpace, Container, Hdr
from adapters.ffmpeg.encoders import VideoEncoder, video_encoder
from adapters.ffmpeg.probe import VideoStream
from jobs.planner.gop import Grid
from jobs.planner.plan import PlanFailed
from jobs.planner.sizes import Size, fit, own_size, scale
from jobs.planner.specs import COPY, Rung

# What the container holds, manifests name (adapters/packaging/codecs.py) and players play.
COPYABLE: dict[Container, frozenset[str]] = {
    "cmaf": frozenset({"h264", "hevc", "av1"}),
    "mp4": frozenset({"h264", "hevc", "av1", "vp9"}),
    "webm": frozenset({"vp8", "vp9", "av1"}),
}
_HDR_OF_TRANSFER: dict[str, Hdr] = {transfer: hdr for hdr, transfer in HDR_TRANSFERS.items()}
_DEFAULT_PIXEL_FORMAT = "yuv420p"
_TEN_BITS = "yuv420p10le"
# What says nothing of its colours is taken for HD above PAL's size, as players do. They look at what they are given:
# the small rungs of an HD film would have other colours than the large ones, if they did not say what they are.
_SD_LONG_SIDE, _SD_SHORT_SIDE = 1279, 576


def hdr_of(video: VideoStream) -> Hdr | None:
    return _HDR_OF_TRANSFER.get(video.color_transfer or "")


def color_space_of(video: VideoStream) -> ColorSpace | None:
    """What an SDR source is taken for where it does not say so, and what RGB becomes; None: it says so itself."""
    if hdr_of(video) is not None:
        return None
    if not video.is_rgb and (video.color_space is not None or video.color_primaries is not None):
        return None
    size = size_of_source(video)
    is_hd = max(size) > _SD_LONG_SIDE or min(size) > _SD_SHORT_SIDE
    return "bt709" if is_hd or video.is_rgb else "smpte170m"


def size_of_source(video: VideoStream) -> Size:
    return Size(video.display_width, video.display_height)


def sized_rungs(rungs: tuple[Rung, ...], video: VideoStream, notes: list[str]) -> list[tuple[Rung, Size]]:
    """The rungs that this picture can fill, with their sizes; the lowest one, if it can fill none."""
    source = size_of_source(video)
    kept: list[tuple[Rung, Size]] = []
    too_large: list[Rung] = []
    for rung in rungs:
        if rung.encoder == COPY:
            kept.append((rung, source))
            continue
        if rung.source_size:
            kept.append((rung, own_size(source)))
            continue
        size = fit(rung, source)
        if size is None:
            too_large.append(rung)
            continue
        if scale(rung, source) > 1:
            notes.append(f"Rung {rung.name!r} has the source's own size, {size}: it is never enlarged.")
        kept.append((rung, size))
    if not kept:
        lowest = min(too_large, key=lambda rung: scale(rung, source))
        too_large.remove(lowest)
        kept = [(lowest, own_size(source))]
        notes.append(
            f"Every rung is larger than the source: {lowest.name!r} has the source's own size, {kept[0][1]}."
        )
    if too_large:
        names = ", ".join(repr(rung.name) for rung in too_large)
        notes.append(f"Left out, since the source has {source} and is never enlarged: {names}.")
    return kept


def video_encode(rung: Rung, size: Size, video: VideoStream, grid: Grid) -> VideoEncode:
    """The encode of this rung's video; not for a copy."""
    encoder = video_encoder(rung.encoder)
    crf = encoder.default_crf if rung.crf is None and rung.bitrate_kbps is None else rung.crf
    bufsize_kbps = rung.bufsize_kbps
    if bufsize_kbps is None and rung.maxrate_kbps is not None:
        bufsize_kbps = 2 * rung.maxrate_kbps
    source_hdr = hdr_of(video)
    hdr = source_hdr if rung.hdr == "keep" else None
    pixel_format = pixel_format_of(rung, encoder, is_hdr=hdr is not None)
    gop_frames, frame_rate = grid.of(rung)
    return VideoEncode(
        stream_index=video.index,
        encoder=rung.encoder,
        width=size.width,
        height=size.height,
        frame_rate=frame_rate,
        gop_frames=gop_frames,
        crf=crf,
        bitrate_kbps=rung.bitrate_kbps,
        maxrate_kbps=rung.maxrate_kbps,
        bufsize_kbps=bufsize_kbps,
        speed=rung.speed or encoder.default_speed,
        codec_profile=rung.codec_profile or encoder.codec_profile_of(pixel_format),
        level=rung.level,
        pixel_format=pixel_format,
        tune=rung.tune,
        tone_map=source_hdr is not None and hdr is None,
        hdr=hdr,
        deinterlace=video.is_interlaced,
        passes=rung.passes,
        color_space=color_space_of(video),
        full_range=video.has_full_range and (source_hdr is None or hdr is not None),
    )


def at_its_rate(encode: VideoEncode, video: VideoStream, grid: Grid) -> VideoEncode:
    """The same, with its rate made sure where the container does not count its pictures (Matroska, MPEG-TS).

    There nothing tells a constant rate from a promise of one, and a few pictures too few would be off the grid.
    """
    if video.frames is not None or encode.frame_rate is not None:
        return encode
    return replace(encode, frame_rate=encode.gop_frames / grid.gop_seconds)


def copied_video(rung: Rung, size: Size, video: VideoStream, grid: Grid, container: Container) -> VideoEncode:
    """Raises PlanFailed("container_refused") if the container cannot hold this stream as it is shown."""
    if video.codec not in COPYABLE[container]:
        raise PlanFailed(
            "container_refused", not_copyable(rung.name, "video", video.codec, container, COPYABLE[container])
        )
    if video.is_cropped:
        raise PlanFailed(
            "container_refused",
            f"The source's container shows {size_of_source(video)} of a larger picture, which {rung.name!r} cannot "
            "carry over by a copy; name an encoder.",
        )
    return VideoEncode(
        stream_index=video.index,
        encoder=COPY,
        width=size.width,
        height=size.height,
        frame_rate=None,
        gop_frames=grid.gop_frames,
        crf=None,
        bitrate_kbps=None,
        maxrate_kbps=None,
        bufsize_kbps=None,
        speed=None,
        codec_profile=None,
        level=None,
        pixel_format=None,
        tune=None,
        codec_tag="hvc1" if video.codec == "hevc" else None,
    )


def pixel_format_of(rung: Rung, encoder: VideoEncoder, *, is_hdr: bool) -> str:
    """The rung's own; 10 bits for HDR; what the profile takes first; and 8 bits, 4:2:0 for all the rest."""
    formats = encoder.codec_profiles.get(rung.codec_profile or "", (_DEFAULT_PIXEL_FORMAT,))
    return rung.pixel_format or (_TEN_BITS if is_hdr else formats[0])


def not_copyable(name: str, kind: str, codec: str, container: Container, known: frozenset[str]) -> str:
    into = "WebM" if container == "webm" else "MP4"
    return (
        f"The source's {kind} is {codec}, which {name!r} cannot copy into {into}. "
        f"Copied are {', '.join(sorted(known))}; name an encoder for the rest."
    )
