"""Pictures, previews and waveforms: the command lines whole, and what they make for real."""

import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from adapters.ffmpeg.extras import FORMATS, ExtraEncode, ExtraFormat, build_extra_argv, sprite_vtt, tiles
from adapters.ffmpeg.probe import run_probe

FFMPEG, SOURCE, TARGET = Path("/opt/ffmpeg"), Path("/job/in/0.bin"), Path("/job/out/x")
HEAD = (
    "/opt/ffmpeg -nostdin -hide_banner -nostats -loglevel level+warning -y"
    " -progress pipe:1 -stats_period 0.5{} INPUT"
)
TAIL = "-sn -dn -map_metadata -1 -map_chapters -1 -fflags +bitexact file:/job/out/x"
THUMBNAIL = ExtraEncode("thumbnail", "jpeg", 0, 640, 360, at_seconds=5.0)
CLIP = ExtraEncode(
    "preview_clip", "mp4", 0, 320, 180, at_seconds=1.0, duration_seconds=2.0, audio_stream_index=1
)
ANIMATED = ExtraEncode("animated_preview", "webp", 0, 160, 90, at_seconds=1.0, duration_seconds=2.0)
SPRITES = ExtraEncode("sprite_sheet", "jpeg", 0, 160, 90, interval_seconds=1.0, columns=3, rows=2)
WAVEFORM = ExtraEncode("waveform", "png", 1, 640, 120)
GOLDEN = {
    "thumbnail": (
        THUMBNAIL,
        HEAD.format(" -ss 5.000000")
        + " -map 0:0 -an -filter:v scale=640:360:flags=bicubic:out_color_matrix=smpte170m,setsar=1"
        + f" -frames:v 1 -c:v mjpeg -q:v 3 -pix_fmt yuvj420p -f image2 -update 1 {TAIL}",
    ),
    "hdr_poster": (
        replace(THUMBNAIL, kind="poster", format="webp", at_seconds=0.0, tone_map=True, deinterlace=True),
        HEAD.format("")
        + " -map 0:0 -an -filter:v bwdif=mode=send_frame:parity=auto:deint=all,scale=640:360:flags=bicubic,setsar=1,"
        + "zscale=pin=2020:min=2020_ncl:t=linear:npl=100,format=gbrpf32le,zscale=p=709,"
        + "tonemap=tonemap=hable:desat=0,zscale=t=709:m=709:r=limited,format=yuv420p,scale=out_color_matrix=smpte170m"
        + f" -frames:v 1 -c:v libwebp -quality 80 -pix_fmt yuv420p -f image2 -update 1 {TAIL}",
    ),
    "clip": (
        CLIP,
        HEAD.format(" -ss 1.000000 -t 2.000000")
        + " -map 0:0 -filter:v scale=320:180:flags=bicubic,setsar=1"
        + " -c:v libx264 -preset veryfast -profile:v high -pix_fmt yuv420p -crf 23"
        + " -map 0:1 -filter:a aresample=async=1:first_pts=0 -c:a aac -b:a 128k -ac:a 2 -ar:a 48000"
        + f" -movflags +faststart -f mp4 {TAIL}",
    ),
    "gif": (
        replace(ANIMATED, format="gif"),
        HEAD.format(" -ss 1.000000 -t 2.000000")
        + " -map 0:0 -an -filter:v fps=10,scale=160:90:flags=bicubic,setsar=1,"
        + "split[a][b];[a]palettegen=stats_mode=diff[p];[b][p]paletteuse=dither=bayer"
        + f" -c:v gif -loop 0 -f gif {TAIL}",
    ),
    "sprites": (
        SPRITES,
        HEAD.format("")
        + " -map 0:0 -an -filter:v fps=1/1:start_time=0,scale=160:90:flags=bicubic:out_color_matrix=smpte170m,"
        + "setsar=1,tile=3x2"
        + f" -frames:v 1 -c:v mjpeg -q:v 3 -pix_fmt yuvj420p -f image2 -update 1 {TAIL}",
    ),
    "waveform": (
        WAVEFORM,
        HEAD.format("")
        + " -filter_complex [0:1]aformat=channel_layouts=mono,showwavespic=s=640x120:colors=0x4a7dff[wave]"
        + f" -map [wave] -frames:v 1 -c:v png -pix_fmt rgb24 -f image2 -update 1 {TAIL}",
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_the_command_line_is_the_golden_one(name: str) -> None:
    extra, golden = GOLDEN[name]
    argv = list(build_extra_argv(extra, ffmpeg=FFMPEG, source=SOURCE, target=TARGET))
    argv[argv.index("-max_alloc") : argv.index("-i") + 2] = ["INPUT"]
    assert " ".join(argv) == golden


@pytest.mark.parametrize("name", GOLDEN)
def test_an_extra_survives_its_way_through_json(name: str) -> None:
    extra, _ = GOLDEN[name]
    assert ExtraEncode.from_json(json.loads(json.dumps(extra.to_json()))) == extra


def made(extra: ExtraEncode, ffmpeg: Path, source: Path, folder: Path) -> Path:
    target = folder / f"{extra.kind}.{extra.format}"
    argv = build_extra_argv(extra, ffmpeg=ffmpeg, source=source, target=target)
    completed = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert completed.returncode == 0, completed.stderr
    return target


def look(ffmpeg: Path, file: Path) -> tuple[str, int, int, list[bytes]]:
    """Codec, size and the pictures of a file in grey, by FFmpeg itself: ffprobe's build knows no PNG."""
    argv: list[str | Path] = [
        ffmpeg,
        "-hide_banner",
        "-i",
        file,
        "-fps_mode",
        "passthrough",
        "-pix_fmt",
        "gray",
        "-f",
        "rawvideo",
        "-",
    ]
    completed = subprocess.run(argv, capture_output=True, timeout=60)
    codec, width, height = re.findall(r"Video: (\w+).*? (\d+)x(\d+)", completed.stderr.decode())[0]
    size = int(width) * int(height)
    grey = completed.stdout
    return codec, int(width), int(height), [grey[at : at + size] for at in range(0, len(grey), size)]


STILLS = [(kind, form) for kind in ("thumbnail", "sprite_sheet", "waveform") for form in FORMATS[kind]]
CODECS = {"jpeg": "mjpeg", "png": "png", "webp": "webp", "gif": "gif"}


@pytest.mark.parametrize(("kind", "form"), STILLS)
def test_a_picture_has_the_size_and_the_format_that_were_planned(
    kind: str, form: ExtraFormat, ffmpeg: Path, clip: Path, tmp_path: Path
) -> None:
    extra = {"thumbnail": THUMBNAIL, "sprite_sheet": SPRITES, "waveform": WAVEFORM}[kind]
    extra = replace(extra, format=form, at_seconds=2.0 if kind == "thumbnail" else 0.0)
    codec, width, height, (picture,) = look(ffmpeg, made(extra, ffmpeg, clip, tmp_path))
    assert codec == CODECS[form]
    assert (width, height) == (extra.width * extra.columns, extra.height * extra.rows)
    assert len(set(picture)) >= (2 if kind == "waveform" else 100), "it shows something"


@pytest.mark.parametrize("form", FORMATS["animated_preview"])
def test_an_animated_preview_moves(form: ExtraFormat, ffmpeg: Path, clip: Path, tmp_path: Path) -> None:
    data = made(replace(ANIMATED, format=form), ffmpeg, clip, tmp_path)
    if form == "webp":  # which FFmpeg writes but does not read
        assert data.read_bytes().count(b"ANMF") == pytest.approx(20, abs=1)
        return
    codec, width, height, pictures = look(ffmpeg, data)
    assert (codec, width, height) == ("gif", 160, 90)
    assert len(set(pictures)) == pytest.approx(20, abs=2)


def test_a_preview_clip_is_a_short_film_with_sound(
    ffmpeg: Path, ffprobe: Path, clip: Path, tmp_path: Path
) -> None:
    probe, _ = run_probe(ffprobe, made(CLIP, ffmpeg, clip, tmp_path))
    assert probe.duration_seconds == pytest.approx(2.0, abs=0.1)
    assert (probe.video[0].width, probe.video[0].height, probe.audio[0].channels) == (320, 180, 2)


def test_the_tiles_of_a_sheet_are_the_film_from_left_to_right(ffmpeg: Path, tmp_path: Path) -> None:
    source = tmp_path / "grey.mp4"
    # A second of each grey, from black to white.
    grey = "nullsrc=s=160x90:r=25:d=6,format=gray,geq=lum='40*floor(T)'"
    subprocess.run([ffmpeg, "-v", "error", "-f", "lavfi", "-i", grey, "-c:v", "libx264", source], check=True)
    _, width, _, (picture,) = look(ffmpeg, made(SPRITES, ffmpeg, source, tmp_path))
    shades = [picture[(tile.y + 45) * width + tile.x + 80] for tile in tiles(SPRITES, 6.0)]
    assert shades == sorted(shades)
    assert len(set(shades)) == 6


def test_the_cues_of_a_sheet_name_its_tiles() -> None:
    assert sprite_vtt(replace(SPRITES, interval_seconds=2.5), 6.2, "sprites.jpg") == (
        "WEBVTT\n\n"
        "00:00:00.000 --> 00:00:02.500\nsprites.jpg#xywh=0,0,160,90\n\n"
        "00:00:02.500 --> 00:00:05.000\nsprites.jpg#xywh=160,0,160,90\n\n"
        "00:00:05.000 --> 00:00:06.200\nsprites.jpg#xywh=320,0,160,90\n"
    )
    assert sprite_vtt(SPRITES, 7200.5, "s.jpg").count("-->") == 6
    late = sprite_vtt(replace(SPRITES, interval_seconds=3600.0), 7200.0, "s.jpg")
    assert "01:00:00.000 --> 02:00:00.000" in late


# Eight colours in bars, as RGB: what every reader of the pictures has to see.
BARS = [
    (200, 30, 30), (30, 160, 40), (30, 40, 200), (210, 200, 40),
    (40, 190, 200), (190, 40, 180), (230, 230, 230), (25, 25, 25),
]  # fmt: skip
PIXELS = {
    "bt709": (
        "scale=out_color_matrix=bt709,setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709",
        {},
    ),
    "bt601": (
        "scale=out_color_matrix=smpte170m,"
        "setparams=colorspace=smpte170m:color_primaries=smpte170m:color_trc=smpte170m",
        {},
    ),
    "full range": (
        "scale=out_color_matrix=bt709:out_range=full,"
        "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=full",
        {"full_range": True},
    ),
    "unsaid": (
        "scale=out_color_matrix=bt709,setparams=colorspace=unknown:color_primaries=unknown:color_trc=unknown",
        {"color_space": "bt709"},
    ),
}


@pytest.fixture(scope="module")
def bars(ffmpeg: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A second of eight bars, by what their pixels mean."""
    folder = tmp_path_factory.mktemp("bars")
    colours = [
        f"color=c=#{''.join(f'{part:02x}' for part in bar)}:s=80x360:r=10:d=1,format=gbrp" for bar in BARS
    ]
    graph = ";".join(f"{one}[c{number}]" for number, one in enumerate(colours))
    joined = "".join(f"[c{number}]" for number in range(len(BARS)))
    made = {}
    for name, (pixels, _) in PIXELS.items():
        made[name] = folder / f"{name}.mkv".replace(" ", "_")
        whole = f"{graph};{joined}hstack=inputs={len(BARS)},{pixels},format=yuv420p[v]"
        argv: list[str | Path] = [
            *(ffmpeg, "-v", "error", "-filter_complex", whole, "-map", "[v]"),
            *("-c:v", "libx264", "-qp", "4", "-preset", "ultrafast", made[name]),
        ]
        subprocess.run(argv, check=True, capture_output=True)
    return made


@pytest.mark.parametrize("form", ["jpeg", "webp", "png", "gif", "webp_anim"])
@pytest.mark.parametrize("pixels", PIXELS)
def test_a_picture_has_the_colours_of_the_film_for_every_reader(
    form: str, pixels: str, bars: dict[str, Path], ffmpeg: Path, tmp_path: Path
) -> None:
    wish = ExtraEncode("poster", "png", 0, 640, 360, **PIXELS[pixels][1])  # type: ignore[arg-type]
    moving = form in ("gif", "webp_anim")
    wish = replace(
        wish,
        kind="animated_preview" if moving else "poster",
        format="webp" if form == "webp_anim" else form,  # type: ignore[arg-type]
        duration_seconds=0.5 if moving else None,
    )
    with Image.open(made(wish, ffmpeg, bars[pixels], tmp_path)) as picture:
        shown = picture.convert("RGB")
        seen = [shown.getpixel((80 * number + 40, 180)) for number in range(len(BARS))]
    worst = max(
        abs(is_ - should)
        for one, bar in zip(seen, BARS, strict=True)
        for is_, should in zip(one, bar, strict=True)  # type: ignore[arg-type]
    )
    assert worst <= 8, list(zip(seen, BARS, strict=True))
