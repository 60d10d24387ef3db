"""Subtitles of a source that can be carried as WebVTT, each a rendition that the job may do without."""

from itertools import count

from adapters.ffmpeg.probe import Probe, SubtitleStream
from adapters.ffmpeg.subtitles import TEXT_CODECS
from jobs.planner.plan import SubtitlesPlan
from jobs.planner.specs import MAX_LANGUAGES, Subtitles


def plan_subtitles(
    wish: Subtitles, probe: Probe, film_seconds: float | None, taken: set[str], notes: list[str]
) -> tuple[SubtitlesPlan, ...]:
    """One for each stream of text, in the file's order; a note says what is left out, and why.

    `taken` are the names of the other renditions. `film_seconds`: no cue is shown after it.
    """
    if wish == "none":
        return ()
    streams = [stream for stream in probe.subtitles if _is_carried(stream, probe, notes)]
    if len(streams) > MAX_LANGUAGES:
        notes.append(
            f"The source has {len(streams)} subtitles of text: the first {MAX_LANGUAGES} are carried."
        )
    planned = []
    for stream in streams[:MAX_LANGUAGES]:
        key = _key(stream, taken)
        taken.add(key)
        planned.append(
            SubtitlesPlan(
                key=key,
                stream_index=stream.index,
                language=stream.language,
                title=stream.title,
                is_default=stream.is_default,
                is_forced=stream.is_forced,
                film_seconds=film_seconds,
                file_name=f"{key}.vtt",
            )
        )
    return tuple(planned)


def _is_carried(stream: SubtitleStream, probe: Probe, notes: list[str]) -> bool:
    why = None
    if stream.codec not in TEXT_CODECS:
        why = f"{stream.codec} is no text that could become WebVTT"
    elif probe.forgets_delays:
        why = "its times are not tied to the picture's in this container"
    if why is not None:
        notes.append(f"Subtitle stream {stream.index} is left out: {why}.")
    return why is None


def _key(stream: SubtitleStream, taken: set[str]) -> str:
    """By its language, by its index where that is taken, and in a file of nonsense by whatever is free."""
    key = f"subtitles-{stream.language or stream.index}"
    numbers = count(2)
    while key in taken:
        by_index = f"subtitles-{stream.index}"
        key = by_index if by_index not in taken else f"{by_index}-{next(numbers)}"
    return key
