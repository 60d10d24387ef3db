"""The checks of pictures see what they are for: each mistake made on purpose is found, and the true film is not."""

from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path

import pytest

from tests.ladders import tone_mapping
from tests.ladders.cast import FILMS, Film
from tests.ladders.pictures import Likeness, Picture, box_of, combing, compare, decode
from tests.ladders.sounds import envelope, lag
from tests.ladders.sources import BITS, MADE, Studio

X264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-an")
HDR = "zscale=pin=2020:min=2020_ncl:t=linear:npl=100,format=gbrpf32le,zscale=p=709,tonemap=hable:desat=0,"
SDR = f"{HDR}zscale=t=709:m=709:r=limited,format=yuv420p"
_709 = "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709"


@pytest.fixture(scope="module")
def studio(ffmpeg: Path, tmp_path_factory: pytest.TempPathFactory) -> Studio:
    return Studio(ffmpeg, tmp_path_factory.mktemp("studio"))


def wanted(film: Film, source: Path, other: Path) -> list[Picture]:
    box = box_of(film.width, film.height)
    options = ("-noautorotate", "-apply_cropping", "codec")
    pictures = decode(other, source, film.filters, stream=film.stream, box=box, options=options)
    return [replace(one, seconds=one.seconds - pictures[0].seconds) for one in pictures]


def likeness(
    studio: Studio, other: Path, name: str, filters: str, shape: tuple[int, int] | None = None
) -> Likeness:
    """Of the film `name` and what FFmpeg makes of it by these filters, shown in this shape."""
    film, source, target = FILMS[name], MADE[name](studio), studio.file("made.mp4")
    assert film is not None
    studio("-i", source, "-vf", filters, *X264, target)
    shown = decode(studio.ffmpeg, target, "", box=box_of(*(shape or (film.width, film.height))))
    mapped = partial(tone_mapping.to_sdr, hdr=film.hdr) if film.hdr else None
    return compare(shown, wanted(film, source, other), slack=film.slack_seconds, mapped=mapped, samples=3)


@pytest.mark.parametrize(
    ("name", "filters"),
    [
        ("anamorphic", "scale=426:240,setsar=1"),
        ("turned_anamorphic", "scale=160:240,setsar=1"),
        ("mirrored", "null"),
        ("cropped", "scale=320:240"),
        ("full_range", "scale=out_range=limited,format=yuv420p"),
        ("rgb", f"scale=426:240:out_color_matrix=bt709,format=yuv420p,{_709}"),
        ("edited", "null"),
        ("pq", SDR),
    ],
)
def test_the_true_film_is_recognised(name, filters, studio, ffmpeg_other):
    found = likeness(studio, ffmpeg_other, name, filters)
    assert found.is_good(), found


@pytest.mark.parametrize(
    ("name", "filters", "shape"),
    [
        pytest.param("anamorphic", "setsar=1", (720, 576), id="wide pixels taken for square ones"),
        pytest.param("turned_anamorphic", "transpose=cclock,setsar=1", (480, 320), id="not turned"),
        pytest.param("turned_anamorphic", "hflip,vflip", None, id="turned the other way"),
        pytest.param("mirrored", "hflip", None, id="mirrored"),
        pytest.param("cropped", "scale=640:360", (640, 360), id="stretched to what was cropped"),
        pytest.param("edited", "lutyuv=y=(val-16)*255/219", None, id="full range called limited"),
        pytest.param("edited", "setparams=range=full", None, id="limited range called full"),
        pytest.param("rgb", f"format=yuv420p,{_709}", None, id="BT.601 called BT.709"),
        pytest.param("unsaid", "setparams=colorspace=smpte170m", None, id="HD read as SD"),
        pytest.param("edited", "setpts=PTS+1/25/TB", None, id="a picture late"),
        pytest.param("edited", "select=gt(n\\,0),setpts=PTS-1/25/TB", None, id="a picture early"),
        pytest.param("pq", f"format=yuv420p,{_709}", None, id="HDR shown as SDR"),
        pytest.param("pq", SDR.replace("hable", "linear"), None, id="another curve"),
        pytest.param("pq", SDR.replace("zscale=p=709,", ""), None, id="primaries left as they are"),
    ],
)
def test_a_wrong_picture_is_found_out(name, filters, shape, studio, ffmpeg_other):
    found = likeness(studio, ffmpeg_other, name, filters, shape)
    assert not found.is_good(), found


def test_fields_that_were_left_in_are_found_out(studio):
    source = MADE["interlaced"](studio)
    found = {}
    for filters in ("bwdif=mode=send_frame", "null"):
        target = studio.file("fields.mp4")
        studio("-i", source, "-vf", filters, *X264, target)
        found[filters] = combing(studio.ffmpeg, target)
    assert found["bwdif=mode=send_frame"] < 0.8 < 1 < found["null"]


def test_each_picture_tells_its_number(studio, ffmpeg_other):
    """The edit list begins at the 14th picture."""
    film = FILMS["edited"]
    pictures = wanted(film, MADE["edited"](studio), ffmpeg_other)
    box = box_of(film.width, film.height)
    assert [one.number(box, BITS) for one in pictures] == list(range(14, 60))
    assert [one.seconds for one in pictures] == [Fraction(n, 25) for n in range(46)]


def test_sound_that_is_late_is_found_out(clip, ffmpeg, ffmpeg_other):
    wanted, heard = envelope(ffmpeg_other, clip, "a:0"), envelope(ffmpeg, clip, "a:0")
    late, likeness = lag(heard, wanted)
    assert (late, likeness) == (0, pytest.approx(1, abs=0.02))
    assert lag(heard[:3] + heard, wanted)[0] == 3
    assert lag(heard[::-1], wanted)[1] < 0.8
