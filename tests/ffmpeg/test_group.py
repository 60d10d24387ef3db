"""One command line for several renditions: all of it, and what it makes."""

import re
import subprocess
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from adapters.ffmpeg.command import AudioEncode, Encode, VideoEncode, build_argv
from adapters.ffmpeg.group import Member, build_group, joins
from adapters.ffmpeg.inputs import DEMUXERS

FFMPEG, SOURCE, OUT = Path("/opt/ffmpeg"), Path("/job/in/0.bin"), Path("/job/out")


def video(width: int, height: int) -> VideoEncode:
    return VideoEncode(
        stream_index=0, encoder="libx264", width=width, height=height, frame_rate=None, gop_frames=50, crf=23.0,
        bitrate_kbps=None, maxrate_kbps=None, bufsize_kbps=None, speed="ultrafast", codec_profile="main", level=None,
        pixel_format="yuv420p", tune=None,
    )  # fmt: skip


def encode(width: int, height: int, **changes: Any) -> Encode:
    return Encode(replace(video(width, height), **changes), None, "cmaf", Fraction(2), 5.28)


def group(*encodes: Encode, above: tuple[int | None, ...] = ()) -> tuple[str, ...]:
    above = above or (None,) * len(encodes)
    members = [
        Member(one, OUT / f"{one.video.height}.mp4", position)
        for one, position in zip(encodes, above, strict=True)
        if one.video
    ]
    return build_group(members, ffmpeg=FFMPEG, source=SOURCE, cpus=4)


X264 = (
    "-c:v libx264 -preset ultrafast -profile:v main -pix_fmt yuv420p -crf 23"
    " -g 50 -keyint_min 50 -sc_threshold 0 -flags:v +cgop"
)
CMAF = (
    "-an -sn -dn -map_metadata -1 -map_chapters -1 -fflags +bitexact"
    " -movflags +frag_keyframe+delay_moov+global_sidx+default_base_moof -brand cmfc -f mp4"
)


def test_the_whole_command_of_a_group_is_as_somebody_has_read_it():
    argv = group(encode(1280, 720), encode(854, 480), encode(640, 360), above=(None, 0, None))
    assert " ".join(argv).replace(DEMUXERS, "LIST") == (
        "/opt/ffmpeg -nostdin -hide_banner -nostats -loglevel level+warning -y -progress pipe:1 -stats_period 0.5"
        " -max_alloc 1073741824 -protocol_whitelist file -format_whitelist LIST -max_pixels 67108864"
        " -i file:/job/in/0.bin -filter_complex"
        " [0:0]split=2[s0][s2];"
        "[s0]scale=1280:720:flags=bicubic,split=2[p0][s1];[p0]setsar=1[v0];"
        "[s1]scale=854:480:flags=bicubic,setsar=1[v1];"
        "[s2]scale=640:360:flags=bicubic,setsar=1[v2]"
        f" -map [v0] {X264} {CMAF} file:/job/out/720.mp4"
        f" -map [v1] {X264} -threads:v 2 {CMAF} file:/job/out/480.mp4"
        f" -map [v2] {X264} {CMAF} file:/job/out/360.mp4"
    )


def test_fields_and_times_are_put_right_once_and_colours_for_each():
    late = {"deinterlace": True, "frame_rate": Fraction(25)}
    argv = group(
        encode(1280, 720, **late, tone_map=True),
        encode(640, 360, **late),
    )
    graph = argv[argv.index("-filter_complex") + 1]
    assert graph.startswith(
        "[0:0]bwdif=mode=send_frame:parity=auto:deint=all,fps=25/1:start_time=0,split=2[s0][s1];"
    )
    assert len(re.findall("bwdif|fps=", graph)) == 2
    assert ["tonemap" in chain for chain in graph.split(";")] == [False, True, False]


@pytest.mark.parametrize(("cpus", "threads"), [(1, [1, 1]), (2, [1, 1]), (4, [2, 1]), (16, [6, 3])])
def test_what_is_scaled_further_gets_threads_by_its_pixels(cpus, threads):
    members = [
        Member(encode(1920, 1080), OUT / "1080.mp4"),
        Member(encode(1280, 720), OUT / "720.mp4", 0),
        Member(encode(854, 480), OUT / "480.mp4", 1),
        Member(encode(640, 360, encoder="libx265"), OUT / "360.mp4", 2),
    ]
    argv = build_group(members, ffmpeg=FFMPEG, source=SOURCE, cpus=cpus)
    asked = [int(argv[position + 1]) for position, word in enumerate(argv) if word == "-threads:v"]
    assert asked == threads, (
        "the first keeps the encoder's own choice, and so does who divides the CPUs by itself"
    )


def test_sound_belongs_to_each_output():
    sound = AudioEncode(stream_index=1, encoder="aac", bitrate_kbps=128, channels=2, sample_rate_hz=48000)
    argv = group(
        *(replace(encode(*size), audio=sound, container="mp4") for size in ((1280, 720), (640, 360)))
    )
    assert argv.count("-filter:a") == argv.count("0:1") == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"stream_index": 1},
        {"frame_rate": Fraction(25)},
        {"deinterlace": True},
        {"encoder": "copy"},
        {"encoder": "h264_nvenc"},
        {"passes": 2},
        {"hdr": "HLG"},
    ],
)
def test_encodes_that_share_no_decoder_are_no_group(changes):
    with pytest.raises(ValueError, match="share"):
        group(encode(1280, 720), encode(640, 360, **changes))


SOUND = Encode(
    None,
    AudioEncode(stream_index=1, encoder="aac", bitrate_kbps=128, channels=2, sample_rate_hz=48000),
    "cmaf",
    Fraction(2),
    5.28,
)


def test_a_sound_of_its_own_comes_behind_the_pictures():
    members = [
        Member(encode(1280, 720), OUT / "720.mp4"),
        Member(encode(640, 360), OUT / "360.mp4"),
        Member(SOUND, OUT / "audio.mp4"),
    ]
    argv = build_group(members, ffmpeg=FFMPEG, source=SOURCE, cpus=4)
    assert " ".join(argv).partition("/360.mp4 ")[2] == (
        "-vn -map 0:1 -filter:a aresample=async=1:first_pts=0 -c:a aac -b:a 128k -ac:a 2 -ar:a 48000"
        " -sn -dn -map_metadata -1 -map_chapters -1 -fflags +bitexact"
        " -movflags +frag_keyframe+delay_moov+global_sidx+default_base_moof -brand cmfc -frag_duration 2000000"
        " -f mp4 file:/job/out/audio.mp4"
    )


def test_two_sounds_whose_pictures_are_made_elsewhere_need_no_graph():
    members = [Member(SOUND, OUT / f"{number}.mp4") for number in range(2)]
    argv = build_group(members, ffmpeg=FFMPEG, source=SOURCE, cpus=4)
    assert "-filter_complex" not in argv
    assert argv.count("-vn") == argv.count("0:1") == 2


def test_a_sound_that_starts_at_another_time_joins_nobody():
    late = replace(SOUND, delay_seconds=0.5)
    assert joins(SOUND, encode(1280, 720))
    assert not joins(late, encode(1280, 720))
    for encodes in ([encode(1280, 720), late], [SOUND, late], [SOUND, encode(1280, 720)]):
        members = [Member(one, OUT / f"{number}.mp4") for number, one in enumerate(encodes)]
        with pytest.raises(ValueError, match="share"):
            build_group(members, ffmpeg=FFMPEG, source=SOURCE, cpus=4)


@pytest.mark.parametrize("above", [(1, None), (0, None), (None, 1), (None, -1)])
def test_nothing_is_scaled_from_what_comes_after_it(above):
    with pytest.raises(ValueError, match="not before it"):
        group(encode(1280, 720), encode(640, 360), above=above)


def made(ffmpeg: Path, source: Path, encodes: list[Encode], folder: Path) -> tuple[list[Path], list[Path]]:
    """The files of two processes, and those of one."""
    alone = [folder / f"alone-{number}.mp4" for number in range(len(encodes))]
    for one, target in zip(encodes, alone, strict=True):
        argv = build_argv(one, ffmpeg=ffmpeg, source=source, target=target)
        subprocess.run(argv, check=True, capture_output=True)
    members = [Member(one, folder / f"together-{number}.mp4") for number, one in enumerate(encodes)]
    argv = build_group(members, ffmpeg=ffmpeg, source=source, cpus=4)
    subprocess.run(argv, check=True, capture_output=True)
    return alone, [member.target for member in members]


@pytest.mark.parametrize("name", ["bbb_720p25_5s.mp4", "bbb_odd_853x479.mp4"])
def test_without_a_cascade_every_file_has_the_bytes_of_its_own_process(name, shared_media, ffmpeg, tmp_path):
    encodes = [encode(640, 360), encode(320, 180), SOUND]
    alone, together = made(ffmpeg, shared_media / name, encodes, tmp_path)
    assert [file.read_bytes() for file in together] == [file.read_bytes() for file in alone]


def test_a_rotated_hdr_film_of_varying_rate_becomes_the_same_pictures(shared_media, ffmpeg, tmp_path):
    wishes = {"frame_rate": Fraction(30), "tone_map": True}
    encodes = [encode(360, 640, **wishes), encode(180, 320, **wishes)]
    alone, together = made(ffmpeg, shared_media / "phone_vertical_hlg10_rot90_vfr.mp4", encodes, tmp_path)
    assert [pictures(ffmpeg, file) for file in together] == [pictures(ffmpeg, file) for file in alone]


def pictures(ffmpeg: Path, file: Path) -> bytes:
    argv: list[str | Path] = [ffmpeg, "-v", "error", "-i", file, "-f", "framemd5", "-"]
    return subprocess.run(argv, check=True, capture_output=True).stdout
