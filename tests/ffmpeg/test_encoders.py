"""Each encoder for real: its key frames on the grid and nowhere else, each opening a closed GOP."""

import re
import subprocess
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from adapters.ffmpeg.command import AudioEncode, Encode, VideoEncode, build_argv, build_passes
from adapters.ffmpeg.encoders import AUDIO_ENCODERS, VIDEO_ENCODERS, audio_encoder, video_encoder
from adapters.ffmpeg.probe import Probe, run_probe
from adapters.ffmpeg.verify import verify_grid, verify_output
from adapters.packaging.fragments import read_index
from jobs.planner.ladder import resolve
from jobs.planner.specs import Ladder, Rung

CPU = [
    name
    for name in VIDEO_ENCODERS
    if video_encoder(name).pool == "cpu" and video_encoder(name).codec is not None
]
GPU = [name for name in VIDEO_ENCODERS if video_encoder(name).pool == "gpu"]
AUDIO = [name for name in AUDIO_ENCODERS if audio_encoder(name).codec is not None]
LIGHT = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "10")
QUIET = ("-stream_loop", "3", "-i")


def wish(name: str, **changes: Any) -> VideoEncode:
    """A GOP of 25 frames in the encoder's fastest way."""
    encoder = video_encoder(name)
    settings = VideoEncode(
        stream_index=0, encoder=name, width=320, height=180, frame_rate=None, gop_frames=25,
        crf=encoder.default_crf, bitrate_kbps=None, maxrate_kbps=None, bufsize_kbps=None,
        speed=encoder.speeds[0], codec_profile=encoder.default_codec_profile, level=None,
        pixel_format="yuv420p", tune=None,
    )  # fmt: skip
    return replace(settings, **changes)


@pytest.fixture(scope="module", params=["ffmpeg", "ffmpeg_other"])
def build(request: pytest.FixtureRequest) -> Path:
    binary: Path = request.getfixturevalue(request.param)
    return binary


def run(*argv: str | Path) -> str:
    completed = subprocess.run(argv, capture_output=True, text=True, timeout=120)
    assert completed.returncode == 0, completed.stderr
    return completed.stderr


@pytest.fixture(scope="module")
def cuts(ffmpeg: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """6.08 s of 25 fps with hard cuts off the grid, at 1.3, 2.4 and 4.1 s: what tempts an encoder."""
    target = tmp_path_factory.mktemp("cuts") / "cuts.mp4"
    scenes = ["testsrc2=d=1.3", "smptehdbars=d=1.1", "mandelbrot=maxiter=1000", "testsrc=d=1.98"]
    inputs = [
        token
        for scene in scenes
        for token in ("-f", "lavfi", "-i", f"{scene}{'=' if '=' not in scene else ':'}s=320x180:r=25")
    ]
    shape = "format=yuv420p,setsar=1"
    graph = f"[0]{shape}[a];[1]{shape}[b];[2]trim=duration=1.7,{shape}[c];[3]{shape}[d];[a][b][c][d]concat=n=4,fps=25"
    run(
        ffmpeg,
        "-v",
        "error",
        "-y",
        *inputs,
        "-filter_complex",
        graph,
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-crf",
        "10",
        target,
    )
    return target


def encode(build: Path, settings: VideoEncode, source: Path, target: Path) -> Encode:
    planned = Encode(settings, None, "cmaf", settings.gop_frames / Fraction(25), 6.08)
    run(*build_argv(planned, ffmpeg=build, source=source, target=target))
    return planned


def check(planned: Encode, probe: Probe, target: Path) -> None:
    assert verify_output(planned, probe, decode_errors=0, frames=152) is None
    index = read_index(target)
    durations = [fragment.duration for fragment in index.fragments]
    assert verify_grid(planned, durations, index.timescale, frames=152) is None
    assert len(durations) == 7


@pytest.mark.parametrize("name", CPU)
def test_key_frames_are_on_the_grid_and_every_gop_is_closed(
    name: str, build: Path, ffmpeg: Path, ffprobe: Path, cuts: Path, tmp_path: Path
) -> None:
    target, alone = tmp_path / "out.mp4", tmp_path / "alone.mp4"
    planned = encode(build, wish(name), cuts, target)
    probe, _ = run_probe(ffprobe, target)
    check(planned, probe, target)
    assert probe.video[0].start_seconds == 0
    # A fragment by itself shows all its pictures: none leans on the GOP before.
    data, index = target.read_bytes(), read_index(target)
    for fragment in index.fragments[1:3]:
        alone.write_bytes(data[: index.init_bytes] + data[fragment.offset :][: fragment.size_bytes])
        log = run(ffmpeg, "-v", "level+info", "-i", alone, "-f", "null", "-")
        assert re.findall(r"frame= *(\d+)", log)[-1] == "25"
        assert "[error]" not in log


def words(name: str) -> list[dict[str, Any]]:
    """A change of the settings for each word that the encoder declares."""
    encoder = video_encoder(name)
    changes: list[dict[str, Any]] = [{"speed": word} for word in encoder.speeds]
    changes += [{"tune": word} for word in encoder.tunes]
    changes += [{"level": word} for word in encoder.levels if float(word) >= 3]
    changes += [{"crf": edge} for edge in encoder.crf]
    return changes + [
        {"codec_profile": profile, "pixel_format": pixel_format}
        for profile, formats in encoder.codec_profiles.items()
        for pixel_format in formats
    ]


@pytest.mark.parametrize("name", CPU)
def test_ffmpeg_takes_every_word_that_an_encoder_declares(name: str, build: Path) -> None:
    source = ("-f", "lavfi", "-i", "testsrc2=s=128x72:r=25:d=0.12")
    for changes in words(name):
        arguments = video_encoder(name).arguments(wish(name, **changes))
        argv = [str(build), "-v", "level+warning", *source, *arguments, "-f", "null", "-"]
        completed = subprocess.run(argv, capture_output=True, text=True, timeout=60)
        if "not supported in this build configuration" in completed.stderr:
            continue  # libvpx without 10 bits, in the second build
        assert completed.returncode == 0, (changes, completed.stderr)
        assert "[error]" not in completed.stderr, (changes, completed.stderr)


@pytest.mark.parametrize("name", GPU)
def test_key_frames_of_a_gpu_are_on_the_grid(
    name: str, ffmpeg: Path, ffprobe: Path, cuts: Path, tmp_path: Path
) -> None:
    frame = ("-f", "lavfi", "-i", "color=s=320x180", "-frames:v", "1", "-c:v", name, "-f", "null", "-")
    if subprocess.run([ffmpeg, "-v", "quiet", *frame], check=False).returncode != 0:
        pytest.skip("no NVENC on this machine")
    target = tmp_path / "out.mp4"
    check(encode(ffmpeg, wish(name), cuts, target), run_probe(ffprobe, target)[0], target)


@pytest.mark.parametrize("name", CPU)
def test_the_same_wish_gives_the_same_bytes_again(name: str, build: Path, cuts: Path, tmp_path: Path) -> None:
    for number in (1, 2):
        encode(build, wish(name), cuts, tmp_path / f"{number}.mp4")
    first, second = ((tmp_path / f"{number}.mp4").read_bytes() for number in (1, 2))
    assert first == second


@pytest.mark.parametrize("name", CPU)
def test_a_cap_is_held(name: str, ffmpeg: Path, cuts: Path, tmp_path: Path) -> None:
    encode(ffmpeg, wish(name, crf=12, maxrate_kbps=300, bufsize_kbps=300), cuts, tmp_path / "capped.mp4")
    encode(ffmpeg, wish(name, crf=12), cuts, tmp_path / "free.mp4")
    capped, free = ((tmp_path / f"{one}.mp4").stat().st_size * 8 / 6080 for one in ("capped", "free"))
    assert capped < 300 * 1.3 < free


@pytest.mark.parametrize("name", [name for name in CPU if video_encoder(name).in_pass])
def test_two_passes_meet_their_bit_rate(
    name: str, build: Path, ffprobe: Path, cuts: Path, tmp_path: Path
) -> None:
    target = tmp_path / "out.mp4"
    settings = wish(name, crf=None, bitrate_kbps=200, passes=2)
    planned = Encode(settings, None, "cmaf", Fraction(1), 6.08)
    first, second = build_passes(planned, ffmpeg=build, source=cuts, target=target)
    run(*first)
    assert not target.exists()
    run(*second)
    check(planned, run_probe(ffprobe, target)[0], target)
    assert target.stat().st_size * 8 / 6.08 / 1000 == pytest.approx(200, rel=0.25)
    with pytest.raises(ValueError, match="two commands"):
        build_argv(planned, ffmpeg=build, source=cuts, target=target)


@pytest.mark.parametrize("name", ["libsvtav1", "libvpx-vp9"])
def test_webm_has_its_index_in_front(
    name: str, build: Path, ffprobe: Path, cuts: Path, tmp_path: Path
) -> None:
    target = tmp_path / "out.webm"
    planned = Encode(wish(name), None, "webm", None, 6.08)
    run(*build_argv(planned, ffmpeg=build, source=cuts, target=target))
    assert verify_output(planned, run_probe(ffprobe, target)[0], decode_errors=0, frames=152) is None
    data = target.read_bytes()
    assert data.index(b"\x1c\x53\xbb\x6b") < data.index(b"\x1f\x43\xb6\x75")  # Cues before the first Cluster


@pytest.mark.parametrize("name", AUDIO)
def test_every_sound_starts_at_zero_and_lasts_as_long_as_the_source(
    name: str, build: Path, ffprobe: Path, clip: Path, tmp_path: Path
) -> None:
    encoder = audio_encoder(name)
    kbps = 128 if encoder.kbps_per_channel else None
    for container in encoder.containers:
        target = tmp_path / f"out.{container}"
        sound = AudioEncode(1, name, kbps, 2, encoder.sample_rates_hz[-1], language="eng")
        planned = Encode(None, sound, container, Fraction(2), 5.312)
        run(*build_argv(planned, ffmpeg=build, source=clip, target=target))
        probe, _ = run_probe(ffprobe, target)
        assert verify_output(planned, probe, decode_errors=0) is None
        assert probe.audio[0].start_seconds == pytest.approx(0, abs=0.01)
        assert (probe.audio[0].language, probe.audio[0].channels) == ("eng", 2)
        assert probe.duration_seconds == pytest.approx(5.312, abs=0.03)


@pytest.mark.parametrize("lufs", [-23.0, -16.0])
def test_loudness_comes_to_the_target(lufs: float, build: Path, clip: Path, tmp_path: Path) -> None:
    source, target = tmp_path / "quiet.mkv", tmp_path / "out.mp4"
    run(
        build,
        "-v",
        "error",
        "-y",
        "-stream_loop",
        "3",
        "-i",
        clip,
        "-vn",
        "-af",
        "volume=-14dB",
        "-c:a",
        "flac",
        source,
    )
    sound = AudioEncode(0, "aac", 128, 2, 48000, loudness_lufs=lufs)
    run(
        *build_argv(
            Encode(None, sound, "cmaf", Fraction(2), None), ffmpeg=build, source=source, target=target
        )
    )

    def loudness(file: Path) -> float:
        log = run(build, "-hide_banner", "-i", file, "-af", "ebur128", "-f", "null", "-")
        return float(re.findall(r"I: +(-[\d.]+) LUFS", log)[-1])

    assert abs(loudness(source) - lufs) > 5
    assert loudness(target) == pytest.approx(lufs, abs=1.5)


def test_hdr_is_kept_where_the_rung_says_so(
    ffmpeg: Path, ffprobe: Path, shared_media: Path, tmp_path: Path
) -> None:
    source = shared_media / "phone_vertical_hlg10_rot90_vfr.mp4"
    for name, profile in (("libx265", "main10"), ("libsvtav1", "main")):
        target = tmp_path / f"{name}.mp4"
        settings = wish(
            name, width=180, height=320, frame_rate=Fraction(30), pixel_format="yuv420p10le",
            codec_profile=profile, hdr="HLG",
        )  # fmt: skip
        planned = Encode(settings, None, "cmaf", None, 2.548)
        run(*build_argv(planned, ffmpeg=ffmpeg, source=source, target=target))
        probe, _ = run_probe(ffprobe, target)
        assert verify_output(planned, probe, decode_errors=0) is None
        (stream,) = probe.video
        assert (stream.pixel_format, stream.color_transfer) == ("yuv420p10le", "arib-std-b67")
        assert (stream.color_primaries, stream.color_space) == ("bt2020", "bt2020nc")


def test_an_interlaced_source_has_no_combs_left(
    build: Path, ffprobe: Path, shared_media: Path, tmp_path: Path
) -> None:
    source = tmp_path / "fields.mpg"
    run(
        build, "-v", "error", "-y", "-r", "50", "-i", shared_media / "bikes_640x272_10s.mp4", "-an",
        "-vf", "scale=320:180,format=yuv420p,tinterlace=interleave_top,fieldorder=tff",
        "-c:v", "mpeg2video", "-b:v", "6M",
        "-flags", "+ilme+ildct", source,
    )  # fmt: skip
    (stream,) = run_probe(ffprobe, source)[0].video
    assert stream.is_interlaced

    def combed(**changes: Any) -> int:
        target = tmp_path / "out.mp4"
        settings = wish("libx264", speed="veryfast", crf=12, **changes)
        run(
            *build_argv(
                Encode(settings, None, "cmaf", None, None), ffmpeg=build, source=source, target=target
            )
        )
        log = run(build, "-hide_banner", "-i", target, "-vf", "idet", "-f", "null", "-")
        (found,) = re.findall(r"Single frame detection: TFF: *(\d+) BFF: *(\d+)", log)[-1:]
        return sum(map(int, found))

    assert combed() > 50
    assert combed(deinterlace=True) < 5


def test_rungs_of_two_rates_share_one_grid(ffmpeg: Path, ffprobe: Path, tmp_path: Path) -> None:
    source = tmp_path / "source.mp4"
    run(
        ffmpeg,
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=320x180:r=50:d=5",
        *LIGHT,
        "-pix_fmt",
        "yuv420p",
        source,
    )
    rungs = (Rung("full", height=180), Rung("half", height=120, max_frame_rate=30))
    plan = resolve(Ladder("hls", rungs, None), run_probe(ffprobe, source)[0])
    indexes = []
    for one in plan.renditions:
        target = tmp_path / one.file_name
        run(*build_argv(one.encode, ffmpeg=ffmpeg, source=source, target=target))
        assert verify_output(one.encode, run_probe(ffprobe, target)[0], decode_errors=0) is None
        index = read_index(target)
        indexes.append([Fraction(fragment.duration, index.timescale) for fragment in index.fragments])
    assert [one.encode.video.frame_rate for one in plan.renditions if one.encode.video] == [None, 25]
    assert indexes[0] == indexes[1] == [2, 2, 1]
