"""An MPEG-DASH manifest over CMAF files: indexes in, XML out.

Source: ISO/IEC 23009-1 (clauses in brackets). Byte ranges of one file for each rendition are the on-demand
profile (8.3): the player reads the sidx in front of each file. Files cut into segments are the live profile
(8.4) with everything listed, which is no live stream: the MPD stays static.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from adapters.packaging.timeline import Segment, bit_rate, seconds_of, segments_of, steady_rate
from adapters.packaging.tracks import AudioTrack, Media, SegmentFiles, SingleFile, TextTrack, VideoTrack

_PROFILES = {
    SingleFile: "urn:mpeg:dash:profile:isoff-on-demand:2011",
    SegmentFiles: "urn:mpeg:dash:profile:isoff-live:2011",
}
_CICP = "urn:mpeg:mpegB:cicp:"
# ISO/IEC 23091-3, 6.2; up to six channels the value is their number.
_CHANNEL_CONFIGURATIONS = {7: 11, 8: 12}
# ISO/IEC 23091-2, 8.2.
_TRANSFERS = {"PQ": 16, "HLG": 18}
_BT2020 = 9


@dataclass(frozen=True, slots=True)
class Representation:
    """A track and where its bytes are; `name` is unique in the manifest. The track's own `uri` is not read."""

    name: str
    track: VideoTrack | AudioTrack
    media: Media


def manifest(
    representations: Sequence[Representation], text: Sequence[TextTrack], segment_seconds: Fraction
) -> str:
    """The MPD, one period long. All media are of one kind: single files, or segments.

    Raises ValueError if there is nothing to list, if the media are mixed, if an index does not tell where its
    sidx lies, or if a URI cannot stand in a manifest.
    """
    kinds = {type(one.media) for one in representations}
    if len(kinds) != 1:
        raise ValueError("a manifest needs representations, all as single files or all in segments")
    (kind,) = kinds
    seconds = max(seconds_of(one.track.index) for one in representations)
    # A player that holds so much may start: no segment lasts longer, so the next is there in time (5.3.5.2).
    buffer_seconds = max(
        segment.seconds
        for one in representations
        for segment in segments_of(one.track.index, segment_seconds)
    )
    mpd = Element(
        "MPD",
        {
            "xmlns": "urn:mpeg:dash:schema:mpd:2011",
            "profiles": _PROFILES[kind],
            "type": "static",
            "mediaPresentationDuration": _duration(seconds),
            "minBufferTime": _duration(buffer_seconds),
        },
    )
    period = SubElement(mpd, "Period", {"id": "0", "start": "PT0S"})
    sets: dict[tuple[str, ...], list[Representation]] = {}
    for one in representations:
        sets.setdefault(_set_key(one), []).append(one)
    sounds = [members[0].track for members in sets.values() if isinstance(members[0].track, AudioTrack)]
    for number, members in enumerate(sets.values()):
        element = _adaptation_set(period, number, members, segment_seconds)
        track = members[0].track
        if isinstance(track, AudioTrack):
            if len(sounds) > 1:
                SubElement(element, "Label").text = track.name
            _role(element, "main" if track is sounds[0] else "alternate")
        for one in members:
            _representation(element, one, segment_seconds, buffer_seconds)
    for number, subtitles in enumerate(text, start=len(sets)):
        _subtitles(period, number, subtitles)
    indent(mpd)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(mpd, encoding="unicode") + "\n"


def _set_key(one: Representation) -> tuple[str, ...]:
    """What a player may switch between without a new decoder is one adaptation set (5.3.3)."""
    track = one.track
    family = track.codec.partition(".")[0]
    if isinstance(track, VideoTrack):
        return ("video", family, track.video_range)
    return ("audio", track.codec, track.language or "", track.name, str(track.channels))


def _adaptation_set(
    period: Element, number: int, members: Sequence[Representation], segment_seconds: Fraction
) -> Element:
    tracks = [one.track for one in members]
    first = tracks[0]
    kind = "video" if isinstance(first, VideoTrack) else "audio"
    attributes = {"id": str(number), "contentType": kind, "mimeType": f"{kind}/mp4"}
    if isinstance(first, AudioTrack) and first.language:
        attributes["lang"] = first.language
    pictures = [track for track in tracks if isinstance(track, VideoTrack)]
    if pictures:
        attributes |= {
            "maxWidth": str(max(track.width for track in pictures)),
            "maxHeight": str(max(track.height for track in pictures)),
        }
    in_segments = isinstance(members[0].media, SegmentFiles)
    prefix = ("segment", "startWithSAP") if in_segments else ("subsegment", "subsegmentStartsWithSAP")
    if _are_aligned(members, segment_seconds, in_segments=in_segments):
        attributes[f"{prefix[0]}Alignment"] = "true"
    if all(_starts_with_sap(track) for track in tracks):
        attributes[prefix[1]] = "1"
    element = SubElement(period, "AdaptationSet", attributes)
    if isinstance(first, VideoTrack) and first.video_range != "SDR":
        # PQ shown as SDR is a wrong picture: a player that does not know the property leaves the set alone.
        name = "EssentialProperty" if first.video_range == "PQ" else "SupplementalProperty"
        for scheme, value in (
            ("ColourPrimaries", _BT2020),
            ("TransferCharacteristics", _TRANSFERS[first.video_range]),
            ("MatrixCoefficients", _BT2020),
        ):
            SubElement(element, name, {"schemeIdUri": f"{_CICP}{scheme}", "value": str(value)})
    return element


def _starts_with_sap(track: VideoTrack | AudioTrack) -> bool:
    """Unless some fragments are known to start with a key frame and others are not."""
    known = [bool(fragment.key_frame_bytes) for fragment in track.index.fragments]
    return all(known) or not any(known)


def _are_aligned(members: Sequence[Representation], segment_seconds: Fraction, *, in_segments: bool) -> bool:
    """Whether all switch at the same moments: rungs on the grid do, a copy beside them does not."""
    durations = set()
    for one in members:
        index = one.track.index
        ticks = [fragment.duration for fragment in index.fragments]
        if in_segments:
            ticks = [segment.duration for segment in segments_of(index, segment_seconds)]
        # The last one may end with its own stream.
        durations.add(tuple(Fraction(duration, index.timescale) for duration in ticks[:-1]))
    return len(durations) == 1


def _representation(
    element: Element, one: Representation, segment_seconds: Fraction, buffer_seconds: Fraction
) -> None:
    track, index = one.track, one.track.index
    segments = segments_of(index, segment_seconds)
    # The peak, as HLS tells it, counts no segments that are too short; a player may start with them.
    bandwidth = math.ceil(
        steady_rate(segments, buffer_seconds, at_least=bit_rate(index, segment_seconds).peak)
    )
    attributes = {"id": one.name, "bandwidth": str(bandwidth), "codecs": track.codec}
    if isinstance(track, VideoTrack):
        attributes |= {
            "width": str(round(track.width / track.sample_aspect_ratio)),
            "height": str(track.height),
            "sar": _ratio(track.sample_aspect_ratio),
        }
        if track.frame_rate is not None:
            attributes["frameRate"] = str(track.frame_rate)
    elif track.sample_rate_hz:
        attributes["audioSamplingRate"] = str(track.sample_rate_hz)
    child = SubElement(element, "Representation", attributes)
    if isinstance(track, AudioTrack) and track.channels:
        value = _CHANNEL_CONFIGURATIONS.get(track.channels, track.channels)
        scheme = {"schemeIdUri": f"{_CICP}ChannelConfiguration", "value": str(value)}
        SubElement(child, "AudioChannelConfiguration", scheme)
    if isinstance(one.media, SingleFile):
        if not index.sidx_bytes:
            raise ValueError(f"the index of {one.name!r} does not tell where its sidx lies")
        SubElement(child, "BaseURL").text = _uri(one.media.uri)
        base = {
            "timescale": str(index.timescale),
            "indexRange": _range(index.sidx_offset, index.sidx_bytes),
            "indexRangeExact": "true",
        }
        initialization = {"range": _range(0, index.init_bytes)}
        SubElement(SubElement(child, "SegmentBase", base), "Initialization", initialization)
    else:
        template = {
            "timescale": str(index.timescale),
            "initialization": _uri(one.media.init_uri),
            "media": _uri(one.media.template),
            "startNumber": "1",
        }
        timeline = SubElement(SubElement(child, "SegmentTemplate", template), "SegmentTimeline")
        _timeline(timeline, segments)


def _timeline(element: Element, segments: Iterable[Segment]) -> None:
    """S elements, equal durations as one (5.3.9.6)."""
    is_first = True
    for duration, group in groupby(segments, key=lambda segment: segment.duration):
        members = list(group)
        attributes = {"t": str(members[0].start)} if is_first else {}
        attributes["d"] = str(duration)
        attributes |= {"r": str(len(members) - 1)} if len(members) > 1 else {}
        SubElement(element, "S", attributes)
        is_first = False


def _subtitles(period: Element, number: int, track: TextTrack) -> None:
    attributes = {"id": str(number), "contentType": "text", "mimeType": "text/vtt"}
    attributes |= {"lang": track.language} if track.language else {}
    element = SubElement(period, "AdaptationSet", attributes)
    SubElement(element, "Label").text = track.name
    _role(element, "forced-subtitle" if track.is_forced else "subtitle")
    bandwidth = str(math.ceil(track.rate.average))
    child = SubElement(element, "Representation", {"id": f"text-{number}", "bandwidth": bandwidth})
    SubElement(child, "BaseURL").text = _uri(track.file_uri)


def _role(element: Element, value: str) -> None:
    SubElement(element, "Role", {"schemeIdUri": "urn:mpeg:dash:role:2011", "value": value})


def _duration(seconds: Fraction) -> str:
    """xs:duration, to the microsecond."""
    return f"PT{float(seconds):.6f}".rstrip("0").rstrip(".") + "S"


def _range(offset: int, size_bytes: int) -> str:
    """Both ends belong to it (RFC 9110, 14.1.2)."""
    return f"{offset}-{offset + size_bytes - 1}"


def _ratio(value: Fraction) -> str:
    return f"{value.numerator}:{value.denominator}"


def _uri(value: str) -> str:
    if not value or not value.isprintable() or any(one in value for one in ' <>"{}|\\^`'):
        raise ValueError(f"this cannot stand in a manifest: {value!r}")
    return value
