"""A rendition beside its source: the whole commands, which parts of the film, and that the right frames meet."""

import subprocess
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ffmpeg.command import Encode, VideoEncode, build_argv
from adapters.ffmpeg.inputs import DEMUXERS
from adapters.ffmpeg.probe import run_probe
from adapters.ffmpeg.quality import (
    SCORES,
    WHOLE_SECONDS,
    WINDOW_SECONDS,
    WINDOWS,
    Comparison,
    Sample,
    Window,
    build_quality_argv,
    sample_of,
)
from adapters.ffmpeg.scores import read_scores, summarise
from jobs.planner.ladder import resolve
from jobs.planner.specs import Ladder, QualityWish, Rung

VIDEO = VideoEncode(
    stream_index=0, encoder="libx264", width=640, height=360, frame_rate=None, gop_frames=50, crf=23.0,
    bitrate_kbps=None, maxrate_kbps=None, bufsize_kbps=None, speed="ultrafast", codec_profile="high", level=None,
    pixel_format="yuv420p", tune=None,
)  # fmt: skip
COMPARISON = Comparison(
    metric="vmaf", model="vmaf_v0.6.1", compare_at="rendition", width=640, height=360, frame_rate=Fraction(25),
    gop_seconds=Fraction(2), can_seek=True,
)  # fmt: skip
WHOLE = Window(Fraction(0), None)


def command(
    comparison: Comparison = COMPARISON,
    window: Window = WHOLE,
    every: int = 1,
    log: str = "/job/out/log",
    **changes: Any,
) -> str:
    delay = changes.pop("delay_seconds", 0.0)
    encode = Encode(replace(VIDEO, **changes), None, "cmaf", Fraction(2), 5.28, delay_seconds=delay)
    paths = {"ffmpeg": Path("/ffmpeg"), "source": Path("/job/0.bin"), "rendition": Path("/job/1.bin")}
    argv = build_quality_argv(encode, comparison, window, every=every, log=Path(log), **paths)
    safe = f"-max_alloc 1073741824 -protocol_whitelist file -format_whitelist {DEMUXERS} -max_pixels 67108864"
    head = "/ffmpeg -nostdin -hide_banner -nostats -loglevel level+warning -y -progress pipe:1 -stats_period 0.5 "
    text = " ".join(argv)
    assert text.startswith(head)
    assert text.count(safe) == 2, "both files are strangers'"
    return text.removeprefix(head).replace(f"{safe} ", "")


def test_the_whole_command_of_vmaf_is_as_somebody_has_read_it():
    assert command(every=3) == (
        "-i file:/job/1.bin -i file:/job/0.bin -filter_complex"
        " [0:v:0]setsar=1,format=yuv420p[rendition];"
        "[1:0]scale=640:360:flags=bicubic,setsar=1,format=yuv420p[reference];"
        "[rendition][reference]libvmaf=model=version=vmaf_v0.6.1:n_threads=2:n_subsample=3"
        ":log_fmt=json:log_path=/job/out/log:shortest=1:ts_sync_mode=nearest[compared]"
        " -map [compared] -an -sn -dn -f null -"
    )


def test_the_whole_command_of_ssim_leaves_frames_of_the_rendition_out_and_enters_both_films():
    text = command(
        replace(COMPARISON, metric="ssim", model=None, width=1920, height=1080),
        Window(Fraction(24), 5.0),
        every=3,
        deinterlace=True,
        frame_rate=Fraction(25),
    )
    assert text == (
        "-ss 24.000000 -t 5.000000 -i file:/job/1.bin -ss 24.000000 -t 6.000000 -i file:/job/0.bin -filter_complex"
        " [0:v:0]framestep=3,scale=1920:1080:flags=bicubic,setsar=1,format=yuv420p[rendition];"
        "[1:0]bwdif=mode=send_frame:parity=auto:deint=all,fps=25/1:start_time=0,scale=1920:1080:flags=bicubic,"
        "setsar=1,format=yuv420p[reference];"
        "[rendition][reference]ssim=stats_file=/job/out/log:shortest=1:ts_sync_mode=nearest[compared]"
        " -map [compared] -an -sn -dn -f null -"
    )


@pytest.mark.parametrize(
    ("start", "delay", "told"),
    [
        (0, 1.5, "-itsoffset 1.500000 -i file:/job/0.bin"),
        (1, 1.5, "-itsoffset 0.500000 -t 6.000000 -i file:/job/0.bin"),
        (24, 1.5, "-ss 22.500000 -t 6.000000 -i file:/job/0.bin"),
    ],
)
def test_what_begins_late_in_the_source_is_met_where_it_is_in_the_rendition(start, delay, told):
    assert told in command(window=Window(Fraction(start), 5.0 if start else None), delay_seconds=delay)


def test_a_folder_with_every_sign_that_a_graph_knows_is_escaped(ffmpeg, clip, tmp_path):
    folder = tmp_path / "o'dd, [na:me]; \\ here"
    folder.mkdir()
    encode = Encode(replace(VIDEO, width=64, height=36), None, "mp4", None, None)
    comparison = replace(COMPARISON, metric="ssim", model=None, width=64, height=36)
    log = folder / "log"
    argv = build_quality_argv(
        encode,
        comparison,
        Window(Fraction(0), 0.2),
        every=1,
        ffmpeg=ffmpeg,
        source=clip,
        rendition=clip,
        log=log,
    )
    # The clip itself stands for the rendition, in its own size: scaled first.
    graph = argv.index("-filter_complex") + 1
    scaled = argv[graph].replace("[0:v:0]", "[0:v:0]scale=64:36:flags=bicubic,")
    subprocess.run([*argv[:graph], scaled, *argv[graph + 1 :]], check=True, capture_output=True, timeout=60)
    assert summarise(read_scores(log, comparison, WHOLE, 1)).mean == 1.0


@given(
    seconds=st.none() | st.floats(0.01, 200_000),
    rate=st.sampled_from([Fraction(25), Fraction(30000, 1001), Fraction(120), Fraction(1)]),
    gop=st.sampled_from([Fraction(2), Fraction(1001, 500), Fraction(1, 4), Fraction(10)]),
    can_seek=st.booleans(),
)
def test_of_any_film_a_bounded_part_is_looked_at_and_all_of_it_lies_inside(seconds, rate, gop, can_seek):
    comparison = replace(COMPARISON, frame_rate=rate, gop_seconds=gop, can_seek=can_seek)
    sample = sample_of(comparison, seconds)
    assert 1 <= len(sample.windows) <= WINDOWS
    looked = 0.0
    for window in sample.windows:
        assert window.start % gop == 0
        assert seconds is None or window.start < seconds
        looked += window.seconds if window.seconds is not None else seconds or 0.0
    assert looked <= max(WHOLE_SECONDS, 0 if can_seek else seconds or 0)
    assert looked * float(rate) / sample.every <= SCORES + 1
    assert list(sample.windows) == sorted(sample.windows, key=lambda window: window.start)
    assert len({window.start for window in sample.windows}) == len(sample.windows)


def test_a_film_of_two_hours_is_looked_at_twelve_times():
    sample = sample_of(COMPARISON, 7200.0)
    assert sample == Sample(
        tuple(Window(Fraction(296 + 600 * number), WINDOW_SECONDS) for number in range(12)), every=3
    )


def test_a_comparison_survives_json():
    odd = replace(COMPARISON, frame_rate=Fraction(30000, 1001), gop_seconds=Fraction(1001, 500), minimum=90.0)
    assert Comparison.from_json(odd.to_json()) == odd


# --- the right frames meet ------------------------------------------------------------------------------------
def measured(ffmpeg: Path, ffprobe: Path, source: Path, folder: Path, rung: Rung, wish: QualityWish) -> float:
    """The mean score of an encode that loses next to nothing: a frame off by one would show."""
    probe, _ = run_probe(ffprobe, source)
    [planned] = resolve(Ladder("mp4", (rung,), None, quality=wish), probe).renditions
    assert planned.quality is not None
    target = folder / "rendition.mp4"
    argv = build_argv(planned.encode, ffmpeg=ffmpeg, source=source, target=target)
    subprocess.run(argv, check=True, capture_output=True, timeout=120)
    made, _ = run_probe(ffprobe, target)
    sample = sample_of(planned.quality, made.duration_seconds)
    points = []
    for number, window in enumerate(sample.windows):
        log = folder / f"log-{number}"
        paths = {"ffmpeg": ffmpeg, "source": source, "rendition": target, "log": log}
        argv = build_quality_argv(planned.encode, planned.quality, window, every=sample.every, **paths)
        subprocess.run(argv, check=True, capture_output=True, timeout=120)
        points += read_scores(log, planned.quality, window, sample.every)
    return summarise(points).lowest


NEARLY_ALL = Rung("180p", height=180, crf=4, speed="ultrafast")
SSIM = QualityWish("ssim")


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("phone_vertical_hlg10_rot90_vfr.mp4", {}),
        ("bbb_odd_853x479.mp4", {"max_frame_rate": 10.0}),
        ("nasa_6streams.mp4", {}),
        ("srt_ac3.mkv", {}),
    ],
)
def test_an_encode_that_loses_nothing_is_found_so_whatever_the_source_is_like(
    ffmpeg, ffprobe, shared_media, tmp_path, name, changes
):
    rung = replace(NEARLY_ALL, **changes)
    assert measured(ffmpeg, ffprobe, shared_media / name, tmp_path, rung, SSIM) > 0.98


def test_windows_of_a_long_film_meet_their_own_frames_at_a_rate_that_is_no_whole_number(
    ffmpeg, ffprobe, tmp_path
):
    source = tmp_path / "long.mkv"
    made = "testsrc2=s=160x90:r=30000/1001:d=75"
    argv = [
        ffmpeg,
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        made,
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        source,
    ]
    subprocess.run(argv, check=True)
    rung = Rung("90p", height=90, crf=4, speed="ultrafast")
    assert measured(ffmpeg, ffprobe, source, tmp_path, rung, SSIM) > 0.98


def test_fields_and_a_clock_that_starts_late_are_met_too(ffmpeg, ffprobe, clip, tmp_path):
    source = tmp_path / "fields.ts"
    fields = "scale=320:180,tinterlace=interleave_top,setfield=tff"
    coder = ("-c:v", "mpeg2video", "-flags", "+ilme+ildct", "-q:v", "2", "-an", "-output_ts_offset", "77.7")
    argv = [ffmpeg, "-v", "error", "-t", "3", "-i", clip, "-vf", fields, *coder, source]
    subprocess.run(argv, check=True)
    assert (
        measured(ffmpeg, ffprobe, source, tmp_path, Rung("90p", height=90, crf=4, speed="ultrafast"), SSIM)
        > 0.97
    )
