"""From a job's committed files to the text of its manifests. Nothing is stored here."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from uuid import UUID

from adapters.ffmpeg.probe import parse_probe
from adapters.packaging import dash, hls
from adapters.packaging.fragments import FragmentIndex
from adapters.packaging.languages import name_of, tag_of
from adapters.packaging.timeline import rate_of, seconds_of
from adapters.packaging.tracks import AudioTrack, Media, SingleFile, TextTrack, VideoTrack, video_range
from jobs.models import Output, Rendition, Source
from jobs.planner.plan import Plan, RenditionPlan, SubtitlesPlan
from jobs.planner.specs import COPY
from jobs.states import OutputState, RenditionState

MASTER = "master.m3u8"
MPD = "manifest.mpd"
HLS_TYPE = "application/vnd.apple.mpegurl"
DASH_TYPE = "application/dash+xml"
CONTENT_TYPES = {".m3u8": HLS_TYPE, ".mpd": DASH_TYPE}

# Kinds of rendition that a manifest lists; the others are files that stand for themselves.
LISTED = ("video", "audio")
WORDS = "subtitles"


@dataclass(frozen=True, slots=True)
class Rung:
    """A rendition with its file. `language` is that of the source's stream, as an RFC 5646 tag."""

    planned: RenditionPlan
    output: Output
    index: FragmentIndex
    language: str | None

    @property
    def single_file(self) -> SingleFile:
        """From a folder of manifests, two deep in the job's folder, to the file."""
        return SingleFile(f"../../{self.output.path}")


@dataclass(frozen=True, slots=True)
class Words:
    """Subtitles with their file."""

    planned: SubtitlesPlan
    output: Output


def has_manifest(plan: Plan) -> bool:
    """Whether the packaging knows any: MP4 and its like are files that stand for themselves."""
    return bool(_formats(plan))


def rungs_of(job_id: UUID, renditions: Iterable[Rendition], pending: Output | None = None) -> list[Rung]:
    """Those that a manifest can list now, in the ladder's order; `pending` is taken as committed."""
    languages = _languages(job_id)
    rungs = []
    for one, output in _files_of(job_id, renditions, LISTED, pending):
        planned = RenditionPlan.from_json(one.spec)
        sound = planned.encode.audio
        language = languages.get(sound.stream_index) if sound else None
        rungs.append(Rung(planned, output, FragmentIndex.from_json(output.index), language))
    return rungs


def words_of(job_id: UUID, renditions: Iterable[Rendition], pending: Output | None = None) -> list[Words]:
    """Subtitles that a manifest can list now: first those that the file flags as default, in its order."""
    found = _files_of(job_id, renditions, (WORDS,), pending)
    words = [Words(SubtitlesPlan.from_json(one.spec), output) for one, output in found]
    return sorted(words, key=lambda one: not one.planned.is_default)


def _files_of(
    job_id: UUID, renditions: Iterable[Rendition], kinds: Sequence[str], pending: Output | None
) -> Iterator[tuple[Rendition, Output]]:
    outputs = {
        output.rendition_id: output
        for output in Output.objects.filter(
            job_id=job_id, kind=Output.Kind.RENDITION, state=OutputState.COMMITTED
        )
    }
    if pending is not None:
        outputs[pending.rendition_id] = pending
    for one in renditions:
        if one.kind not in kinds or one.id not in outputs:
            continue
        is_pending = pending is not None and one.id == pending.rendition_id
        if one.state == RenditionState.SUCCEEDED or is_pending:
            yield one, outputs[one.id]


def _languages(job_id: UUID) -> dict[int, str | None]:
    source = Source.objects.filter(job_id=job_id, position=0).first()
    if source is None or not source.probe:
        return {}
    return {stream.index: tag_of(stream.language) for stream in parse_probe(source.probe).audio}


def texts(
    plan: Plan, rungs: Sequence[Rung], media_of: Callable[[Rung], Media], words: Sequence[Words] = ()
) -> dict[str, str]:
    """Every text by its file's name: what a manifest names comes before it, and the one that counts is the last."""
    segment: Fraction = plan.segment_seconds
    written: dict[str, str] = {}
    formats = _formats(plan)
    tracks = [(rung, _track(plan, rung)) for rung in rungs]
    seconds = max(seconds_of(rung.index) for rung in rungs)
    text = [_text(one, seconds) for one in words]
    if "dash" in formats:
        listed = [dash.Representation(rung.planned.key, track, media_of(rung)) for rung, track in tracks]
        written[MPD] = dash.manifest(listed, text, segment)
    if "hls" in formats:
        for rung, track in tracks:
            written[track.uri] = hls.media_playlist(rung.index, media_of(rung), segment)
            if isinstance(track, VideoTrack) and track.key_frames_uri:
                written[track.key_frames_uri] = hls.key_frame_playlist(rung.index, media_of(rung), segment)
        for subtitles in text:
            written[subtitles.uri] = hls.text_playlist([(subtitles.file_uri, seconds)])
        video = [track for _, track in tracks if isinstance(track, VideoTrack)]
        audio = [track for _, track in tracks if isinstance(track, AudioTrack)]
        written[MASTER] = hls.master_playlist(video, audio, segment, text)
    return written


def is_playable(plan: Plan, keys: Iterable[str]) -> bool:
    """Whether these renditions are a film already: a picture that the job must have, with all such sound.

    A ladder of sound alone is one with its first required sound. Where nothing is required, anything will do.
    """
    there = set(keys)
    pictures = _wanted([one for one in plan.renditions if one.kind == "video"])
    sounds = [one for one in plan.renditions if one.kind == "audio"]
    if not pictures:
        return not there.isdisjoint(one.key for one in _wanted(sounds))
    required = {one.key for one in sounds if one.required}
    return required <= there and not there.isdisjoint(one.key for one in pictures)


def _wanted(planned: list[RenditionPlan]) -> list[RenditionPlan]:
    return [one for one in planned if one.required] or planned


def _formats(plan: Plan) -> set[str]:
    return {"hls", "dash"} & set(plan.packaging.split("+"))


def _track(plan: Plan, rung: Rung) -> VideoTrack | AudioTrack:
    """What the file is, by its own probe where the plan does not say: a copy is what its source was."""
    key, encode, probe = rung.planned.key, rung.planned.encode, parse_probe(rung.output.probe)
    if encode.video is None:
        sound = probe.audio[0]
        return AudioTrack(
            uri=f"{key}.m3u8",
            index=rung.index,
            codec=rung.output.codecs,
            name=name_of(rung.language) or "Audio",
            channels=sound.channels or None,
            language=rung.language,
            sample_rate_hz=sound.sample_rate_hz or None,
        )
    picture, is_copy = probe.video[0], encode.video.encoder == COPY
    return VideoTrack(
        uri=f"{key}.m3u8",
        index=rung.index,
        codec=rung.output.codecs,
        width=picture.display_width if is_copy else encode.video.width,
        height=picture.display_height if is_copy else encode.video.height,
        frame_rate=_frame_rate(plan, rung.planned),
        video_range=video_range(picture.color_transfer),
        sample_aspect_ratio=picture.sample_aspect_ratio,
        # A dot, which no rung's name has: "720p.iframes" is nobody's playlist.
        key_frames_uri=f"{key}.iframes.m3u8" if rung.index.has_key_frames else None,
    )


def _text(words: Words, seconds: Fraction) -> TextTrack:
    """One file for the whole film: so small that no player gains by segments of it."""
    planned, language = words.planned, tag_of(words.planned.language)
    # A title is a stranger's text, and no double quote or hash at its start can stand in a playlist.
    title = (planned.title or "").replace('"', "'").lstrip("# ")
    return TextTrack(
        uri=f"{planned.key}.m3u8",
        file_uri=f"../../{words.output.path}",
        rate=rate_of([(words.output.size_bytes, round(1000 * seconds))], 1000),
        name=title or name_of(language) or "Subtitles",
        language=language,
        is_forced=planned.is_forced,
    )


def _frame_rate(plan: Plan, planned: RenditionPlan) -> Fraction | None:
    """The rung's own, where it has a cap; a copy has the source's."""
    video, gop_seconds = planned.encode.video, planned.encode.fragment_seconds
    if video is None or video.encoder == "copy" or not gop_seconds:
        return plan.frame_rate
    return video.frame_rate or video.gop_frames / gop_seconds
