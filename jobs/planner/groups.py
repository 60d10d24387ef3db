"""Which renditions one FFmpeg makes together: they share the decoder, and perhaps the scalers.

Decoding and scaling once is worth a third of all CPU at fast speeds. The sound comes along: to read the source again
for it would cost more than to encode it. Each rendition keeps its own attempt, its own
verification and its own retry, which runs alone; so a group is a way to run, never a thing that can fail by itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from adapters.ffmpeg.command import VideoEncode
from adapters.ffmpeg.group import joins, shared
from jobs.planner.plan import RenditionPlan
from jobs.planner.sizes import Size

# Measured, FFmpeg 9.0 on two cores: peak RSS of one encode of a 1080p24 clip, less that of decoding it, by the
# pixels of the result. From 1080p down to 480p; what was not measured counts as the dearest that was.
_BYTES_PER_PIXEL: Mapping[tuple[str, str], int] = {
    ("libx264", "ultrafast"): 145,
    ("libx264", "superfast"): 145,
    ("libx264", "veryfast"): 145,
    ("libx264", "faster"): 230,
    ("libx264", "fast"): 230,
    ("libx264", "medium"): 230,
    ("libx264", "slow"): 285,
    ("libx264", "slower"): 430,
    ("libx264", "veryslow"): 430,
    ("libx265", "veryfast"): 190,
    ("libx265", "medium"): 265,
}
_DEAREST_BYTES_PER_PIXEL = 460
# Each thread more of x264 (one and a half for a core) holds one picture more: 11 bytes a pixel, measured up to 48.
_BYTES_PER_PIXEL_AND_THREAD = 11
_THREADS_PER_CORE = 1.5
_MEASURED_CORES = 2
# Decoding 1080p takes 73 MB, of which FFmpeg itself is a third.
_PROCESS_BYTES = 25 * 10**6
_BYTES_PER_SOURCE_PIXEL = 25
# An estimate that is too low ends as an attempt that ran out of memory.
_SHARE = 0.75

# The lowest SSIM of a picture that was scaled twice beside the same one scaled once, by the ratio of the second
# step. Of white noise, the worst that a picture can be: 1080p > 720p > less, bicubic, measured. Steps before the
# last cost nothing measurable then. Animation, film and HDR stayed above 0.998 through four steps.
_SSIM_OF_STEP: Sequence[tuple[float, float]] = (
    (2.0, 0.998),
    (1.77, 0.997),
    (1.6, 0.995),
    (1.49, 0.993),
    (1.33, 0.986),
    (1.2, 0.972),
    (1.08, 0.949),
)


@dataclass(frozen=True, slots=True)
class Machine:
    """What a worker has for one FFmpeg."""

    memory_bytes: int
    cores: int


def group(
    renditions: Sequence[RenditionPlan],
    source: Size,
    *,
    machine: Machine | None,
    cascade_min_ssim: float | None,
) -> list[RenditionPlan]:
    """The same renditions in the same order, with the group of each that has partners.

    A group is named by its first rendition. Without a machine nothing bounds it. `cascade_min_ssim` scales a
    rendition from the next larger one of its group, where that costs no picture more than the bound allows.
    """
    groups: list[list[RenditionPlan]] = []
    growing: dict[tuple[object, ...], list[RenditionPlan]] = {}
    for one in renditions:
        alike = shared(one.encode)
        if alike is None:
            continue
        key = (alike, one.pool)
        # Neighbours stay together, since they are scaled from one another: what is full takes no more.
        if key in growing and _fits([*growing[key], one], source, machine):
            growing[key].append(one)
        else:
            growing[key] = [one]
            groups.append(growing[key])
    groups = [members for members in groups if len(members) > 1]
    for one in renditions:
        company = (members for members in groups if members[0].pool == one.pool)
        found = next((members for members in company if joins(one.encode, members[0].encode)), None)
        if found is not None:
            found.append(one)
    grouped = {
        one.key: replace(one, group=members[0].key, scaled_from=_above(one, members, cascade_min_ssim))
        for members in groups
        for one in members
    }
    return [grouped.get(one.key, one) for one in renditions]


def notes(renditions: Sequence[RenditionPlan]) -> Iterable[str]:
    """A sentence for each group, and one for each rendition of it that is not scaled from the source."""
    for name in dict.fromkeys(one.group for one in renditions if one.group):
        keys = ", ".join(repr(one.key) for one in renditions if one.group == name)
        yield f"Made together, by one process that decodes the source once: {keys}."
    for one in renditions:
        if one.scaled_from:
            yield f"{one.key!r} is scaled from the picture of {one.scaled_from!r}."


def _fits(renditions: Sequence[RenditionPlan], source: Size, machine: Machine | None) -> bool:
    return machine is None or estimate_bytes(renditions, source, machine) <= _SHARE * machine.memory_bytes


def estimate_bytes(renditions: Iterable[RenditionPlan], source: Size, machine: Machine) -> int:
    """What one FFmpeg that makes these renditions will hold at its peak, by the pixels of each."""
    videos = [one.encode.video for one in renditions if one.encode.video is not None]
    depth = max(map(_depth, videos), default=1)
    decoder = source.width * source.height * depth * _BYTES_PER_SOURCE_PIXEL
    return _PROCESS_BYTES + decoder + sum(_encoder_bytes(video, machine.cores) for video in videos)


def _encoder_bytes(video: VideoEncode, cores: int) -> int:
    dear = _BYTES_PER_PIXEL.get((video.encoder, video.speed or ""), _DEAREST_BYTES_PER_PIXEL)
    threads = max(0.0, _THREADS_PER_CORE * (cores - _MEASURED_CORES))
    per_pixel = dear + _BYTES_PER_PIXEL_AND_THREAD * threads
    return round(video.width * video.height * _depth(video) * per_pixel)


def _depth(video: VideoEncode) -> int:
    """Bytes of a sample. A picture on its way from HDR to SDR is counted like one that stays it."""
    return 2 if video.tone_map or "10" in (video.pixel_format or "") else 1


def _above(one: RenditionPlan, members: Sequence[RenditionPlan], min_ssim: float | None) -> str | None:
    """The smallest member before this one that it can be scaled from."""
    if min_ssim is None or one.encode.video is None:
        return None
    found: list[tuple[int, str]] = []
    for other in members[: members.index(one)]:
        video = other.encode.video
        ssim = 0.0 if video is None else ssim_of_step(video, one.encode.video)
        if video is not None and ssim > 0 and ssim >= min_ssim:
            found.append((video.width * video.height, other.key))
    return min(found)[1] if found else None


def ssim_of_step(above: VideoEncode, below: VideoEncode) -> float:
    """How near `below`, scaled from the picture of `above`, is to the same scaled from the source; 0: it cannot be.

    SSIM over luma and chroma, at least, whatever is in the picture. 1 for two of one size.
    """
    alike = ("pixel_format", "tone_map", "hdr")
    if any(getattr(above, name) != getattr(below, name) for name in alike):
        return 0.0
    if (above.width, above.height) == (below.width, below.height):
        return 1.0
    ratio = min(above.width / below.width, above.height / below.height)
    return next((ssim for least, ssim in _SSIM_OF_STEP if ratio >= least), 0.0)
