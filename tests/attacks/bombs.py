"""Small files that unfold to gigabytes: pictures and streams that claim 16000 x 16000."""

import struct
import zlib

SIDE = 16_000


def gif() -> bytes:
    """A kilobyte: one frame of one colour, its pixels missing. GIF89a."""
    size = struct.pack("<HH", SIDE, SIDE)
    screen = b"GIF89a" + size + b"\x80\x00\x00" + b"\x00\x00\x00\xff\xff\xff"
    frame = b"\x2c\x00\x00\x00\x00" + size + b"\x00"
    pixels = b"\x02\xff" + b"\x24" * 255 + b"\xff" + b"\x24" * 255 + b"\x00"
    return screen + frame + pixels + b"\x3b"


def png() -> bytes:
    """One bit a pixel, all black. PNG, second edition."""
    rows = zlib.compressobj(9)
    row = bytes(1 + SIDE // 8)
    packed = b"".join(rows.compress(row) for _ in range(SIDE)) + rows.flush()
    head = struct.pack(">IIBBBBB", SIDE, SIDE, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", packed), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def h264() -> bytes:
    """Parameter sets of a huge picture, and the beginnings of some: ITU-T H.264, sections 7.3.2 and 7.3.3."""
    macroblocks = SIDE // 16
    sps = _Bits()
    sps.put(66, 8).put(0, 8).put(62, 8)  # baseline, level 6.2
    for value in (0, 0, 2, 0):  # id, log2_max_frame_num, pic_order_cnt_type, max_num_ref_frames
        sps.golomb(value)
    sps.put(0, 1).golomb(macroblocks - 1).golomb(macroblocks - 1)
    sps.put(1, 1).put(0, 1).put(0, 1).put(0, 1)  # frame_mbs_only, no direct_8x8, no cropping, no vui
    pps = _Bits().golomb(0).golomb(0).put(0, 2).golomb(0).golomb(0).golomb(0).put(0, 3)
    pps.golomb(0).golomb(0).golomb(0).put(0, 3)
    picture = _Bits().golomb(0).golomb(7).golomb(0).put(0, 4).golomb(0).put(0, 2).golomb(0)
    for _ in range(200):
        picture.golomb(25).put(0, 8)
    return b"".join(
        b"\x00\x00\x00\x01" + bytes([kind]) + bits.trailed()
        for kind, bits in ((0x67, sps), (0x68, pps), *((0x65, picture) for _ in range(4)))
    )


class _Bits:
    def __init__(self) -> None:
        self._bits: list[str] = []

    def put(self, value: int, width: int) -> "_Bits":
        self._bits.append(format(value, f"0{width}b"))
        return self

    def golomb(self, value: int) -> "_Bits":
        """ue(v): as many zeros in front as the number plus one has bits after its first."""
        written = format(value + 1, "b")
        self._bits.append("0" * (len(written) - 1) + written)
        return self

    def trailed(self) -> bytes:
        """With the stop bit, and 3 after two zero bytes, so that it holds no start code."""
        text = "".join(self._bits) + "1"
        text += "0" * (-len(text) % 8)
        raw = int(text, 2).to_bytes(len(text) // 8, "big")
        return b"".join(
            b"\x03" + raw[at : at + 1]
            if raw[max(0, at - 2) : at] == b"\0\0" and raw[at] < 4
            else raw[at : at + 1]
            for at in range(len(raw))
        )


BOMBS = {"gif": gif, "png": png, "h264": h264}
