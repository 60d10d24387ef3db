"""What regeneration adds by itself: caps, folders, lists, preparations; and what it does not let through."""

from dataclasses import replace
from pathlib import Path

import pytest

from adapters.ffmpeg.commandline import Caps, CommandRefused, Regenerated, describe, parse, regenerate

A, B = "https://x.example/a.mp4", "https://x.example/b.mp4"
JOB, FFMPEG = Path("/job"), Path("/opt/ffmpeg")
CAPS = Caps(duration_seconds=3600, file_bytes=1_000_000)


def made(
    command: str, *inputs: str, durations: tuple[float | None, ...] = (), caps: Caps = CAPS
) -> Regenerated:
    program = parse(command, inputs=inputs)
    sources = [JOB / "in" / f"{number}.bin" for number in range(len(program.sources))]
    return regenerate(
        program, sources=sources, out=JOB / "out", ffmpeg=FFMPEG, caps=caps, durations=durations
    )


def after_input(regenerated: Regenerated) -> str:
    argv = regenerated.argvs[-1]
    last = len(argv) - argv[::-1].index("-i")
    return " ".join(argv[last + 1 :])


@pytest.mark.parametrize(
    ("options", "limits"),
    [
        ("", "-t 3600 -fs 1000000"),
        ("-t 10", "-t 10 -fs 1000000"),
        ("-t 2:00:00", "-t 3600 -fs 1000000"),
        ("-to 00:10", "-to 00:10 -fs 1000000"),
        ("-ss 10 -to 7200", "-ss 10 -to 3610 -fs 1000000"),
        ("-t 5 -to 7200", "-t 5 -fs 1000000"),
        ("-fs 10k", "-t 3600 -fs 10000"),
        ("-fs 10G", "-t 3600 -fs 1000000"),
    ],
)
def test_output_is_capped_in_seconds_and_bytes(options: str, limits: str) -> None:
    target = "-max_pixels:v 67108864 -f mp4 file:/job/out/0/output.mp4"
    assert after_input(made(f"ffmpeg -i {A} {options} o.mp4")) == f"{limits} {target}"


def test_options_before_an_input_stand_before_it_after_our_guards() -> None:
    (argv,) = made(f"ffmpeg -ss 5 -t 3 -i {A} -an o.mp4").argvs
    at = argv.index("-i")
    assert argv[at - 6 : at + 2] == (
        "-max_pixels",
        "67108864",
        "-ss",
        "5",
        "-t",
        "3",
        "-i",
        "file:/job/in/0.bin",
    )
    assert argv.index("-protocol_whitelist") < argv.index("-format_whitelist") < at


def test_list_of_files_is_a_script_of_ours_with_a_whitelist_for_each_member() -> None:
    regenerated = made("ffmpeg -f concat -safe 0 -i list.txt -c copy o.mp4", A, B)
    script = JOB / "out/scratch/list_0_0.ffconcat"
    lines = regenerated.files[script].splitlines()
    assert lines[0] == "ffconcat version 1.0"
    assert [line for line in lines if line.startswith("file")] == [
        "file 'file:/job/in/0.bin'",
        "file 'file:/job/in/1.bin'",
    ]
    whitelists = [line for line in lines if line.startswith("option format_whitelist")]
    assert len(whitelists) == 2 and not any("concat" in line for line in whitelists)
    (argv,) = regenerated.argvs
    assert argv[argv.index("-i") + 1] == f"file:{script}"


def test_two_passes_with_a_list_read_the_same_members() -> None:
    command = (
        "ffmpeg -f concat -i list.txt -c:v libx264 -b:v 1M -pass 1 -an -f null - &&"
        " ffmpeg -f concat -i list.txt -c:v libx264 -b:v 1M -pass 2 o.mp4"
    )
    regenerated = made(command, A, B)
    assert len(set(regenerated.files.values())) == 1 and len(regenerated.files) == 2
    assert [argv.count("-passlogfile") for argv in regenerated.argvs] == [1, 1]
    assert [made_.command for made_ in regenerated.outputs] == [1]


def test_subtitles_are_made_anew_before_a_filter_opens_them() -> None:
    film = f"ffmpeg -i {A} -vf subtitles=s.srt:si=1:charenc=CP1252 o.mp4"
    regenerated = made(film, "https://x.example/s.srt")
    preparation, command = regenerated.argvs
    assert preparation[preparation.index("-i") - 2 :] == (
        "-sub_charenc", "CP1252", "-i", "file:/job/in/1.bin", "-map", "0:s:1", "-c:s", "ass", "-fs", "1000000",
        "-f", "ass", "file:/job/out/scratch/subtitles_0.ass",
    )  # fmt: skip
    assert "subtitles=filename=/job/out/scratch/subtitles_0.ass" in command
    assert "/job/in/1.bin" not in " ".join(command)


def test_colour_table_gets_a_name_with_its_extension() -> None:
    regenerated = made(f"ffmpeg -i {A} -vf lut3d=g.CUBE o.mp4", "https://x.example/g.CUBE?x=1")
    assert regenerated.links == {JOB / "out/scratch/lut_1.cube": JOB / "in/1.bin"}


@pytest.mark.parametrize(
    ("command", "durations", "is_run"),
    [
        (f"ffmpeg -i {A} -vf reverse o.mp4", (100.0,), True),
        (f"ffmpeg -i {A} -vf reverse o.mp4", (121.0,), False),
        (f"ffmpeg -i {A} -vf reverse o.mp4", (None,), False),
        (f"ffmpeg -i {A} -af areverse o.mp4", (), False),
        (f"ffmpeg -t 60 -i {A} -vf reverse o.mp4", (), True),
        (f"ffmpeg -ss 10 -to 60 -i {A} -vf reverse o.mp4", (9000.0,), True),
        (f"ffmpeg -i {A} -vf trim=0:5,reverse o.mp4", (9000.0,), True),
        (f"ffmpeg -i {A} -vf hflip o.mp4", (9000.0,), True),
    ],
)
def test_only_a_film_known_to_be_short_is_reversed(
    command: str, durations: tuple[float], is_run: bool
) -> None:
    if is_run:
        assert made(command, durations=durations).argvs
        return
    with pytest.raises(CommandRefused, match="at most 120 s can be reversed"):
        made(command, durations=durations)


def test_paths_that_ffmpeg_would_read_as_more_than_names_are_an_error() -> None:
    program = parse(f"ffmpeg -i {A} o.mp4")
    for bad in ("relative", "/job/%d", "/job/a:b", "/job/it's", "/job/$x", "/job/a\nb", "/job/a\\b"):
        with pytest.raises(ValueError, match="paths"):
            regenerate(program, sources=[Path(bad)], out=JOB / "out", ffmpeg=FFMPEG, caps=CAPS)
        with pytest.raises(ValueError, match="paths"):
            regenerate(program, sources=[JOB / "in/0.bin"], out=Path(bad), ffmpeg=FFMPEG, caps=CAPS)
    with pytest.raises(ValueError, match="1 sources are needed"):
        regenerate(program, sources=[], out=JOB / "out", ffmpeg=FFMPEG, caps=CAPS)


def test_threads_are_the_services() -> None:
    (argv,) = made(f"ffmpeg -threads 64 -i {A} -threads 64 o.mp4", caps=replace(CAPS, threads=3)).argvs
    assert [argv[at + 1] for at, word in enumerate(argv) if word == "-threads"] == ["3"]


def test_one_url_is_one_source_however_it_is_named() -> None:
    program = parse(f"ffmpeg -i {{{{in_1}}}} -i {A} -i a.mp4 -i in_1 -map 3 o.mp4", inputs=[A, B])
    assert [source.url for source in program.sources] == [A]
    assert [input_.sources for input_ in program.commands[0].inputs] == [(0,)] * 4


def test_sources_say_what_they_are_used_as() -> None:
    program = parse(
        f"ffmpeg -i {A} -vf drawtext=text=x:fontfile=f.ttf,subtitles=s.srt,lut3d=g.cube,subtitles={{{{film}}}} o.mp4",
        inputs={"f": "s3://b/f.ttf", "s": "s3://b/s.srt", "g": "s3://b/g.cube", "film": A},
    )
    assert {source.url.rpartition("/")[2]: source.roles for source in program.sources} == {
        "a.mp4": ("media", "subtitles"),
        "f.ttf": ("font",),
        "s.srt": ("subtitles",),
        "g.cube": ("lut",),
    }


def test_outputs_by_placeholder_keep_label_and_destination() -> None:
    program = parse(
        "-i {{in_1}} {{out_1}} {{out_2}}",
        inputs=[A],
        outputs={"out_1": "a.mp4", "out_2": "s3://bucket/x/b.mov"},
    )
    assert [(o.label, o.destination, o.muxer) for o in program.commands[0].outputs] == [
        ("a.mp4", None, "mp4"),
        ("b.mov", "s3://bucket/x/b.mov", "mov"),
    ]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("o.mp4", ("video", None, None, None, None)),
        ("-map 0:v -map 0:a o.mp4", ("video", True, True, None, None)),
        ("-map 0:v o.mp4", ("video", True, False, None, None)),
        ("-an -t 3 o.mp4", ("video", None, False, 3.0, None)),
        ("-ss 1 -to 3 -vn o.mp4", ("audio", False, None, 2.0, None)),
        ("o.mp3", ("audio", False, True, None, None)),
        ("-frames:v 1 o.png", ("image", True, False, None, 1)),
        ("o%d.png", ("sequence", True, False, None, None)),
        ("o.gif", ("video", True, False, None, None)),
        ("o.m3u8", ("playlist", None, None, None, None)),
        ("-map 0:s o.srt", ("subtitles", False, False, None, None)),
        ("-f null -", ("none", None, None, None, None)),
    ],
)
def test_expectation_tells_what_the_output_should_be(options: str, expected: tuple[object, ...]) -> None:
    (found,) = describe(parse(f"ffmpeg -i {A} {options}").commands[0])
    assert (found.kind, found.has_video, found.has_audio, found.duration_seconds, found.frames) == expected


def test_encoders_are_named_for_the_choice_of_the_pool() -> None:
    (found,) = describe(
        parse(f"ffmpeg -i {A} -c:v h264_nvenc -preset p4 -c:a aac -c:s copy o.mkv").commands[0]
    )
    assert found.encoders == ("h264_nvenc", "aac")
