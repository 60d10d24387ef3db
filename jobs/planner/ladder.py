"""A ladder meets a source: which renditions there will be, and the exact encode of each."""

from collections.abc import Iterator

from adapters.ffmpeg.command import AudioEncode, Encode, VideoEncode
from adapters.ffmpeg.probe import AudioStream, Probe, VideoStream
from jobs.planner.gop import Grid, grid_of
from jobs.planner.plan import Plan, RenditionPlan
from jobs.planner.sizes import Size, fit, own_size, scale
from jobs.planner.specs import CHANNELS, COPY, SAMPLE_RATES_HZ, AudioRung, Ladder, Rung
from jobs.planner.streams import best_audio, best_video, delay_seconds, is_still_image

__all__ = ["Plan", "PlanFailed", "RenditionPlan", "resolve"]

DEFAULT_CRF = 23
DEFAULT_SPEED = "veryfast"
DEFAULT_CODEC_PROFILE = "high"
DEFAULT_PIXEL_FORMAT = "yuv420p"
AUDIO_KBPS_PER_CHANNEL = 64

# What MP4 holds, HLS names (adapters/packaging/codecs.py) and players play.
COPYABLE_VIDEO = frozenset({"h264", "hevc", "av1"})
COPYABLE_AUDIO = frozenset({"aac", "ac3", "eac3", "mp3", "opus", "flac"})
# Where AAC comes with a header before each frame.
ADTS_FORMATS = frozenset({"mpegts", "aac"})

_HDR = {"arib-std-b67": "HLG", "smpte2084": "PQ"}
_SDR_8_BIT_420 = frozenset({"yuv420p", "yuvj420p", "nv12"})


class PlanFailed(Exception):
    """The ladder cannot be made from this source. `code` is a fault code, `message` is for the customer."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def resolve(ladder: Ladder, probe: Probe) -> Plan:
    """The plan for `ladder`, in which `problems` finds nothing, against a source.

    Raises PlanFailed("no_usable_stream") if the source has neither of the streams that the ladder asks for,
    PlanFailed("container_refused") if a rung shall copy one that MP4 cannot hold.
    """
    video = best_video(probe) if ladder.rungs else None
    audio = best_audio(probe) if ladder.audio else None
    if video is None and audio is None:
        raise PlanFailed("no_usable_stream", _why_nothing(ladder, probe))

    notes = list(_stream_notes(ladder, probe, video, audio))
    grid = grid_of(ladder, probe, video)
    sound = _audio_encode(ladder.audio, audio, probe, notes) if ladder.audio and audio else None
    renditions: list[RenditionPlan] = []
    if video is not None:
        notes += _picture_notes(ladder, video, grid)
        for rung, size in _rungs(ladder.rungs, video, notes):
            picture = _video_encode(rung, size, video, grid)
            renditions.append(_video_rendition(ladder, rung, picture, sound, grid, probe))
    if ladder.audio and sound and (video is None or ladder.packaging == "hls"):
        renditions.append(_audio_rendition(ladder, ladder.audio, sound, grid, probe))
    return Plan(
        packaging=ladder.packaging,
        segment_seconds=grid.segment_seconds,
        gop_seconds=grid.gop_seconds,
        frame_rate=grid.frame_rate,
        duration_seconds=probe.duration_seconds,
        renditions=tuple(renditions),
        notes=tuple(notes),
    )


def _rungs(rungs: tuple[Rung, ...], video: VideoStream, notes: list[str]) -> list[tuple[Rung, Size]]:
    """The rungs that this picture can fill, with their sizes; the lowest one, if it can fill none."""
    source = Size(video.display_width, video.display_height)
    kept: list[tuple[Rung, Size]] = []
    too_large: list[Rung] = []
    for rung in rungs:
        size = source if rung.encoder == COPY else fit(rung, source)
        if size is None:
            too_large.append(rung)
            continue
        if rung.encoder != COPY and scale(rung, source) > 1:
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


def _video_encode(rung: Rung, size: Size, video: VideoStream, grid: Grid) -> VideoEncode:
    if rung.encoder == COPY:
        if video.codec not in COPYABLE_VIDEO:
            raise PlanFailed(
                "container_refused", _not_copyable(rung.name, "video", video.codec, COPYABLE_VIDEO)
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
        )
    crf = DEFAULT_CRF if rung.crf is None and rung.bitrate_kbps is None else rung.crf
    bufsize_kbps = rung.bufsize_kbps
    if bufsize_kbps is None and rung.maxrate_kbps is not None:
        bufsize_kbps = 2 * rung.maxrate_kbps
    return VideoEncode(
        stream_index=video.index,
        encoder=rung.encoder,
        width=size.width,
        height=size.height,
        frame_rate=grid.forced_rate,
        gop_frames=grid.gop_frames,
        crf=crf,
        bitrate_kbps=rung.bitrate_kbps,
        maxrate_kbps=rung.maxrate_kbps,
        bufsize_kbps=bufsize_kbps,
        speed=rung.speed or DEFAULT_SPEED,
        codec_profile=rung.codec_profile or DEFAULT_CODEC_PROFILE,
        level=rung.level,
        pixel_format=rung.pixel_format or DEFAULT_PIXEL_FORMAT,
        tune=rung.tune,
        tone_map=video.color_transfer in _HDR,
    )


def _audio_encode(rung: AudioRung, audio: AudioStream, probe: Probe, notes: list[str]) -> AudioEncode:
    if rung.encoder == COPY:
        if audio.codec not in COPYABLE_AUDIO:
            raise PlanFailed(
                "container_refused", _not_copyable(rung.name, "audio", audio.codec, COPYABLE_AUDIO)
            )
        has_adts = audio.codec == "aac" and probe.format_name in ADTS_FORMATS
        return AudioEncode(audio.index, COPY, None, None, None, has_adts=has_adts)
    wish = rung.channels or audio.channels
    channels = min(wish, audio.channels, int(CHANNELS.high))
    if channels != wish:
        notes.append(f"{rung.name!r} has {channels} of {wish} channels: the source has {audio.channels}.")
    sample_rate_hz = rung.sample_rate_hz or audio.sample_rate_hz
    if sample_rate_hz not in SAMPLE_RATES_HZ:
        sample_rate_hz = SAMPLE_RATES_HZ[-1]
        notes.append(
            f"The source's audio has {audio.sample_rate_hz} Hz: {rung.name!r} has {sample_rate_hz} Hz."
        )
    return AudioEncode(
        stream_index=audio.index,
        encoder=rung.encoder,
        bitrate_kbps=rung.bitrate_kbps or channels * AUDIO_KBPS_PER_CHANNEL,
        channels=channels,
        sample_rate_hz=sample_rate_hz,
    )


def _video_rendition(
    ladder: Ladder, rung: Rung, picture: VideoEncode, sound: AudioEncode | None, grid: Grid, probe: Probe
) -> RenditionPlan:
    muxed = ladder.packaging == "mp4"
    sound = sound if muxed else None
    return RenditionPlan(
        key=rung.name,
        kind="muxed" if muxed else "video",
        required=rung.required,
        encode=Encode(
            video=picture,
            audio=sound,
            container="mp4" if muxed else "cmaf",
            fragment_seconds=None if muxed else grid.gop_seconds,
            duration_seconds=_duration(probe, picture, sound),
            delay_seconds=_forgotten_delay(probe, picture, sound),
        ),
        file_name=f"{rung.name}.mp4",
    )


def _audio_rendition(
    ladder: Ladder, rung: AudioRung, sound: AudioEncode, grid: Grid, probe: Probe
) -> RenditionPlan:
    alone = ladder.packaging == "mp4"
    return RenditionPlan(
        key=rung.name,
        kind="audio",
        required=rung.required,
        encode=Encode(
            video=None,
            audio=sound,
            container="mp4" if alone else "cmaf",
            fragment_seconds=None if alone else grid.gop_seconds,
            duration_seconds=_duration(probe, None, sound),
            delay_seconds=_forgotten_delay(probe, None, sound),
        ),
        file_name=f"{rung.name}.m4a" if alone else f"{rung.name}.mp4",
    )


def _duration(probe: Probe, picture: VideoEncode | None, sound: AudioEncode | None) -> float | None:
    """Until the last of the taken streams ends: a source may hold sound that lasts longer than its picture.

    Counted from where the file starts, since a late stream is filled up from there. Matroska's durations
    count from there too, so none is taken to outlast the file.
    """
    whole = probe.duration_seconds
    ends = []
    for stream in _taken(probe, picture, sound):
        if stream.duration_seconds is None:
            return whole
        ends.append(round(delay_seconds(stream, probe) + stream.duration_seconds, 6))
    return max(ends) if whole is None else min(max(ends), whole)


def _forgotten_delay(probe: Probe, picture: VideoEncode | None, sound: AudioEncode | None) -> float:
    """What the encode has to put in front of its streams, which it takes without the ones that start earlier.

    A picture that is not filled up to there has too little of it for more than an empty edit: better none.
    """
    is_filled = picture is None or picture.frame_rate is not None or picture.encoder == COPY
    if not probe.forgets_delays or (sound is None and not is_filled):
        return 0.0
    return round(min(delay_seconds(stream, probe) for stream in _taken(probe, picture, sound)), 6)


def _taken(
    probe: Probe, picture: VideoEncode | None, sound: AudioEncode | None
) -> list[VideoStream | AudioStream]:
    streams: tuple[VideoStream | AudioStream, ...] = (*probe.video, *probe.audio)
    indexes = {encode.stream_index for encode in (picture, sound) if encode}
    return [stream for stream in streams if stream.index in indexes]


def _stream_notes(
    ladder: Ladder, probe: Probe, video: VideoStream | None, audio: AudioStream | None
) -> Iterator[str]:
    if ladder.rungs and video is None:
        yield "The source has no video: its audio is all there is."
    if ladder.audio and audio is None:
        yield "The source has no audio: its video is all there is."
    pictures = sum(not stream.is_attached_picture for stream in probe.video)
    if video is not None and pictures > 1:
        yield f"The source has {pictures} video streams: stream {video.index} was taken."
    if audio is not None and len(probe.audio) > 1:
        yield f"The source has {len(probe.audio)} audio streams: stream {audio.index} was taken."


def _picture_notes(ladder: Ladder, video: VideoStream, grid: Grid) -> Iterator[str]:
    if any(rung.encoder != COPY for rung in ladder.rungs):
        if video.is_variable_rate or grid.frame_rate != video.frame_rate:
            rate = float(grid.frame_rate or 0)
            yield f"The source's frame rate varies or is unknown: the renditions have a constant {rate:.6g}."
        elif grid.forced_rate is not None:
            yield "The source's video starts late: its first picture stands until it moves."
        if video.color_transfer in _HDR:
            yield f"The source is HDR ({_HDR[video.color_transfer]}): the renditions are SDR, 8 bits, 4:2:0."
        elif video.pixel_format not in _SDR_8_BIT_420:
            yield f"The source's pixel format is {video.pixel_format}: the renditions have 8 bits, 4:2:0."
    if ladder.packaging == "hls":
        for rung in ladder.rungs:
            if rung.encoder == COPY:
                yield f"Rung {rung.name!r} is a copy: its segments end where the source has key frames."


def _not_copyable(name: str, kind: str, codec: str, known: frozenset[str]) -> str:
    return (
        f"The source's {kind} is {codec}, which {name!r} cannot copy into MP4. "
        f"Copied are {', '.join(sorted(known))}; name an encoder for the rest."
    )


def _why_nothing(ladder: Ladder, probe: Probe) -> str:
    if is_still_image(probe):
        return "The source is a still image, not a video."
    wanted = " or ".join(
        kind for kind, wish in (("video", bool(ladder.rungs)), ("audio", ladder.audio is not None)) if wish
    )
    return f"The source has no {wanted} stream that can be read."
