"""The codecs parameter of RFC 6381 (https://www.rfc-editor.org/rfc/rfc6381), from a track's sample entry.

A player decides by this string whether it can play a variant at all, so it is read from the file that
was made and never guessed from what was asked for.
"""

import struct
from collections.abc import Callable

from adapters.packaging.boxes import IndexUnreadable, child, children

# ISO/IEC 14496-12, 12.1.3 and 12.2.3: fixed fields before the boxes inside a sample entry.
_VISUAL_FIELDS_BYTES = 78
_AUDIO_FIELDS_BYTES = 28

# ISO/IEC 23091-2, 8.2: PQ and HLG.
_HDR_TRANSFERS = frozenset({16, 18})

_BY_NAME = frozenset({"ac-3", "ec-3", "Opus", "fLaC"})


def codec_of(moov: bytes) -> str:
    """The codec of the first track, such as "avc1.64001e" or "mp4a.40.2". Raises IndexUnreadable."""
    stsd = child(moov, "trak", "mdia", "minf", "stbl", "stsd")
    name, entry = next(children(stsd[8:]), ("", b""))
    if name in _BY_NAME:
        return name
    if name not in _WRITERS:
        raise IndexUnreadable(f"no codec string is known for sample entry {name!r}")
    try:
        return _WRITERS[name](name, entry)
    except (IndexError, KeyError, struct.error) as error:
        raise IndexUnreadable(f"the {name} sample entry is cut short") from error


def _avc(name: str, entry: bytes) -> str:
    """RFC 6381, 3.3: profile, constraints and level as six hexadecimal digits."""
    profile, constraints, level = struct.unpack_from("3B", child(entry[_VISUAL_FIELDS_BYTES:], "avcC"), 1)
    return f"{name}.{profile:02x}{constraints:02x}{level:02x}"


def _hevc(name: str, entry: bytes) -> str:
    """ISO/IEC 14496-15, annex E.3."""
    config = child(entry[_VISUAL_FIELDS_BYTES:], "hvcC")
    general, compatibility = struct.unpack_from(">BI", config, 1)
    constraints, level = config[6:12].rstrip(b"\0"), config[12]
    space = ("", "A", "B", "C")[general >> 6]
    tier = "H" if general & 0x20 else "L"
    reversed_flags = int(f"{compatibility:032b}"[::-1], 2)
    parts = [name, f"{space}{general & 0x1F}", f"{reversed_flags:X}", f"{tier}{level}"]
    return ".".join(parts + [f"{byte:X}" for byte in constraints])


def _av1(name: str, entry: bytes) -> str:
    """AV1 in ISOBMFF, 5: https://aomediacodec.github.io/av1-isobmff/#codecsparam.

    The optional fields as for VP9 below; the colours stand in a colr box (ISO/IEC 14496-12, 12.1.5).
    """
    profile_level, flags = struct.unpack_from("2B", child(entry[_VISUAL_FIELDS_BYTES:], "av1C"), 1)
    tier = "H" if flags & 0x80 else "M"
    depth = 8 if not flags & 0x40 else 12 if flags & 0x20 else 10
    text = f"{name}.{profile_level >> 5}.{profile_level & 0x1F:02d}{tier}.{depth:02d}"
    colours = dict(children(entry[_VISUAL_FIELDS_BYTES:])).get("colr", b"")
    if colours[:4] != b"nclx":
        return text
    primaries, transfer, matrix, full_range = struct.unpack_from(">HHHB", colours, 4)
    if transfer not in _HDR_TRANSFERS:
        return text
    monochrome, horizontal, vertical, position = flags >> 4 & 1, flags >> 3 & 1, flags >> 2 & 1, flags & 3
    chroma = f"{horizontal}{vertical}{position if horizontal and vertical else 0}"
    return f"{text}.{monochrome}.{chroma}.{primaries:02d}.{transfer:02d}.{matrix:02d}.{full_range >> 7}"


def _vp9(name: str, entry: bytes) -> str:
    """VP Codec ISO Media File Format Binding: https://www.webmproject.org/vp9/mp4/#codecs-parameter-string.

    The optional fields are spelled out for HDR alone: without them a player takes the picture for BT.709.
    """
    profile, level, packed, primaries, transfer, matrix = struct.unpack_from(
        "6B", child(entry[_VISUAL_FIELDS_BYTES:], "vpcC"), 4
    )
    text = f"{name}.{profile:02d}.{level:02d}.{packed >> 4:02d}"
    if transfer not in _HDR_TRANSFERS:
        return text
    chroma, full_range = packed >> 1 & 0x07, packed & 1
    return f"{text}.{chroma:02d}.{primaries:02d}.{transfer:02d}.{matrix:02d}.{full_range:02d}"


def _mpeg_audio(name: str, entry: bytes) -> str:
    """RFC 6381, 3.3: object type indication, and for MPEG-4 audio (0x40) the audio object type."""
    descriptors = _descriptors(child(entry[_AUDIO_FIELDS_BYTES:], "esds")[4:])
    object_type = descriptors[0x04][0]
    if object_type != 0x40:
        return f"{name}.{object_type:02x}"
    (first,) = struct.unpack_from(">H", descriptors[0x05])
    audio_object_type = first >> 11
    if audio_object_type == 31:  # an escape: six more bits
        audio_object_type = 32 + (first >> 5 & 0x3F)
    return f"{name}.40.{audio_object_type}"


def _descriptors(data: bytes) -> dict[int, bytes]:
    """The nested descriptors of an esds box by tag (ISO/IEC 14496-1, 7.2.6), each with what it holds."""
    fields_before_children = {0x03: 3, 0x04: 13}
    found: dict[int, bytes] = {}
    position = 0
    while position < len(data):
        tag = data[position]
        position += 1
        size = 0
        while data[position] & 0x80:
            size = size << 7 | data[position] & 0x7F
            position += 1
        size = size << 7 | data[position]
        position += 1
        content = data[position : position + size]
        found[tag] = content
        if tag in fields_before_children:
            found |= _descriptors(content[fields_before_children[tag] :])
        position += size
    return found


_WRITERS: dict[str, Callable[[str, bytes], str]] = {
    "avc1": _avc,
    "avc3": _avc,
    "hvc1": _hevc,
    "hev1": _hevc,
    "av01": _av1,
    "vp09": _vp9,
    "mp4a": _mpeg_audio,
}
