"""Filter graphs: what FFmpeg would read is what we read, and what we write is what FFmpeg reads."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.ffmpeg.commandline.errors import Unfit
from adapters.ffmpeg.commandline.filtering import read_graph
from adapters.ffmpeg.commandline.filters import FILTERS, REFUSED_FILTERS
from adapters.ffmpeg.commandline.graph import Filter, Graph, Reference, parse_graph, write_graph
from adapters.ffmpeg.commandline.sources import Sources
from adapters.ffmpeg.commandline.values.kind import Asset, Refused
from adapters.ffmpeg.commandline.values.text import DrawnText

A = "https://x.example/a.mp4"


def nowhere(reference: Reference) -> Path:
    return Path(f"/job/in/{reference.source}.bin")


def written(text: str) -> str:
    return write_graph(read_graph(text, Sources({"in_1": A, "subs": "https://x.example/s.srt"})), nowhere)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("scale=1280:-2", "scale=w=1280:h=-2"),
        (" [0:v] scale = 1280 : 720 , fps = 30 [v] ; [0:a] volume = 0.5 [a] ", None),
        ("scale=iw*2:-1", "scale=w=min(8192\\,iw*2):h=-1"),
        ("scale='iw*2':'if(gt(a,1),100,-1)'", "scale=w=min(8192\\,iw*2):h=min(8192\\,if(gt(a\\,1)\\,100\\,-1))"),
        ("select=gt(scene\\,0.4)", "select=expr=gt(scene\\,0.4)"),
        ("pan=stereo|c0=FL+0.5*FC|c1=FR", "pan=args=stereo|c0=FL+0.5*FC|c1=FR"),
        ("sws_flags=lanczos+accurate_rnd;scale=1:2", "sws_flags=lanczos+accurate_rnd;scale=w=1:h=2"),
        ("null", "null"),
        ("hflip,vflip;", "hflip,vflip"),
        ("scale@mine=w=1:h=2", "scale=w=1:h=2"),
        ("drawtext=text='it'\\\\\\''s'", "drawtext=text=it\\\\\\'s"),
        ("subtitles=subs:si=2:charenc=CP1250", "subtitles=filename=/job/in/0.bin"),
        ("fade=in:0:30,fade=t=out:d=1", "fade=type=in:start_frame=0:nb_frames=30,fade=type=out:duration=1"),
        ("overlay=W-w-10:10:enable='between(t,1,2)'", "overlay=x=W-w-10:y=10:enable=between(t\\,1\\,2)"),
        ("loudnorm=I=-16:tp=-1.5", "loudnorm=I=-16:TP=-1.5"),
        ("aresample=44100,aresample=async=1", "aresample=sample_rate=44100,aresample=async=1"),
    ],
)  # fmt: skip
def test_graph_is_written_with_names_and_our_own_escapes(text: str, expected: str | None) -> None:
    if expected is None:
        expected = "[0:v]scale=w=1280:h=720,fps=fps=30[v];[0:a]volume=volume=0.5[a]"
    assert written(text) == expected


VALUE = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["text", "x", "y"]), VALUE), min_size=1, max_size=4))
def test_what_is_written_is_read_again(options: list[tuple[str, str]]) -> None:
    graph = Graph(((Filter("drawtext", tuple(options), ("0:v",), ("out",)),),))
    ((read,),), _ = parse_graph(write_graph(graph, nowhere))
    assert (read.name, read.inputs, read.outputs) == ("drawtext", ("0:v",), ("out",))
    assert list(read.options) == options


TEXTS = [
    "plain",
    'it\'s 100% "quoted": [a];b,c=d',
    "back\\slash \\\\ two",
    "%{n} is not a number here {}",
    "  spaces at both ends  ",
    "ends with a backslash\\",
    "zażółć gęślą jaźń, 日本",
    "textfile=/etc/passwd:x",
    "two\nlines",
]


@pytest.mark.parametrize("text", TEXTS)
def test_ffmpeg_draws_the_very_text(text: str, ffmpeg: Path, clips: Path, tmp_path: Path) -> None:
    """The picture is the same as with the text from a file, which FFmpeg does not unescape at all."""
    font = clips / "font.ttf"
    if not font.exists():
        pytest.skip("no font on this machine")
    (tmp_path / "text").write_text(text)
    escaped = "".join("\\" + character if character in "\\%{}" else character for character in text)
    drawn = DrawnText().read(escaped)
    options = (("fontfile", str(font)), ("text", drawn), ("fontsize", "20"), ("fontcolor", "white"))
    graph = write_graph(Graph(((Filter("drawtext", options),),)), nowhere)
    reference = (
        f"drawtext=fontfile={font}:textfile={tmp_path}/text:expansion=none:fontsize=20:fontcolor=white"
    )
    pictures = [
        subprocess.run(
            [
                ffmpeg,
                "-v",
                "error",
                "-f",
                "lavfi",
                "-i",
                "color=s=640x60:d=0.04",
                "-vf",
                vf,
                "-f",
                "md5",
                "-",
            ],
            capture_output=True,
            check=True,
        ).stdout
        for vf in (graph, reference)
    ]
    assert pictures[0] == pictures[1]


@pytest.fixture(scope="module")
def helps(ffmpeg: Path) -> dict[str, list[str]]:
    """What the real binary says of each filter of the list: the lines of its options."""

    def ask(name: str) -> list[str]:
        said = subprocess.run(
            [ffmpeg, "-hide_banner", "-h", f"filter={name}"], capture_output=True, text=True, check=True
        ).stdout
        return [line for line in said.splitlines() if line.startswith("   ") and line.split()]

    names = sorted(FILTERS.names())
    with ThreadPoolExecutor(4) as threads:
        return dict(zip(names, threads.map(ask, names), strict=True))


def test_every_filter_of_the_list_exists_with_its_options(ffmpeg: Path, helps: dict[str, list[str]]) -> None:
    said = subprocess.run([ffmpeg, "-hide_banner", "-filters"], capture_output=True, text=True, check=True)
    known = {line.split()[1] for line in said.stdout.splitlines() if len(line.split()) > 2}
    assert FILTERS.names() - known == set()
    assert FILTERS.names() & REFUSED_FILTERS.keys() == set()
    generic = {"enable", "eof_action", "shortest", "repeatlast", "ts_sync_mode"}
    for name, lines in helps.items():
        if name == "aresample":  # its options are those of another library
            continue
        names = {line.split()[0] for line in lines}
        for option in FILTERS[name].options:
            assert option.name in generic or {option.name, *option.aliases} <= names, name


def test_every_option_that_ffmpeg_calls_a_file_is_refused_or_a_reference(helps: dict[str, list[str]]) -> None:
    """A new FFmpeg may add one: whatever its help calls a file must not be free text here."""
    for name, lines in helps.items():
        for line in lines:
            option = FILTERS[name].option(line.split()[0])
            is_text = "<string>" in line
            if (
                option
                and is_text
                and any(word in line.lower() for word in (" file", "path", "directory", "url"))
            ):
                assert isinstance(option.kind, Asset | Refused), (name, line)


@pytest.mark.parametrize("text", ["", "scale=", ",", ";", "[a", "a]", "[]null", "scale=w", "=1", "'", "\\"])
def test_odd_graph_is_refused_or_read_but_never_an_error(text: str) -> None:
    try:
        written(text)
    except Unfit as unfit:
        assert unfit.sentence
