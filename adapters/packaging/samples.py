"""The first sample of a movie fragment (ISO/IEC 14496-12, 8.8): where its key frame ends."""

import struct

from adapters.packaging.boxes import IndexUnreadable, children

_BOX_HEADER_BYTES = 8

# tfhd, 8.8.7.1: which optional fields stand before the ones that are wanted.
_BASE_DATA_OFFSET, _DESCRIPTION, _DEFAULT_DURATION = 0x01, 0x02, 0x08
_DEFAULT_SIZE, _DEFAULT_FLAGS = 0x10, 0x20
# trun, 8.8.8.1.
_DATA_OFFSET, _FIRST_FLAGS, _DURATION, _SIZE, _FLAGS = 0x001, 0x004, 0x100, 0x200, 0x400
_NOT_SYNC = 0x10000  # 8.8.3.1


def key_frame_bytes(moof: bytes) -> int:
    """From the start of the moof box, whose payload this is, to the end of its first sample; 0 if that is no key frame.

    0 as well where the fragment leaves it to other boxes to say so: several tracks, defaults in the moov, an
    absolute offset. Raises IndexUnreadable for a fragment that is cut short.
    """
    trafs = [payload for kind, payload in children(moof) if kind == "traf"]
    if len(trafs) != 1:
        return 0
    found = dict(reversed(list(children(trafs[0]))))  # the first of each kind
    if "tfhd" not in found or "trun" not in found:
        return 0
    try:
        return _first_sample_end(found["tfhd"], found["trun"])
    except struct.error as error:
        raise IndexUnreadable("a movie fragment is cut short") from error


def _first_sample_end(tfhd: bytes, trun: bytes) -> int:
    (tf_flags,) = struct.unpack_from(">I", tfhd)
    if tf_flags & _BASE_DATA_OFFSET:
        return 0
    position = 8  # version, flags, track
    position += 4 * bool(tf_flags & _DESCRIPTION) + 4 * bool(tf_flags & _DEFAULT_DURATION)
    size, position = _field(tfhd, position, bool(tf_flags & _DEFAULT_SIZE))
    flags, _ = _field(tfhd, position, bool(tf_flags & _DEFAULT_FLAGS))

    tr_flags, count = struct.unpack_from(">II", trun)
    data_offset, position = _field(trun, 8, bool(tr_flags & _DATA_OFFSET))
    first_flags, position = _field(trun, position, bool(tr_flags & _FIRST_FLAGS))
    position += 4 * bool(tr_flags & _DURATION)
    own_size, position = _field(trun, position, bool(tr_flags & _SIZE))
    own_flags, _ = _field(trun, position, bool(tr_flags & _FLAGS))

    size = own_size if own_size is not None else size
    flags = next((one for one in (first_flags, own_flags, flags) if one is not None), None)
    if not count or size is None or flags is None or data_offset is None or flags & _NOT_SYNC:
        return 0
    return data_offset + size


def _field(box: bytes, position: int, is_there: bool) -> tuple[int | None, int]:
    """An optional field of 32 bits, and where the next one stands."""
    if not is_there:
        return None, position
    (value,) = struct.unpack_from(">I", box, position)
    return int(value), position + 4
