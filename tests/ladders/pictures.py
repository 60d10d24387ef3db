"""What a player shows, as small pictures: decoded, timed, and compared with what it should show.

The reference is decoded by another build of FFmpeg than the one that encoded, and turned, cropped and widened by a
filter that a person has written for this one source; nothing that the product knows about the source is asked.
"""

import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

SIDE = 128
"""Every picture is fitted into a square of so many pixels, upright and undistorted: a wrong shape stands out."""
_WINDOW = 8
_LEAST_SSIM, _MOST_COLOUR_ERROR = 0.965, 3.5
_PIXELS = SIDE * SIDE
_TIME = re.compile(r"\bpts:\s*(-?\d+) .*?\bpts_time:")
_BASE = re.compile(r"config in time_base: (\d+/\d+)")


@dataclass(frozen=True, slots=True)
class Picture:
    """Shown from `seconds` on; `rgb` is SIDE x SIDE pixels of three bytes."""

    seconds: Fraction
    rgb: bytes

    @property
    def luma(self) -> list[int]:
        r, g, b = self.rgb[0::3], self.rgb[1::3], self.rgb[2::3]
        return [(299 * x + 587 * y + 114 * z) // 1000 for x, y, z in zip(r, g, b, strict=True)]

    def number(self, box: tuple[int, int], bits: int) -> int:
        """What the row of squares at the top of a picture in this box says."""
        left, row = (SIDE - box[0]) // 2, (SIDE - box[1]) // 2 + box[1] // 16
        columns = (left + int((bit + 0.5) * box[0] / bits) for bit in range(bits))
        return sum((self.rgb[3 * (row * SIDE + x) + 1] > 127) << bit for bit, x in enumerate(columns))


def box_of(width: Fraction | int, height: Fraction | int) -> tuple[int, int]:
    """How wide and high a picture of this shape is within the square."""
    longer = max(width, height)
    return max(2, round(SIDE * width / longer)), max(2, round(SIDE * height / longer))


def decode(
    ffmpeg: Path,
    file: Path,
    filters: str,
    *,
    stream: str = "v:0",
    box: tuple[int, int],
    options: Sequence[str] = (),
    start: Fraction = Fraction(0),
) -> list[Picture]:
    """Every picture of a stream behind `filters`, fitted into a box; times count from `start` of the file's clock."""
    fit = f"scale={box[0]}:{box[1]}:flags=area+accurate_rnd+full_chroma_int,format=rgb24,pad={SIDE}:{SIDE}:-1:-1"
    chain = ",".join([*([filters] if filters else []), fit, "showinfo=checksum=0"])
    argv = [
        str(ffmpeg), "-nostdin", "-hide_banner", "-nostats", "-v", "info", "-copyts", *options, "-i", str(file),
        "-map", f"0:{stream}", "-vf", chain, "-fps_mode", "passthrough", "-f", "rawvideo", "-",
    ]  # fmt: skip
    done = subprocess.run(argv, capture_output=True, timeout=120)
    told = done.stderr.decode("utf-8", "replace")
    assert done.returncode == 0, told[-2000:]
    base = Fraction(_BASE.findall(told)[-1])
    times = [int(ticks) * base - start for ticks in _TIME.findall(told)]
    size = 3 * _PIXELS
    assert len(done.stdout) == size * len(times), (len(done.stdout) / size, len(times))
    return [
        Picture(seconds, done.stdout[size * number : size * (number + 1)])
        for number, seconds in enumerate(times)
    ]


def ssim(a: list[int], b: list[int]) -> float:
    """Of two lumas, the mean over windows of 8x8 (Wang and others, 2004): 1 for the same picture."""
    total, windows = 0.0, 0
    for top in range(0, SIDE, _WINDOW):
        for left in range(0, SIDE, _WINDOW):
            x: list[int] = []
            y: list[int] = []
            for row in range(top, top + _WINDOW):
                x += a[row * SIDE + left : row * SIDE + left + _WINDOW]
                y += b[row * SIDE + left : row * SIDE + left + _WINDOW]
            total += _window(x, y)
            windows += 1
    return total / windows


def _window(x: list[int], y: list[int]) -> float:
    count = len(x)
    mean_x, mean_y = sum(x) / count, sum(y) / count
    var_x = sum(one * one for one in x) / count - mean_x * mean_x
    var_y = sum(one * one for one in y) / count - mean_y * mean_y
    both = sum(one * other for one, other in zip(x, y, strict=True)) / count - mean_x * mean_y
    low, high = 6.5025, 58.5225
    return (
        (2 * mean_x * mean_y + low) * (2 * both + high)
        / ((mean_x * mean_x + mean_y * mean_y + low) * (var_x + var_y + high))
    )  # fmt: skip


def colour_error(a: bytes, b: bytes) -> float:
    """The mean difference of all values, of 255, in the channel where it is largest."""
    return max(
        sum(abs(x - y) for x, y in zip(a[channel::3], b[channel::3], strict=True)) / _PIXELS
        for channel in range(3)
    )


@dataclass(frozen=True, slots=True)
class Likeness:
    """How near a film is to its reference where they differ most. `shift` is by how many pictures it fits better."""

    ssim: float
    colour_error: float
    shift: int

    def is_good(self, *, has_fields: bool = False) -> bool:
        """Whether it is the film; what was made of fields has lines of its own invention, and gets some leave."""
        most = _MOST_COLOUR_ERROR + (2 if has_fields else 0)
        return self.ssim >= _LEAST_SSIM and self.colour_error <= most and self.shift == 0


def compare(
    shown: Sequence[Picture],
    wanted: Sequence[Picture],
    *,
    slack: Fraction = Fraction(0),
    mapped: Callable[[bytes], bytes] | None = None,
    samples: int = 4,
) -> Likeness:
    """Of some moments: what is shown, beside what the reference shows then.

    `slack` is how far a picture may be beside its time, in seconds: half the distance of two where an uneven source
    was brought to a constant rate, nothing where it was even. `mapped` makes of a reference's pixels what is wanted.
    """
    kept: dict[int, Picture] = {}

    def want(number: int) -> Picture:
        if number not in kept:
            picture = wanted[number]
            kept[number] = picture if mapped is None else Picture(picture.seconds, mapped(picture.rgb))
        return kept[number]

    worst, error, votes = 1.0, 0.0, {-1: 0.0, 0: 0.0, 1: 0.0}
    for sample in range(samples):
        picture = shown[(len(shown) - 1) * sample // max(1, samples - 1)]
        due = numbers_at(wanted, picture.seconds, slack)
        # To map is dear: other films tell whether a picture comes too early or too late.
        more = 0 if mapped else 1
        near = range(max(0, due[0] - more), min(len(wanted), due[-1] + 1 + more))
        mine = picture.luma
        found = {number: ssim(mine, want(number).luma) for number in near}
        best = max(due, key=lambda number: found[number])
        worst = min(worst, found[best])
        error = max(error, colour_error(picture.rgb, want(best).rgb))
        votes[0] += found[best]
        votes[-1] += found.get(due[0] - 1, found[best])
        votes[1] += found.get(due[-1] + 1, found[best])
    shift = max(votes, key=lambda one: (round(votes[one] / samples, 3), one == 0))
    return Likeness(worst, error, shift)


def _at(pictures: Sequence[Picture], seconds: Fraction) -> int:
    """The one that is shown then: the last that has begun, or the first."""
    begun = [number for number, one in enumerate(pictures) if one.seconds <= seconds + Fraction(1, 2000)]
    return begun[-1] if begun else 0


def numbers_at(pictures: Sequence[Picture], seconds: Fraction, slack: Fraction) -> range:
    """Positions of the pictures that may be shown then."""
    return range(_at(pictures, seconds - slack), _at(pictures, seconds + slack) + 1)


def combing(ffmpeg: Path, file: Path) -> float:
    """How much more neighbouring lines differ than every second one: above 1 where two moments are interleaved.

    Of the whole film, in its own size, the upper eighth left out, where a clean edge may lie between two lines.
    """
    chain = "format=gray,crop=iw:ih*3/4:0:ih/4"
    pgm = [str(ffmpeg), "-v", "error", "-i", str(file), "-vf", chain, "-frames:v", "1"]
    pgm += ["-f", "image2pipe", "-c:v", "pgm", "-"]
    size = subprocess.run(pgm, capture_output=True, timeout=60, check=True).stdout.split(b"\n", 3)
    width, height = map(int, size[1].split())
    argv = [str(ffmpeg), "-v", "error", "-i", str(file), "-vf", f"{chain},framestep=8", "-f", "rawvideo", "-"]
    data = subprocess.run(argv, capture_output=True, timeout=60, check=True).stdout
    near = far = 0
    for start in range(0, len(data), width * height):
        lines = [data[start + row * width : start + (row + 1) * width : 4] for row in range(height)]
        for one, two, three in zip(lines, lines[1:], lines[2:], strict=False):
            near += sum(abs(a - b) for a, b in zip(one, two, strict=True))
            far += sum(abs(a - b) for a, b in zip(one, three, strict=True))
    return near / max(far, 1)
