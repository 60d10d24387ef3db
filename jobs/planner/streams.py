"""Which streams of a source are the film: one picture, one sound, or one sound in each language."""

from adapters.ffmpeg.probe import AudioStream, Probe, VideoStream
from jobs.planner.specs import MAX_LANGUAGES


def best_video(probe: Probe) -> VideoStream | None:
    """The default stream, or else the largest; the first of equals. Covers and still images do not count."""
    if is_still_image(probe):
        return None
    usable = [
        stream
        for stream in probe.video
        if stream.width and stream.height and stream.codec != "unknown" and not stream.is_attached_picture
    ]
    return max(
        usable,
        key=lambda stream: (stream.is_default, stream.display_width * stream.display_height),
        default=None,
    )


def best_audio(probe: Probe) -> AudioStream | None:
    """The default stream, or else the first."""
    return max(_usable_audio(probe), key=lambda stream: stream.is_default, default=None)


def audio_languages(probe: Probe) -> tuple[AudioStream, ...]:
    """The best stream, and then the first of each other language in the file's order, at most MAX_LANGUAGES.

    Streams that do not tell their language count as one language.
    """
    best = best_audio(probe)
    if best is None:
        return ()
    by_language = {best.language: best}
    for stream in _usable_audio(probe):
        by_language.setdefault(stream.language, stream)
    return tuple(by_language.values())[:MAX_LANGUAGES]


def _usable_audio(probe: Probe) -> list[AudioStream]:
    return [
        stream
        for stream in probe.audio
        if stream.channels and stream.sample_rate_hz and stream.codec != "unknown"
    ]


def is_still_image(probe: Probe) -> bool:
    """FFmpeg reads a picture as a video of one frame, by demuxers named image2, png_pipe, jpeg_pipe ..."""
    return probe.format_name == "image2" or probe.format_name.endswith("_pipe")


def delay_seconds(stream: VideoStream | AudioStream, probe: Probe) -> float:
    """How long after the first of the file's streams this one starts.

    Covers start at no time of the film's clock. A stream later than the whole file lasts is on another clock.
    """
    starts = [one.start_seconds for one in probe.video if not one.is_attached_picture]
    starts += [one.start_seconds for one in probe.audio]
    known = [start for start in starts if start is not None]
    if stream.start_seconds is None or not known:
        return 0.0
    delay = max(0.0, stream.start_seconds - min(known))
    return delay if probe.duration_seconds is None or delay < probe.duration_seconds else 0.0
