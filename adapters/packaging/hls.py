"""HLS playlists over CMAF files: indexes in, text out.

Sources: RFC 8216 and its revision draft-pantos-hls-rfc8216bis; sections are named by the revision's titles.
Here, and only here, a rendition of the ladder is called a variant, as the RFC does.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from adapters.packaging.fragments import FragmentIndex
from adapters.packaging.timeline import (
    BitRate,
    bit_rate,
    key_frame_rate,
    segments_of,
    target_seconds,
)
from adapters.packaging.tracks import AudioTrack, Media, SegmentFiles, SingleFile, TextTrack
from adapters.packaging.tracks import VideoTrack as Variant

__all__ = [
    "AudioTrack",
    "TextTrack",
    "Variant",
    "key_frame_playlist",
    "master_playlist",
    "media_playlist",
    "text_playlist",
]

_AUDIO_GROUP = "audio"
_TEXT_GROUP = "subtitles"


def media_playlist(index: FragmentIndex, media: Media | str, segment_seconds: Fraction) -> str:
    """The VOD playlist of one file, in segments of whole fragments of about `segment_seconds`.

    Byte ranges of the one file at a URI, or the files that it was cut into. Raises ValueError if a URI cannot
    stand in a playlist.
    """
    if isinstance(media, str):
        media = SingleFile(media)
    segments = segments_of(index, segment_seconds)
    lines = _head([segment.seconds for segment in segments])
    lines += ["#EXT-X-INDEPENDENT-SEGMENTS", _map(index, media)]
    for number, segment in enumerate(segments, start=1):
        lines.append(f"#EXTINF:{float(segment.seconds):.6f},")
        if isinstance(media, SegmentFiles):
            lines.append(_line(media.segment_uri(number)))
        else:
            lines += [f"#EXT-X-BYTERANGE:{segment.size_bytes}@{segment.offset}", media.uri]
    return "\n".join([*lines, "#EXT-X-ENDLIST", ""])


def key_frame_playlist(index: FragmentIndex, media: Media | str, segment_seconds: Fraction) -> str:
    """The I-frame playlist (EXT-X-I-FRAMES-ONLY): each fragment's header with its key frame, for scrubbing.

    Raises ValueError where the index does not tell the key frames.
    """
    if not index.has_key_frames:
        raise ValueError("the index does not tell where the key frames end")
    if isinstance(media, str):
        media = SingleFile(media)
    lines = _head([Fraction(one.duration, index.timescale) for one in index.fragments])
    lines += ["#EXT-X-I-FRAMES-ONLY", _map(index, media)]
    for number, segment in enumerate(segments_of(index, segment_seconds), start=1):
        for fragment in segment.fragments:
            uri, offset = _line(media.uri) if isinstance(media, SingleFile) else "", fragment.offset
            if isinstance(media, SegmentFiles):
                uri, offset = _line(media.segment_uri(number)), fragment.offset - segment.offset
            lines += [
                f"#EXTINF:{fragment.duration / index.timescale:.6f},",
                f"#EXT-X-BYTERANGE:{fragment.key_frame_bytes}@{offset}",
                uri,
            ]
    return "\n".join([*lines, "#EXT-X-ENDLIST", ""])


def text_playlist(segments: Sequence[tuple[str, Fraction]]) -> str:
    """The playlist of WebVTT segments, each a URI and its seconds: one whole file, or many."""
    lines = _head([seconds for _, seconds in segments])
    for uri, seconds in segments:
        lines += [f"#EXTINF:{float(seconds):.6f},", _line(uri)]
    return "\n".join([*lines, "#EXT-X-ENDLIST", ""])


def master_playlist(
    variants: Sequence[Variant],
    audio: Sequence[AudioTrack],
    segment_seconds: Fraction,
    text: Sequence[TextTrack] = (),
) -> str:
    """The multivariant playlist, in the order given; the first audio track of each group is its default.

    Audio of one codec is one group, and each variant is listed with each group, so that a player finds one that
    it can play. Without variants each audio track is a variant of its own, or each group, where there are several
    languages to choose from. Raises ValueError if there is nothing to list.
    """
    if not variants and not audio:
        raise ValueError("a master playlist needs a variant or an audio track")
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
    groups = _groups(audio)
    if not variants:
        return "\n".join([*lines, *_sound_alone(groups, segment_seconds, text), ""])

    for group, tracks in groups.items():
        lines += _audio_media(group, tracks)
    lines += _text_media(text)
    text_rate = BitRate.largest([track.rate for track in text])
    variant_rates = [bit_rate(variant.index, segment_seconds) for variant in variants]
    for group, tracks in (groups or {"": []}).items():
        # A variant must count the most expensive combination that a player may choose (EXT-X-STREAM-INF).
        beside = BitRate.largest([bit_rate(track.index, segment_seconds) for track in tracks]) + text_rate
        for variant, rate in zip(variants, variant_rates, strict=True):
            attributes = list(_picture(variant))
            attributes += [f"AUDIO={_quoted(group)}"] if group else []
            attributes += _text_group(text)
            codecs = list(dict.fromkeys([variant.codec, *(track.codec for track in tracks)]))
            lines += [_stream_inf(rate + beside, codecs, *attributes), _line(variant.uri)]
    lines += [_key_frame_stream_inf(variant) for variant in variants if variant.key_frames_uri is not None]
    return "\n".join([*lines, ""])


def _sound_alone(
    groups: Mapping[str, Sequence[AudioTrack]], segment_seconds: Fraction, text: Sequence[TextTrack]
) -> Iterator[str]:
    yield from _text_media(text)
    words, beside = _text_group(text), BitRate.largest([track.rate for track in text])
    has_languages = len({track.language for tracks in groups.values() for track in tracks}) > 1
    if has_languages:
        for group, tracks in groups.items():
            yield from _audio_media(group, tracks)
    for group, tracks in groups.items():
        rates = [bit_rate(track.index, segment_seconds) for track in tracks]
        if has_languages:
            most = BitRate.largest(rates) + beside
            yield _stream_inf(most, [tracks[0].codec], f"AUDIO={_quoted(group)}", *words)
            yield _line(tracks[0].uri)
            continue
        for track, rate in zip(tracks, rates, strict=True):
            yield _stream_inf(rate + beside, [track.codec], *words)
            yield _line(track.uri)


def _head(durations: Sequence[Fraction]) -> list[str]:
    return [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{target_seconds(durations)}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
    ]


def _map(index: FragmentIndex, media: Media) -> str:
    if isinstance(media, SegmentFiles):
        return f"#EXT-X-MAP:URI={_quoted(media.init_uri)}"
    return f'#EXT-X-MAP:URI={_quoted(media.uri)},BYTERANGE="{index.init_bytes}@0"'


def _groups(audio: Sequence[AudioTrack]) -> dict[str, list[AudioTrack]]:
    """By codec: the tracks of a group have to be interchangeable (section "Rendition Groups")."""
    by_codec: dict[str, list[AudioTrack]] = {}
    for track in audio:
        by_codec.setdefault(track.codec, []).append(track)
    if len(by_codec) == 1:
        return {_AUDIO_GROUP: list(audio)}
    return {f"{_AUDIO_GROUP}-{codec}": tracks for codec, tracks in by_codec.items()}


def _audio_media(group: str, tracks: Sequence[AudioTrack]) -> Iterator[str]:
    """Names differ within a group, and a player chooses by itself only among what differs by language."""
    names = _told_apart([track.name for track in tracks])
    chosen: set[str | None] = set()
    for name, track in zip(names, tracks, strict=True):
        values = ["TYPE=AUDIO", f"GROUP-ID={_quoted(group)}", f"NAME={_quoted(name)}"]
        values += [f"LANGUAGE={_quoted(track.language)}"] if track.language else []
        values.append(f"DEFAULT={_yes(track is tracks[0])},AUTOSELECT={_yes(track.language not in chosen)}")
        values += [f'CHANNELS="{track.channels}"'] if track.channels else []
        yield f"#EXT-X-MEDIA:{','.join(values)},URI={_quoted(track.uri)}"
        chosen.add(track.language)


def _text_group(text: Sequence[TextTrack]) -> list[str]:
    return [f'SUBTITLES="{_TEXT_GROUP}"'] if text else []


def _text_media(text: Sequence[TextTrack]) -> Iterator[str]:
    names = _told_apart([track.name for track in text])
    chosen: set[tuple[str | None, bool]] = set()
    for name, track in zip(names, text, strict=True):
        kind = (track.language, track.is_forced)
        values = ["TYPE=SUBTITLES", f'GROUP-ID="{_TEXT_GROUP}"', f"NAME={_quoted(name)}"]
        values += [f"LANGUAGE={_quoted(track.language)}"] if track.language else []
        values.append(f"DEFAULT=NO,AUTOSELECT={_yes(kind not in chosen)},FORCED={_yes(track.is_forced)}")
        yield f"#EXT-X-MEDIA:{','.join(values)},URI={_quoted(track.uri)}"
        chosen.add(kind)


def _told_apart(names: Sequence[str]) -> list[str]:
    """Each name once: the second "English" is "English 2"."""
    taken: list[str] = []
    for name in names:
        number = 2
        unique = name
        while unique in taken:
            unique, number = f"{name} {number}", number + 1
        taken.append(unique)
    return taken


def _picture(variant: Variant) -> Iterator[str]:
    yield f"RESOLUTION={variant.width}x{variant.height}"
    if variant.frame_rate is not None:
        yield f"FRAME-RATE={float(variant.frame_rate):.3f}"
    yield f"VIDEO-RANGE={variant.video_range}"


def _stream_inf(rate: BitRate, codecs: Sequence[str], *attributes: str) -> str:
    values = [*_rates(rate), f"CODECS={_quoted(','.join(codecs))}", *attributes]
    return f"#EXT-X-STREAM-INF:{','.join(values)}"


def _key_frame_stream_inf(variant: Variant) -> str:
    values = [
        *_rates(key_frame_rate(variant.index)),
        f"CODECS={_quoted(variant.codec)}",
        f"RESOLUTION={variant.width}x{variant.height}",
        f"VIDEO-RANGE={variant.video_range}",
        f"URI={_quoted(variant.key_frames_uri or '')}",
    ]
    return f"#EXT-X-I-FRAME-STREAM-INF:{','.join(values)}"


def _rates(rate: BitRate) -> list[str]:
    return [f"BANDWIDTH={math.ceil(rate.peak)}", f"AVERAGE-BANDWIDTH={math.ceil(rate.average)}"]


def _yes(value: bool) -> str:
    return "YES" if value else "NO"


def _quoted(value: str) -> str:
    """A quoted-string (section "Attribute Lists")."""
    if '"' in value:
        raise ValueError(f"a double quote cannot stand in a playlist: {value!r}")
    return f'"{_line(value)}"'


def _line(value: str) -> str:
    if not value or not value.isprintable() or value.startswith("#"):
        raise ValueError(f"this cannot stand in a playlist: {value!r}")
    return value
