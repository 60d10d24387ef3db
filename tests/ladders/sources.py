"""Sources that no folder of real films has: each with one property that makes a wrong picture where it is overlooked.

Every picture carries its number in a row of twelve squares at its top, black for 0 and white for 1, so that what a
player shows at a moment can be told exactly, at any size and after any encoder.
"""

import struct
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

BITS = 12
_X264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "14", "-g", "12", "-bf", "2")
_709 = "setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=limited"
_TONE = "sine=f={hertz}:r=48000:d={seconds}"


@dataclass(frozen=True, slots=True)
class Studio:
    ffmpeg: Path
    folder: Path

    def __call__(self, *arguments: str | Path) -> None:
        """Run FFmpeg, which must end with 0."""
        argv = [
            str(one) for one in (self.ffmpeg, "-nostdin", "-hide_banner", "-v", "error", "-y", *arguments)
        ]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr

    def file(self, name: str) -> Path:
        return self.folder / name


def stamped(size: str, rate: str = "25", seconds: float = 1.6) -> tuple[str, ...]:
    """Moving colours of BT.709 with the number of each picture, as an input."""
    squares = ",".join(
        f"drawbox=x=iw*{bit}/{BITS}:y=0:w=iw/{BITS}:h=ih/8:c=white:t=fill:enable='mod(floor(n/{1 << bit})\\,2)'"
        for bit in range(BITS)
    )
    graph = (
        f"testsrc2=s={size}:r={rate}:d={seconds},scale=out_color_matrix=bt709:out_range=limited,"
        f"drawbox=x=0:y=0:w=iw:h=ih/8:c=black:t=fill,{squares},format=yuv420p,{_709}"
    )
    return ("-f", "lavfi", "-i", graph)


def tone(hertz: int, seconds: float = 1.6) -> tuple[str, ...]:
    return ("-f", "lavfi", "-i", _TONE.format(hertz=hertz, seconds=seconds))


def anamorphic(make: Studio) -> Path:
    """PAL for wide screens: 720x576 pixels of 64:45."""
    target = make.file("anamorphic.mp4")
    make(*stamped("1024x576"), *tone(500), "-vf", "scale=720:576,setsar=64/45", *_X264, "-c:a", "aac", target)
    return target


def turned_anamorphic(make: Studio) -> Path:
    """Wide pixels in a picture that is turned by a quarter: the pixels stand upright."""
    flat = make.file("flat.mp4")
    make(*stamped("320x480"), "-vf", "transpose=cclock,scale=360:320,setsar=4/3", *_X264, flat)
    target = make.file("turned_anamorphic.mp4")
    make("-display_rotation", "-90", "-i", flat, "-c", "copy", target)
    return target


def upside_down(make: Studio) -> Path:
    flat = make.file("flat.mp4")
    make(*stamped("480x270"), "-vf", "hflip,vflip", *_X264, flat)
    target = make.file("upside_down.mp4")
    make("-display_rotation", "180", "-i", flat, "-c", "copy", target)
    return target


def mirrored(make: Studio) -> Path:
    """A selfie camera's film."""
    flat = make.file("flat.mp4")
    make(*stamped("480x270"), "-vf", "hflip", *_X264, flat)
    target = make.file("mirrored.mp4")
    make("-display_hflip", "-i", flat, "-c", "copy", target)
    return target


def interlaced(make: Studio) -> Path:
    """50 fields a second, the upper ones first, in a transport stream whose clock starts at 1.4 s."""
    target = make.file("interlaced.ts")
    fields = "tinterlace=interleave_top,setfield=tff,format=yuv420p"
    flags = ("-flags", "+ildct+ilme", "-x264opts", "tff=1")
    make(*stamped("480x272", "50"), *tone(500), "-vf", fields, *_X264, *flags, "-c:a", "aac", target)
    return target


def pq(make: Studio) -> Path:
    """HDR10 with its mastering display and light levels."""
    target = make.file("pq.mp4")
    colours = "zscale=tin=709:min=709:pin=709:t=smpte2084:p=2020:m=2020_ncl:npl=300,format=yuv420p10le"
    display = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
    light = f"hdr10=1:master-display={display}:max-cll=1000,400"
    x265 = f"log-level=none:keyint=25:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:{light}"
    codec = ("-c:v", "libx265", "-preset", "veryfast", "-crf", "14", "-tag:v", "hvc1", "-x265-params", x265)
    make(*stamped("480x270", seconds=1.2), "-vf", colours, *codec, target)
    return target


def full_range(make: Studio) -> Path:
    target = make.file("full_range.mp4")
    make(*stamped("480x270"), "-vf", "scale=out_range=full", "-color_range", "pc", *_X264, target)
    return target


def rgb(make: Studio) -> Path:
    """A screen recording."""
    target = make.file("rgb.mkv")
    make(
        *stamped("1280x720", seconds=1.2), "-vf", "scale=in_color_matrix=bt709,format=gbrp",
        "-c:v", "libx264rgb", "-qp", "8", "-preset", "veryfast", "-g", "12", target,
    )  # fmt: skip
    return target


def unsaid(make: Studio) -> Path:
    """HD that says nothing of its colours, as most films of the last twenty years."""
    target = make.file("unsaid.mp4")
    none = "setparams=color_primaries=unknown:color_trc=unknown:colorspace=unknown:range=unknown"
    make(*stamped("1280x720", seconds=1.2), "-vf", none, *_X264, target)
    return target


def edited(make: Studio) -> Path:
    """An edit list that begins between two key frames, at the 14th picture."""
    whole, target = make.file("whole.mp4"), make.file("edited.mp4")
    make(*stamped("480x270", seconds=2.4), *tone(500, 2.4), *_X264, "-c:a", "aac", whole)
    make("-ss", "0.56", "-i", whole, "-c", "copy", target)
    return target


def late_sound(make: Studio) -> Path:
    """Sound that starts 0.6 s after the picture, by an empty edit."""
    target = make.file("late_sound.mp4")
    make(*stamped("480x270"), "-itsoffset", "0.6", *tone(500, 1.0), *_X264, "-c:a", "aac", target)
    return target


def late_picture(make: Studio) -> Path:
    """A picture that starts 0.6 s after the sound: its first stands until it moves."""
    target = make.file("late_picture.mkv")
    make("-itsoffset", "0.6", *stamped("480x270", seconds=1.0), *tone(500), *_X264, "-c:a", "aac", target)
    return target


def uneven(make: Studio) -> Path:
    """Pictures as they come: two of seven are missing, the rest up to 15 ms beside their time."""
    target = make.file("uneven.mkv")
    uneven = "select='not(eq(mod(n\\,7)\\,3)+eq(mod(n\\,7)\\,4))',setpts='PTS+mod(N*7\\,16)/1000/TB'"
    make(*stamped("480x270", "30", 4), "-vf", uneven, "-fps_mode", "passthrough", *_X264, target)
    return target


def odd(make: Studio) -> Path:
    target = make.file("odd.mp4")
    make(*stamped("480x270"), "-vf", "scale=427:241,format=yuv444p", *_X264, target)
    return target


def cropped(make: Studio) -> Path:
    """640x360, of which the container shows the middle 480x360 (ISO/IEC 14496-12, 12.1.4: clap)."""
    flat, target = make.file("flat.mp4"), make.file("cropped.mp4")
    make(*stamped("480x360"), "-vf", "pad=640:360:80:0:red", *_X264, flat)
    data = bytearray(flat.read_bytes())
    spans, start, end = [], 0, len(data)
    for kind, fields in (
        (b"moov", 0),
        (b"trak", 0),
        (b"mdia", 0),
        (b"minf", 0),
        (b"stbl", 0),
        (b"stsd", 8),
        (b"avc1", 0),
    ):
        while data[start + 4 : start + 8] != kind:
            start += int.from_bytes(data[start : start + 4], "big")
        spans.append(start)
        end, start = start + int.from_bytes(data[start : start + 4], "big"), start + 8 + fields
    clap = struct.pack(">I4s8i", 40, b"clap", 480, 1, 360, 1, 0, 1, 0, 1)
    for position in spans:
        size = int.from_bytes(data[position : position + 4], "big") + len(clap)
        data[position : position + 4] = size.to_bytes(4, "big")
    data[end:end] = clap
    target.write_bytes(data)
    return target


def with_cover(make: Studio) -> Path:
    """A cover that is larger than the film, and comes before it."""
    cover, target = make.file("cover.jpg"), make.file("with_cover.mp4")
    make("-f", "lavfi", "-i", "color=red:s=1000x1000", "-frames:v", "1", cover)
    streams = ("-map", "0", "-map", "1", "-c:v:0", "copy", "-disposition:v:0", "attached_pic")
    x264 = ("-c:v:1", "libx264", "-preset", "veryfast", "-crf", "14", "-g:v:1", "12")
    make("-i", cover, *stamped("480x270"), *streams, *x264, target)
    return target


def two_films(make: Studio) -> Path:
    """A small picture first, the large one second; neither is the default."""
    target = make.file("two_films.mkv")
    streams = ("-map", "0:v", "-map", "1:v", "-disposition", "0", "-default_mode", "passthrough")
    make("-f", "lavfi", "-i", "color=red:s=160x90:d=1.6", *stamped("480x270"), *streams, *_X264, target)
    return target


LANGUAGES = {"eng": 400, "ger": 800, "fre": 1600}
"""Of `languages`, each with the frequency of its tone in Hz."""


def languages(make: Studio) -> Path:
    target, inputs, maps = make.file("languages.mkv"), [*stamped("480x270")], ["-map", "0:v"]
    for number, (language, hertz) in enumerate(LANGUAGES.items()):
        inputs += tone(hertz)
        maps += ["-map", f"{number + 1}:a", f"-metadata:s:a:{number}", f"language={language}"]
    make(
        *inputs,
        *maps,
        "-disposition:a:1",
        "default",
        "-disposition:a:0",
        "0",
        *_X264,
        "-c:a",
        "libopus",
        target,
    )
    return target


def surround(make: Studio) -> Path:
    """5.1 in AC-3: a tone in the front left, another in the back right."""
    target = make.file("surround.mkv")
    channels = "|".join(("0.5*sin(2*PI*500*t)", *(["0"] * 4), "0.5*sin(2*PI*1500*t)"))
    sound = ("-f", "lavfi", "-i", f"aevalsrc={channels}:c=5.1:s=48000:d=1.6")
    make(*stamped("480x270"), *sound, *_X264, "-c:a", "ac3", target)
    return target


MADE: dict[str, Callable[[Studio], Path]] = {
    one.__name__: one
    for one in (
        anamorphic, turned_anamorphic, upside_down, mirrored, interlaced, pq, full_range, rgb, unsaid, edited,
        late_sound, late_picture, uneven, odd, cropped, with_cover, two_films, languages, surround,
    )
}  # fmt: skip
