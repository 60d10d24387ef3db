"""Sources that are playlists or scripts: whatever a command uses them as, nothing but the source is opened.

Each attack is first shown to work on FFmpeg without our options, so that a test that passes means something.
"""

import subprocess
from pathlib import Path

import pytest

from adapters.ffmpeg.commandline import parse, regenerate
from tests.commandline.conftest import CAPS, prepare
from tests.commandline.honeypot import Honeypot

A, B = "https://x.example/a.mp4", "https://x.example/b.mp4"
SUBTITLES = "https://x.example/s.srt"


def playlist(secret: Path) -> str:
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{secret}\n#EXT-X-ENDLIST\n"


def script(secret: Path) -> str:
    return f"ffconcat version 1.0\nfile '{secret}'\n"


def manifest(secret: Path) -> str:
    return (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"'
        ' profiles="urn:mpeg:dash:profile:isoff-on-demand:2011" mediaPresentationDuration="PT1S"><Period>'
        '<AdaptationSet mimeType="video/mp4" contentType="video"><Representation id="0" bandwidth="1" codecs="avc1"'
        f' width="320" height="180"><BaseURL>file://{secret}</BaseURL><SegmentBase indexRange="0-1">'
        '<Initialization range="0-1"/></SegmentBase></Representation></AdaptationSet></Period></MPD>'
    )


def subtitles_with_a_manifest(secret: Path) -> str:
    return f"[Script Info]\nTitle: {manifest(secret)}\n\n[Events]\nDialogue: 0,0:00:00.00,0:00:01.00,x,,0,0,0,,Hi\n"


def script_of_neighbours(secret: Path) -> str:
    """What FFmpeg lets a script name even where it is careful: a file in the same folder."""
    return f"ffconcat version 1.0\nfile {secret.name}\n"


ATTACKS = {
    "script of neighbours": script_of_neighbours,
    "playlist": playlist,
    "script": script,
    "manifest": manifest,
    "subtitles with a manifest": subtitles_with_a_manifest,
}
COMMANDS: dict[str, tuple[str, list[str] | dict[str, str], int]] = {
    "an input": (f"ffmpeg -i {A} -f null -", [A], 0),
    "an input with its format said": (f"ffmpeg -f mov -i {A} -f null -", [A], 0),
    "the first of a list": ("ffmpeg -f concat -safe 0 -i list.txt -c copy o.mkv", [A, B], 0),
    "the second of a list": ("ffmpeg -f concat -safe 0 -i list.txt -c copy o.mkv", [A, B], 1),
    "a picture of a sequence": ("ffmpeg -framerate 5 -i p%d.png o.mp4", [A, B], 0),
    "subtitles to be drawn": (f"ffmpeg -i {A} -vf subtitles=s.srt -f null -", {"a": A, "s": SUBTITLES}, 1),
    "styled subtitles to be drawn": (f"ffmpeg -i {A} -vf ass=s.srt -f null -", {"a": A, "s": SUBTITLES}, 1),
    "a subtitle stream": (f"ffmpeg -i {A} -i {SUBTITLES} -map 0:v -map 1 -c:s mov_text o.mp4", [A], 1),
    "a font": (f"ffmpeg -i {A} -vf drawtext=text=x:fontfile=s.srt -f null -", {"a": A, "s": SUBTITLES}, 1),
    "a colour table": (f"ffmpeg -i {A} -vf lut3d=s.cube -f null -", {"a": A, "s": "s3://b/s.cube"}, 1),
}


@pytest.fixture
def secret(clips: Path, tmp_path: Path) -> Path:
    """Another tenant's film, beside the job's folder."""
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / "film.mp4").write_bytes((clips / "a.mp4").read_bytes())
    return folder / "film.mp4"


@pytest.mark.parametrize("use", COMMANDS)
@pytest.mark.parametrize("attack", ATTACKS)
def test_hostile_source_makes_ffmpeg_open_nothing_else(
    attack: str, use: str, secret: Path, clips: Path, ffmpeg: Path, tmp_path: Path
) -> None:
    command, inputs, hostile = COMMANDS[use]
    program = parse(command, inputs=inputs)
    job = tmp_path / "job"
    (job / "in").mkdir(parents=True)
    sources = [job / "in" / f"{number}.bin" for number in range(len(program.sources))]
    for number, source in enumerate(sources):
        source.write_bytes((clips / ("a.mp4" if "sequence" not in use else "page1.png")).read_bytes())
        if number == hostile:
            source.write_text(ATTACKS[attack](secret))
    neighbour = job / "in" / secret.name
    neighbour.write_bytes(secret.read_bytes())
    regenerated = regenerate(program, sources=sources, out=job / "out", ffmpeg=ffmpeg, caps=CAPS)
    prepare(regenerated)
    with Honeypot(secret, neighbour) as honeypot:
        for argv in regenerated.argvs:
            completed = subprocess.run(argv, cwd=job, capture_output=True, timeout=30, check=False)
            if completed.returncode != 0:
                break
        assert not honeypot.touched


@pytest.mark.parametrize(
    ("attack", "arguments"),
    [
        ("script", ("-safe", "0", "-i", "HOSTILE")),
        ("script of neighbours", ("-i", "HOSTILE")),
        ("script of neighbours", ("-protocol_whitelist", "file", "-f", "concat", "-safe", "0", "-i", "LIST")),
        ("playlist", ("-f", "hls", "-allowed_extensions", "ALL", "-i", "HOSTILE")),
        ("manifest", ("-i", "HOSTILE")),
        ("manifest", ("-f", "lavfi", "-i", "color=d=0.1", "-vf", "subtitles=HOSTILE")),
    ],
)
def test_attack_works_without_our_options(
    attack: str, arguments: tuple[str, ...], secret: Path, ffmpeg: Path, tmp_path: Path
) -> None:
    hostile, outer, neighbour = tmp_path / "0.bin", tmp_path / "list", tmp_path / secret.name
    neighbour.write_bytes(secret.read_bytes())
    hostile.write_text(ATTACKS[attack](secret))
    outer.write_text(f"ffconcat version 1.0\nfile '{hostile}'\n")
    words = [word.replace("HOSTILE", str(hostile)).replace("LIST", str(outer)) for word in arguments]
    with Honeypot(secret, neighbour) as honeypot:
        subprocess.run([ffmpeg, "-v", "quiet", *words, "-t", "1", "-f", "null", "-"], timeout=30, check=False)
        assert honeypot.touched


def test_list_plays_its_members_in_their_order(ffmpeg: Path, clips: Path, tmp_path: Path) -> None:
    """The guards for the members do not keep good ones out."""
    program = parse("ffmpeg -f concat -i x -c copy o.mkv", inputs=[A, B, "https://x.example/tall.mp4"])
    sources = [clips / "a.mp4", clips / "b.mp4", clips / "a.mp4"]
    regenerated = regenerate(program, sources=sources, out=tmp_path / "out", ffmpeg=ffmpeg, caps=CAPS)
    prepare(regenerated)
    subprocess.run(regenerated.argvs[0], check=True, capture_output=True)
    said = subprocess.run(
        [ffmpeg, "-i", regenerated.outputs[0].entry], capture_output=True, text=True, check=False
    ).stderr
    assert "Duration: 00:00:03.0" in said
