"""A ladder meets a source: which renditions there will be, and the exact encode of each."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from adapters.ffmpeg.command import AudioEncode, Encode, VideoEncode
from adapters.ffmpeg.encoders import video_encoder
from adapters.ffmpeg.probe import AudioStream, Probe, VideoStream
from jobs.planner import fallbacks, groups
from jobs.planner.extras import plan_extras
from jobs.planner.gop import Grid, grid_of, nominal_rate
from jobs.planner.groups import Machine
from jobs.planner.passthrough import why_audio_encoded, why_encoded
from jobs.planner.pictures import (
    at_its_rate,
    color_space_of,
    copied_video,
    hdr_of,
    pixel_format_of,
    size_of_source,
    sized_rungs,
    video_encode,
)
from jobs.planner.plan import Plan, PlanFailed, RenditionPlan
from jobs.planner.quality import comparison_of
from jobs.planner.sizes import Size
from jobs.planner.sounds import audio_encode, copied_audio, rungs_of
from jobs.planner.specs import COPY, NO_PACKAGING, AudioRung, Ladder, Rung
from jobs.planner.stills import refuse_nothing
from jobs.planner.streams import audio_languages, best_audio, best_video, delay_seconds, is_still_image
from jobs.planner.subtitles import plan_subtitles

__all__ = ["Plan", "PlanFailed", "RenditionPlan", "resolve"]

_SDR_8_BIT_420 = frozenset({"yuv420p", "yuvj420p", "nv12"})


def resolve(ladder: Ladder, probe: Probe, *, machine: Machine | None = None) -> Plan:
    """The plan for `ladder`, in which `problems` finds nothing, against a source. `machine` bounds the groups.

    Raises PlanFailed("no_usable_stream") if the source has neither of the streams that the ladder asks for,
    PlanFailed("container_refused") if a rung shall copy one that the container cannot hold, or
    PlanFailed("source_mismatch") if it has nothing for a required extra, or for a ladder of extras alone.
    """
    video = best_video(probe) if ladder.rungs else None
    audio = best_audio(probe) if ladder.audio else None
    if video is None and audio is None and ladder.packaging != NO_PACKAGING:
        raise PlanFailed("no_usable_stream", _why_nothing(ladder, probe))
    meeting = _Meeting(ladder, probe, video, grid_of(ladder, probe, video), [])
    meeting.notes.extend(_stream_notes(ladder, probe, video, audio))
    renditions: list[RenditionPlan] = []
    sounds = meeting.sounds(ladder.audio, audio) if ladder.audio and audio else []
    if video is not None:
        about_sizes: list[str] = []
        sized = sized_rungs(ladder.rungs, video, about_sizes)
        meeting.notes.extend(_picture_notes(ladder, [rung for rung, _ in sized], video, meeting.grid))
        meeting.notes.extend(about_sizes)
        muxed = None if ladder.has_segments or not sounds else sounds[0][1]
        for rung, size in sized:
            picture = meeting.picture(rung, size, video)
            rendition = meeting.video_rendition(rung, picture, muxed)
            if rung.fallback is not None and picture.encoder != COPY:
                other = video_encode(fallbacks.fallback_rung(rung), size, video, meeting.grid)
                rendition = replace(rendition, fallback=replace(rendition.encode, video=other))
            renditions.append(meeting.measured(rung, rendition, video))
    if video is None or ladder.has_segments:
        renditions += [meeting.audio_rendition(rung, sound) for rung, sound in sounds]
    if video is not None and ladder.strategy == "group":
        renditions = groups.group(
            renditions,
            size_of_source(video),
            machine=machine,
            cascade_min_ssim=ladder.cascade_min_ssim,
        )
        meeting.notes.extend(groups.notes(renditions))
    meeting.notes.extend(fallbacks.notes(renditions))
    taken = {one.key for one in renditions} | {extra.name for extra in ladder.extras}
    extras = plan_extras(ladder.extras, probe, best_video(probe), best_audio(probe), meeting.notes)
    if ladder.packaging == NO_PACKAGING:
        refuse_nothing(extras, meeting.notes)
    lengths = [one.encode.duration_seconds for one in renditions]
    known = [seconds for seconds in lengths if seconds is not None]
    film_seconds = max(known, default=None) if len(known) == len(lengths) else None
    subtitles = plan_subtitles(ladder.subtitles, probe, film_seconds, taken, meeting.notes)
    return Plan(
        packaging=ladder.packaging,
        segment_seconds=meeting.grid.segment_seconds,
        gop_seconds=meeting.grid.gop_seconds,
        frame_rate=meeting.grid.frame_rate,
        duration_seconds=probe.duration_seconds,
        renditions=tuple(renditions),
        extras=extras,
        subtitles=subtitles,
        notes=tuple(meeting.notes),
        segments=ladder.segments,
        publish=ladder.publish,
        detections=ladder.detections,
    )


@dataclass(frozen=True, slots=True)
class _Meeting:
    """A ladder and a source, while the plan is made; `notes` grow."""

    ladder: Ladder
    probe: Probe
    video: VideoStream | None
    grid: Grid
    notes: list[str]

    def picture(self, rung: Rung, size: Size, video: VideoStream) -> VideoEncode:
        container = self.ladder.container
        if rung.encoder == COPY:
            return copied_video(rung, size, video, self.grid, container)
        encode = video_encode(rung, size, video, self.grid)
        if self.ladder.passthrough == "never":
            return at_its_rate(encode, video, self.grid)
        reason = why_encoded(encode, video, self.probe, container, has_segments=self.ladder.has_segments)
        if reason is not None:
            self.notes.append(f"Rung {rung.name!r} is encoded: {reason}.")
            return at_its_rate(encode, video, self.grid)
        self.notes.append(f"Rung {rung.name!r} is a copy: the source is what it asks for already.")
        return copied_video(rung, size, video, self.grid, container)

    def sounds(self, wish: AudioRung, best: AudioStream) -> list[tuple[AudioRung, AudioEncode]]:
        has_all = self.ladder.audio_languages == "all"
        streams = audio_languages(self.probe) if has_all else (best,)
        taken = {rung.name for rung in self.ladder.rungs} | {extra.name for extra in self.ladder.extras}
        return [(rung, self.sound(rung, stream)) for rung, stream in rungs_of(wish, streams, taken)]

    def sound(self, rung: AudioRung, audio: AudioStream) -> AudioEncode:
        container = self.ladder.container
        if rung.encoder == COPY:
            return copied_audio(rung.name, audio, self.probe, container)
        encode = audio_encode(rung, audio, self.notes)
        if self.ladder.passthrough == "never":
            return encode
        reason = why_audio_encoded(encode, audio, self.probe, container)
        if reason is not None:
            self.notes.append(f"{rung.name!r} is encoded: {reason}.")
            return encode
        self.notes.append(f"{rung.name!r} is a copy: the source is what it asks for already.")
        return copied_audio(rung.name, audio, self.probe, container)

    def video_rendition(self, rung: Rung, picture: VideoEncode, sound: AudioEncode | None) -> RenditionPlan:
        has_segments = self.ladder.has_segments
        return RenditionPlan(
            key=rung.name,
            kind="video" if has_segments else "muxed",
            required=rung.required,
            encode=Encode(
                video=picture,
                audio=sound,
                container=self.ladder.container,
                fragment_seconds=self.grid.gop_seconds if has_segments else None,
                duration_seconds=_duration(self.probe, picture, sound),
                delay_seconds=_forgotten_delay(self.probe, picture, sound),
            ),
            file_name=f"{rung.name}.{'webm' if self.ladder.container == 'webm' else 'mp4'}",
            pool=rung.pool,
        )

    def measured(self, rung: Rung, planned: RenditionPlan, video: VideoStream) -> RenditionPlan:
        wish, picture = self.ladder.quality, planned.encode.video
        if wish is None or picture is None:
            return planned
        comparison, note = comparison_of(wish, rung, picture, video, self.probe, self.grid)
        if note is not None:
            self.notes.append(note)
        return replace(planned, quality=comparison)

    def audio_rendition(self, rung: AudioRung, sound: AudioEncode) -> RenditionPlan:
        has_segments = self.ladder.has_segments
        suffix = {"cmaf": "mp4", "mp4": "m4a", "webm": "webm"}[self.ladder.container]
        return RenditionPlan(
            key=rung.name,
            kind="audio",
            required=rung.required,
            encode=Encode(
                video=None,
                audio=sound,
                container=self.ladder.container,
                fragment_seconds=self.grid.gop_seconds if has_segments else None,
                duration_seconds=_duration(self.probe, None, sound),
                delay_seconds=_forgotten_delay(self.probe, None, sound),
            ),
            file_name=f"{rung.name}.{suffix}",
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
    if audio is None or len(probe.audio) < 2:
        return
    if ladder.audio_languages == "all":
        taken = ", ".join(str(stream.index) for stream in audio_languages(probe))
        yield f"The source has {len(probe.audio)} audio streams: taken for their languages were {taken}."
    else:
        yield f"The source has {len(probe.audio)} audio streams: stream {audio.index} was taken."


def _picture_notes(ladder: Ladder, rungs: list[Rung], video: VideoStream, grid: Grid) -> Iterator[str]:
    encoded = [rung for rung in rungs if rung.encoder != COPY]
    if encoded:
        nominal = nominal_rate(video)
        if video.is_variable_rate or nominal != video.frame_rate:
            yield (
                "The source's frame rate varies or is unknown: "
                f"the renditions have a constant {float(grid.frame_rate or 0):.6g}."
            )
        elif grid.forced_rate is not None and grid.frame_rate == nominal:
            yield "The source's video starts late: its first picture stands until it moves."
        yield from _rate_notes(encoded, grid, float(nominal))
        if video.is_interlaced:
            yield "The source is interlaced: the renditions have whole pictures, one for each two fields."
        yield from _pixel_notes(encoded, video)
    if ladder.has_segments:
        for rung in rungs:
            if rung.encoder == COPY:
                yield f"Rung {rung.name!r} is a copy: its segments end where the source has key frames."


def _rate_notes(encoded: list[Rung], grid: Grid, nominal: float) -> Iterator[str]:
    for rung in encoded:
        rate = float(grid.capped_rates.get(rung.max_frame_rate or 0, nominal))
        if rate != nominal:
            yield f"Rung {rung.name!r} has {rate:.6g} of the source's {nominal:.6g} frames per second."


def _pixel_notes(encoded: list[Rung], video: VideoStream) -> Iterator[str]:
    hdr = hdr_of(video)
    kept = [rung.name for rung in encoded if rung.hdr == "keep"]
    if hdr and len(kept) < len(encoded):
        which = "the renditions" if not kept else "all renditions but those that keep it"
        yield f"The source is HDR ({hdr}): {which} are SDR, 8 bits, 4:2:0."
    if hdr and kept:
        yield f"The source is HDR ({hdr}), and so is: {', '.join(map(repr, kept))}."
    space = color_space_of(video)
    if space is not None and not video.is_rgb:
        name = {"bt709": "BT.709", "smpte170m": "BT.601"}[space]
        yield f"The source does not say what its colours mean: by its size they are taken for {name}."
    formats = sorted({pixel_format_of(rung, video_encoder(rung.encoder), is_hdr=False) for rung in encoded})
    if not hdr and video.pixel_format not in (*_SDR_8_BIT_420, *formats):
        have = "8 bits, 4:2:0" if formats == ["yuv420p"] else " and ".join(formats)
        yield f"The source's pixel format is {video.pixel_format}: the renditions have {have}."


def _why_nothing(ladder: Ladder, probe: Probe) -> str:
    if is_still_image(probe):
        return "The source is a still image, not a video."
    wanted = " or ".join(
        kind for kind, wish in (("video", bool(ladder.rungs)), ("audio", ladder.audio is not None)) if wish
    )
    return f"The source has no {wanted} stream that can be read."
