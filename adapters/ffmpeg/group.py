"""One FFmpeg that decodes once and makes several renditions: pure, so that a golden test can compare all of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from adapters.ffmpeg.command import (
    filters_after,
    filters_before,
    head_arguments,
    rest_arguments,
    scale_filter,
)
from adapters.ffmpeg.encode import Encode, VideoEncode
from adapters.ffmpeg.encoders import video_encoder

# Encoders that take all CPUs as if they were alone on them: in a group the small rungs then pay more for threads
# that wait for each other than they gain. https://code.videolan.org/videolan/x264: one and a half for each CPU.
_COUNTS_ITSELF_ALONE = frozenset({"libx264"})
_THREADS_PER_CPU = 1.5


@dataclass(frozen=True, slots=True)
class Member:
    """One output of the group."""

    encode: Encode
    target: Path
    scaled_from: int | None = None
    """The position of the member whose scaled picture is scaled further; None: the source's own."""


def shared(encode: Encode) -> tuple[object, ...] | None:
    """What all pictures of a group must have alike, since it comes before they part.

    None: this encode makes no picture that can be in a group. It has none, copies it, needs a device, or two passes;
    or it keeps its HDR: FFmpeg 9 hands the film's mastering display and light levels to the first output of a graph
    alone.
    """
    video = encode.video
    if video is None or video.passes != 1 or video.hdr is not None:
        return None
    encoder = video_encoder(video.encoder)
    if not encoder.filters or encoder.pool != "cpu":
        return None
    return (video.stream_index, video.frame_rate, video.deinterlace, encode.delay_seconds)


def joins(sound: Encode, other: Encode) -> bool:
    """Whether an encode without a picture can be made by the process that makes the other one."""
    return sound.video is None and sound.delay_seconds == other.delay_seconds


def build_group(members: Sequence[Member], *, ffmpeg: Path, source: Path, cpus: int) -> tuple[str, ...]:
    """The command that makes all targets from `source`, all of them local files, on a machine with so many CPUs.

    Pictures first, then sounds, or these alone. A member that is scaled from the source has the bytes that
    `build_argv` would give it, as long as no cap binds; without what a film says of its HDR, where the member has
    none.
    Raises ValueError for members that cannot share a process, or one that is scaled from a member after it;
    KeyError for an unknown encoder.
    """
    videos = [member.encode.video for member in members if member.encode.video is not None]
    pictures, sounds = members[: len(videos)], members[len(videos) :]
    kinds = {shared(member.encode) for member in pictures}
    first = members[0].encode
    if len(kinds) > 1 or None in kinds or not all(joins(one.encode, first) for one in sounds):
        raise ValueError("these encodes do not share a decoder")
    outputs: list[str] = ["-filter_complex", ";".join(_chains(pictures, videos))] if pictures else []
    for position, (member, video) in enumerate(zip(pictures, videos, strict=True)):
        if member.scaled_from is not None and not 0 <= member.scaled_from < position:
            raise ValueError(f"member {position} is scaled from {member.scaled_from}, which is not before it")
        encoder = video_encoder(video.encoder)
        outputs += ["-map", f"[v{position}]", *encoder.arguments(video)]
        if member.scaled_from is not None and video.encoder in _COUNTS_ITSELF_ALONE:
            outputs += ["-threads:v", str(_threads(video, videos, cpus))]
        outputs += rest_arguments(member.encode, member.target)
    for sound in sounds:
        outputs += ["-vn", *rest_arguments(sound.encode, sound.target)]
    return (*head_arguments(first, ffmpeg, source), *outputs)


def _threads(video: VideoEncode, videos: Sequence[VideoEncode], cpus: int) -> int:
    """This member's share of the threads that one encoder would take, by its pixels."""
    pixels = sum(one.width * one.height for one in videos)
    return max(1, round(_THREADS_PER_CPU * cpus * video.width * video.height / pixels))


def _chains(members: Sequence[Member], videos: Sequence[VideoEncode]) -> Iterator[str]:
    """The source's picture, and then each member's, which goes to its encoder and to those scaled from it."""
    source = "".join([f"[0:{videos[0].stream_index}]", *(f"{one}," for one in filters_before(videos[0]))])
    roots = [f"[s{number}]" for number, member in enumerate(members) if member.scaled_from is None]
    if len(roots) > 1:
        yield f"{source}split={len(roots)}{''.join(roots)}"
    for number, (member, video) in enumerate(zip(members, videos, strict=True)):
        is_only_root = member.scaled_from is None and len(roots) == 1
        scaled = f"{source if is_only_root else f'[s{number}]'}{scale_filter(video)},"
        further = [f"[s{other}]" for other, one in enumerate(members) if one.scaled_from == number]
        # Split before the pixels are squared and the colours mapped: the next scaler starts from what this one made.
        if further:
            yield f"{scaled}split={1 + len(further)}[p{number}]{''.join(further)}"
            scaled = f"[p{number}]"
        yield f"{scaled}{','.join(filters_after(video))}[v{number}]"
