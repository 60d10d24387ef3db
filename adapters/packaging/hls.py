"""HLS playlists over CMAF files, by byte range: indexes in, text out.

Sources: RFC 8216 and its revision draft-pantos-hls-rfc8216bis; sections are named by the revision's titles.
Here, and only here, a rendition of the ladder is called a variant, as the RFC does.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

from adapters.packaging.fragments import Fragment, FragmentIndex

_AUDIO_GROUP = "audio"


@dataclass(frozen=True, slots=True)
class Variant:
    """A video-only media playlist at `uri`; `width` and `height` in displayed pixels, `codec` by RFC 6381."""

    uri: str
    index: FragmentIndex
    codec: str
    width: int
    height: int
    frame_rate: Fraction | None


@dataclass(frozen=True, slots=True)
class AudioTrack:
    """An audio-only media playlist at `uri`; `language` as an RFC 5646 tag, `name` is what a player shows."""

    uri: str
    index: FragmentIndex
    codec: str
    name: str
    channels: int | None
    language: str | None


@dataclass(frozen=True, slots=True)
class _Segment:
    offset: int
    size_bytes: int
    seconds: Fraction


@dataclass(frozen=True, slots=True)
class _BitRate:
    """Bits per second."""

    peak: Fraction
    average: Fraction

    def __add__(self, other: "_BitRate") -> "_BitRate":
        return _BitRate(self.peak + other.peak, self.average + other.average)


def media_playlist(index: FragmentIndex, uri: str, segment_seconds: Fraction) -> str:
    """The VOD playlist of the one file at `uri`, in segments of whole fragments of about `segment_seconds`.

    Raises ValueError if `uri` cannot stand in a playlist.
    """
    segments = _segments(index, segment_seconds)
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{_target_seconds(segments)}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        f'#EXT-X-MAP:URI={_quoted(uri)},BYTERANGE="{index.init_bytes}@0"',
    ]
    for segment in segments:
        lines += [
            f"#EXTINF:{float(segment.seconds):.6f},",
            f"#EXT-X-BYTERANGE:{segment.size_bytes}@{segment.offset}",
            uri,
        ]
    return "\n".join([*lines, "#EXT-X-ENDLIST", ""])


def master_playlist(
    variants: Sequence[Variant], audio: Sequence[AudioTrack], segment_seconds: Fraction
) -> str:
    """The multivariant playlist, in the order given; the first audio track is the default one.

    Without variants each audio track is a variant of its own. Raises ValueError if there is nothing to list.
    """
    if not variants and not audio:
        raise ValueError("a master playlist needs a variant or an audio track")
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
    if not variants:
        for track in audio:
            lines += [_stream_inf(_bit_rate(track.index, segment_seconds), [track.codec]), _line(track.uri)]
        return "\n".join([*lines, ""])

    lines += [_media(track, is_default=track is audio[0]) for track in audio]
    audio_rates = [_bit_rate(track.index, segment_seconds) for track in audio]
    # A variant must count the most expensive combination that a player may choose (EXT-X-STREAM-INF).
    loudest = _BitRate(
        peak=max((rate.peak for rate in audio_rates), default=Fraction(0)),
        average=max((rate.average for rate in audio_rates), default=Fraction(0)),
    )
    for variant in variants:
        attributes = [f"RESOLUTION={variant.width}x{variant.height}"]
        if variant.frame_rate is not None:
            attributes.append(f"FRAME-RATE={float(variant.frame_rate):.3f}")
        if audio:
            attributes.append(f'AUDIO="{_AUDIO_GROUP}"')
        codecs = list(dict.fromkeys([variant.codec, *(track.codec for track in audio)]))
        rate = _bit_rate(variant.index, segment_seconds) + loudest
        lines += [_stream_inf(rate, codecs, *attributes), _line(variant.uri)]
    return "\n".join([*lines, ""])


def _stream_inf(rate: _BitRate, codecs: Sequence[str], *attributes: str) -> str:
    values = [
        f"BANDWIDTH={math.ceil(rate.peak)}",
        f"AVERAGE-BANDWIDTH={math.ceil(rate.average)}",
        f"CODECS={_quoted(','.join(codecs))}",
        *attributes,
    ]
    return f"#EXT-X-STREAM-INF:{','.join(values)}"


def _media(track: AudioTrack, *, is_default: bool) -> str:
    values = ["TYPE=AUDIO", f'GROUP-ID="{_AUDIO_GROUP}"', f"NAME={_quoted(track.name)}"]
    if track.language:
        values.append(f"LANGUAGE={_quoted(track.language)}")
    values += [f"DEFAULT={'YES' if is_default else 'NO'}", "AUTOSELECT=YES"]
    if track.channels:
        values.append(f'CHANNELS="{track.channels}"')
    return f"#EXT-X-MEDIA:{','.join(values)},URI={_quoted(track.uri)}"


def _segments(index: FragmentIndex, segment_seconds: Fraction) -> list[_Segment]:
    """Whole fragments, each in the segment into which its middle falls.

    By the middle, since audio fragments end on audio frames: a little beside the video's grid, either side.
    """
    placed: list[tuple[int, Fragment]] = []
    start = 0
    for fragment in index.fragments:
        middle = Fraction(2 * start + fragment.duration, 2 * index.timescale)
        placed.append((int(middle // segment_seconds), fragment))
        start += fragment.duration
    segments = []
    for _, group in groupby(placed, key=lambda item: item[0]):
        fragments = [fragment for _, fragment in group]
        segments.append(
            _Segment(
                offset=fragments[0].offset,
                size_bytes=sum(fragment.size_bytes for fragment in fragments),
                seconds=Fraction(sum(fragment.duration for fragment in fragments), index.timescale),
            )
        )
    return segments


def _target_seconds(segments: Sequence[_Segment]) -> int:
    """EXT-X-TARGETDURATION: no segment, rounded to the nearest second, may be longer."""
    return max(1, *(math.floor(segment.seconds + Fraction(1, 2)) for segment in segments))


def _bit_rate(index: FragmentIndex, segment_seconds: Fraction) -> _BitRate:
    """Peak and average segment bit rate as the revision defines them under "Playlist Definitions".

    The peak is the largest rate of any run of segments that lasts 0.5 to 1.5 times the target duration.
    """
    segments = _segments(index, segment_seconds)
    total_seconds = sum((segment.seconds for segment in segments), Fraction(0))
    if not total_seconds:
        return _BitRate(Fraction(0), Fraction(0))
    average = 8 * sum(segment.size_bytes for segment in segments) / total_seconds
    shortest, longest = (_target_seconds(segments) * Fraction(factor, 2) for factor in (1, 3))
    peak = average
    for first in range(len(segments)):
        size_bytes, seconds = 0, Fraction(0)
        for segment in segments[first:]:
            size_bytes += segment.size_bytes
            seconds += segment.seconds
            if seconds > longest:
                break
            if seconds >= shortest:
                peak = max(peak, 8 * size_bytes / seconds)
    return _BitRate(peak, average)


def _quoted(value: str) -> str:
    """A quoted-string (section "Attribute Lists")."""
    if '"' in value:
        raise ValueError(f"a double quote cannot stand in a playlist: {value!r}")
    return f'"{_line(value)}"'


def _line(value: str) -> str:
    if not value or not value.isprintable() or value.startswith("#"):
        raise ValueError(f"this cannot stand in a playlist: {value!r}")
    return value
