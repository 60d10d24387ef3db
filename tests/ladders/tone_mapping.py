"""HDR brought to SDR by the standards' formulas, pixel by pixel: the reference for what FFmpeg's filters make of it.

ITU-R BT.2100-2 (tables 4 and 5) and BT.2087-0 for the light, J. Hable's curve ("Uncharted 2: HDR Lighting", GDC
2010) over a peak of 1,000 cd/m2 with 100 for white, and BT.1886's gamma for the display.
"""

import math
from functools import lru_cache

_WHITE, _PEAK = 100.0, 1000.0
# BT.2020 to BT.709, BT.2087-0 annex 1.
_TO_709 = (
    (1.6605, -0.5876, -0.0728),
    (-0.1246, 1.1329, -0.0083),
    (-0.0182, -0.1006, 1.1187),
)


@lru_cache(maxsize=64)
def to_sdr(rgb: bytes, hdr: str) -> bytes:
    """Of R'G'B' values of one byte in HLG or PQ with BT.2020's primaries, those of SDR with BT.709's."""
    light = [_light_of(hdr, value) for value in range(256)]
    out = bytearray(len(rgb))
    for start in range(0, len(rgb), 3):
        out[start : start + 3] = _pixel(light[rgb[start]], light[rgb[start + 1]], light[rgb[start + 2]], hdr)
    return bytes(out)


def _light_of(hdr: str, value: int) -> float:
    """Linear: of the scene, 0 to 1, for HLG; of the display, in cd/m2, for PQ."""
    signal = value / 255
    if hdr == "HLG":
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        return signal * signal / 3 if signal <= 0.5 else (math.exp((signal - c) / a) + b) / 12
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    power = signal ** (1 / m2)
    return 10_000 * (max(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1)


def _pixel(red: float, green: float, blue: float, hdr: str) -> bytes:
    if hdr == "HLG":
        scene = 0.2627 * red + 0.6780 * green + 0.0593 * blue
        gain = _PEAK * scene**0.2
        red, green, blue = red * gain, green * gain, blue * gain
    linear = [sum(f * v for f, v in zip(row, (red, green, blue), strict=True)) / _WHITE for row in _TO_709]
    brightest = max(*linear, 1e-6)
    factor = _hable(brightest) / _hable(_PEAK / _WHITE) / brightest
    return bytes(_displayed(round(value * factor, 4)) for value in linear)


def _hable(x: float) -> float:
    a, b, c, d, e, f = 0.15, 0.50, 0.10, 0.20, 0.02, 0.30
    return (x * (x * a + b * c) + d * e) / (x * (x * a + b) + d * f) - e / f


@lru_cache(maxsize=20_000)
def _displayed(light: float) -> int:
    return round(255 * min(max(light, 0.0), 1.0) ** (1 / 2.4))
