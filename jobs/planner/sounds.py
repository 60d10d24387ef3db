"""An audio rung meets a source: one sound, or one for each language, encoded once for the whole ladder."""

from dataclasses import replace

from adapters.ffmpeg.command import AudioEncode
from adapters.ffmpeg.encode import Container
from adapters.ffmpeg.encoders import audio_encoder
from adapters.ffmpeg.probe import AudioStream, Probe
from jobs.planner.pictures import not_copyable
from jobs.planner.plan import PlanFailed
from jobs.planner.specs import COPY, AudioRung

COPYABLE: dict[Container, frozenset[str]] = {
    "cmaf": frozenset({"aac", "ac3", "eac3", "mp3", "opus", "flac"}),
    "mp4": frozenset({"aac", "ac3", "eac3", "mp3", "opus", "flac"}),
    "webm": frozenset({"opus", "vorbis"}),
}
# Where AAC comes with a header before each frame.
_ADTS_FORMATS = frozenset({"mpegts", "aac"})


def rungs_of(
    rung: AudioRung, streams: tuple[AudioStream, ...], taken: set[str]
) -> list[tuple[AudioRung, AudioStream]]:
    """A rung for each stream: the first keeps the name, the others carry their language in it.

    `taken` are the names of the other renditions; the new ones are added.
    """
    named = []
    for number, stream in enumerate(streams):
        name = rung.name
        if number:
            name = f"{rung.name[:26]}-{stream.language or number + 1}"
            if name in taken:
                name = f"{rung.name[:26]}-{number + 1}"
        taken.add(name)
        named.append((replace(rung, name=name), stream))
    return named


def audio_encode(rung: AudioRung, audio: AudioStream, notes: list[str]) -> AudioEncode:
    """The encode of this sound; not for a copy."""
    encoder = audio_encoder(rung.encoder)
    wish = rung.channels or audio.channels
    channels = min(wish, audio.channels, encoder.max_channels)
    if channels != wish:
        notes.append(f"{rung.name!r} has {channels} of {wish} channels: the source has {audio.channels}.")
    sample_rate_hz = rung.sample_rate_hz or audio.sample_rate_hz
    if sample_rate_hz not in encoder.sample_rates_hz:
        sample_rate_hz = encoder.sample_rates_hz[-1]
        notes.append(
            f"The source's audio has {audio.sample_rate_hz} Hz: {rung.name!r} has {sample_rate_hz} Hz."
        )
    bitrate_kbps = rung.bitrate_kbps
    if bitrate_kbps is None and encoder.kbps_per_channel is not None:
        bitrate_kbps = min(channels * encoder.kbps_per_channel, int(encoder.kbps.high))
    return AudioEncode(
        stream_index=audio.index,
        encoder=rung.encoder,
        bitrate_kbps=bitrate_kbps,
        channels=channels,
        sample_rate_hz=sample_rate_hz,
        language=audio.language,
        loudness_lufs=rung.loudness_lufs,
    )


def copied_audio(name: str, audio: AudioStream, probe: Probe, container: Container) -> AudioEncode:
    """Raises PlanFailed("container_refused") if the container cannot hold this stream."""
    if audio.codec not in COPYABLE[container]:
        raise PlanFailed(
            "container_refused", not_copyable(name, "audio", audio.codec, container, COPYABLE[container])
        )
    has_adts = audio.codec == "aac" and probe.format_name in _ADTS_FORMATS
    return AudioEncode(audio.index, COPY, None, None, None, has_adts=has_adts, language=audio.language)
