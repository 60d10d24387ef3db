from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from adapters.ffmpeg.command import AudioEncode, Encode, VideoEncode, build_argv
from adapters.ffmpeg.probe import Probe, parse_probe, run_probe
from adapters.ffmpeg.stderr import decode_errors
from adapters.ffmpeg.supervisor import Completed, Limits, run
from adapters.ffmpeg.verify import verify_grid, verify_output
from adapters.packaging.fragments import read_index
from tests.ffmpeg.boxes import box_of

VIDEO = VideoEncode(
    stream_index=0, encoder="libx264", width=320, height=180, frame_rate=Fraction(25), gop_frames=50,
    crf=30, bitrate_kbps=None, maxrate_kbps=None, bufsize_kbps=None, speed="ultrafast",
    codec_profile=None, level=None, pixel_format="yuv420p", tune=None,
)  # fmt: skip
AUDIO = AudioEncode(stream_index=1, encoder="aac", bitrate_kbps=96, channels=2, sample_rate_hz=None)
PLANNED = Encode(VIDEO, AUDIO, "mp4", None, 60.0)
SOUND: dict[str, object] = {"codec_type": "audio", "codec_name": "aac"}
PICTURE: dict[str, object] = {
    "codec_type": "video",
    "codec_name": "h264",
    "width": 320,
    "height": 180,
    "avg_frame_rate": "25/1",
    "nb_frames": "1500",
}


def output(*streams: dict[str, object], duration: float | None = 60.0) -> Probe:
    picture = PICTURE | {"nb_frames": str(round((duration or 0) * 25))}
    return parse_probe({"format": {"duration": duration}, "streams": list(streams or (picture, SOUND))})


def code_of(probe: Probe, *, decode_errors: int = 0, planned: Encode = PLANNED) -> str | None:
    mismatch = verify_output(planned, probe, decode_errors=decode_errors)
    return mismatch.code if mismatch else None


def test_an_output_as_planned_passes() -> None:
    assert code_of(output()) is None


@pytest.mark.parametrize(
    ("probe", "code"),
    [
        (output(PICTURE), "output_streams_wrong"),
        (output(SOUND), "output_streams_wrong"),
        (output(PICTURE, PICTURE, SOUND), "output_streams_wrong"),
        (output(PICTURE | {"codec_name": "hevc"}, SOUND), "output_streams_wrong"),
        (output(PICTURE, SOUND | {"codec_name": "mp3"}), "output_streams_wrong"),
        (output(PICTURE | {"width": 322}, SOUND), "output_size_wrong"),
        (output(PICTURE | {"sample_aspect_ratio": "4:3"}, SOUND), "output_size_wrong"),
        (output(PICTURE | {"pix_fmt": "yuvj420p"}, SOUND), "invalid_output"),
        (output(PICTURE | {"avg_frame_rate": "24/1"}, SOUND), "output_rate_wrong"),
        (output(duration=None), "invalid_output"),
        (output(duration=61.3), "output_duration_wrong"),
        (output(duration=58.7), "output_duration_wrong"),
    ],
)
def test_the_first_difference_is_named(probe: Probe, code: str) -> None:
    assert code_of(probe) == code


def test_a_second_or_two_percent_are_no_difference() -> None:
    assert code_of(output(duration=61.1)) is None
    assert code_of(output(duration=4.1), planned=replace(PLANNED, duration_seconds=5.0)) is None
    assert code_of(output(duration=3.9), planned=replace(PLANNED, duration_seconds=5.0)) is not None


def test_a_source_that_does_not_tell_its_duration_is_not_measured_against_it() -> None:
    assert code_of(output(duration=2.0), planned=replace(PLANNED, duration_seconds=None)) is None


def test_a_copy_is_not_asked_for_a_codec_or_a_size() -> None:
    planned = Encode(replace(VIDEO, encoder="copy"), None, "mp4", None, 60.0)
    assert code_of(output(PICTURE | {"codec_name": "vp9", "width": 99}), planned=planned) is None


def test_a_copy_may_miss_the_gop_in_which_the_source_begins() -> None:
    planned = Encode(replace(VIDEO, encoder="copy", gop_frames=100), None, "mp4", None, 60.0)
    assert code_of(output(PICTURE, duration=56.1), planned=planned) is None
    assert code_of(output(PICTURE, duration=55.9), planned=planned) == "output_duration_wrong"


@pytest.mark.parametrize(
    ("changes", "transfer", "code"),
    [
        ({"hdr": "HLG"}, "arib-std-b67", None),
        ({"hdr": "PQ"}, "arib-std-b67", "invalid_output"),
        ({"hdr": "PQ"}, "bt709", "invalid_output"),
        ({"tone_map": True}, "smpte2084", "invalid_output"),
        ({"tone_map": True}, "bt709", None),
        ({}, None, None),
    ],
)
def test_hdr_is_what_was_planned(changes: dict[str, Any], transfer: str | None, code: str | None) -> None:
    planned = replace(PLANNED, video=replace(VIDEO, **changes))
    assert code_of(output(PICTURE | {"color_transfer": transfer}, SOUND), planned=planned) == code


# --- frames ---

NO_COUNT = PICTURE | {"nb_frames": "N/A"}
CMAF = Encode(replace(VIDEO, frame_rate=None), None, "cmaf", Fraction(2), 60.0)


@pytest.mark.parametrize("planned", [CMAF, replace(CMAF, video=VIDEO, fragment_seconds=None)])
def test_the_frames_are_counted_against_the_duration(planned: Encode) -> None:
    def code(frames: int, *, decode_errors: int = 0) -> str | None:
        probe = output(NO_COUNT)
        mismatch = verify_output(planned, probe, decode_errors=decode_errors, frames=frames)
        return mismatch.code if mismatch else None

    assert (code(1470), code(1500), code(1530)) == (None, None, None)
    assert (code(1469), code(1531)) == ("output_frames_wrong", "output_frames_wrong")
    # What damage has cost is the source's affair.
    assert (code(1400, decode_errors=5), code(1600, decode_errors=5)) == (None, "output_frames_wrong")


def test_a_file_that_counts_its_own_frames_is_believed() -> None:
    mismatch = verify_output(PLANNED, output(PICTURE | {"nb_frames": "1400"}, SOUND), decode_errors=0)
    assert mismatch is not None
    assert (mismatch.code, mismatch.message) == (
        "output_frames_wrong",
        "1400 frames in 60.000 s, at 25.000 fps there are 1500",
    )


def test_two_frames_of_a_short_clip_are_no_difference() -> None:
    planned = replace(CMAF, duration_seconds=0.4)
    for frames in (8, 12):
        assert verify_output(planned, output(NO_COUNT, duration=0.4), decode_errors=0, frames=frames) is None


# --- the grid ---


@pytest.mark.parametrize(
    ("durations", "frames"),
    [
        ([25600, 25600, 16384], 132),
        ([25600, 25601, 25599, 25600], None),
        ([25600], 50),
        ([512], 1),
        # A hole of three pictures makes one GOP longer, wherever it is.
        ([25600, 27136, 16384], 132),
        ([25600, 25600, 27136], 150),
    ],
)
def test_fragments_of_whole_gops_are_on_the_grid(durations: list[int], frames: int | None) -> None:
    assert verify_grid(CMAF, durations, 12800, frames=frames) is None


@pytest.mark.parametrize(
    ("durations", "frames", "fragment"),
    [
        ([25600, 25000, 16384], 131, 2),  # a key frame too early
        ([51200, 25600], 150, 1),  # a key frame is missing
        ([25600, 51200], 150, 2),  # in the last one too
        ([26112, 25600, 25600], 151, 1),  # by a single frame
        ([25600, 27136, 16384], None, 2),  # nobody says that pictures are missing
    ],
)
def test_a_fragment_off_the_grid_is_named(durations: list[int], frames: int | None, fragment: int) -> None:
    mismatch = verify_grid(CMAF, durations, 12800, frames=frames)
    assert mismatch is not None
    assert mismatch.code == "output_grid_wrong"
    seconds = durations[fragment - 1] / 12800
    assert mismatch.message == f"fragment {fragment} lasts {seconds:.6f} s, planned is a GOP of 2.000000 s"


def test_copies_and_sound_have_no_grid() -> None:
    assert verify_grid(replace(CMAF, video=replace(VIDEO, encoder="copy")), [1, 2, 3], 12800) is None
    assert verify_grid(Encode(None, AUDIO, "cmaf", Fraction(2), None), [95232, 96256], 48000) is None


@pytest.mark.parametrize(
    "wish",
    [
        ("rate=25", Fraction(25), "null"),
        ("rate=24000/1001", Fraction(24000, 1001), "null"),
        ("rate=25", Fraction(25), "select='not(between(n,70,74))'"),  # a hole of five pictures
    ],
)
def test_a_real_rendition_is_on_its_grid_and_one_of_other_gops_is_not(
    wish: tuple[str, Fraction, str], ffmpeg: Path, ffprobe: Path, tmp_path: Path
) -> None:
    size, rate, holes = wish
    source, target = tmp_path / "source.mkv", tmp_path / "out.mp4"
    run_ffmpeg = (
        str(ffmpeg), "-y", "-f", "lavfi", "-i", f"testsrc2=size=320x180:{size}:duration=10", "-vf", holes,
        "-fps_mode", "passthrough", "-c:v", "libx264", "-preset", "ultrafast", "-bf", "3", str(source),
    )  # fmt: skip
    supervised(run_ffmpeg, tmp_path)
    video = replace(VIDEO, frame_rate=None, gop_frames=48, speed="veryfast")
    encode = Encode(video, None, "cmaf", 48 / rate, None)
    completed = supervised(build_argv(encode, ffmpeg=ffmpeg, source=source, target=target), tmp_path)
    assert completed.last_progress is not None
    frames, index = completed.last_progress.frame, read_index(target)
    durations = [fragment.duration for fragment in index.fragments]
    probe, _ = run_probe(ffprobe, target)
    assert verify_output(encode, probe, decode_errors=0, frames=frames) is None
    assert verify_grid(encode, durations, index.timescale, frames=frames) is None
    for gop_frames in (47, 49, 24, 96):
        other = replace(
            encode, video=replace(video, gop_frames=gop_frames), fragment_seconds=gop_frames / rate
        )
        assert verify_grid(other, durations, index.timescale, frames=frames) is not None


def test_a_short_output_with_decode_errors_is_the_sources_fault() -> None:
    assert code_of(output(duration=30.0), decode_errors=1) == "source_truncated"


def test_a_long_output_is_our_fault_even_with_decode_errors() -> None:
    assert code_of(output(duration=90.0), decode_errors=1) == "output_duration_wrong"


def test_a_few_damaged_frames_are_a_film_and_many_are_not() -> None:
    assert code_of(output(), decode_errors=30) is None
    assert code_of(output(), decode_errors=31) == "source_damaged"


def faststart(studio: Path, ffmpeg: Path, clip: Path) -> bytes:
    """The clip with its index in front, so that a cut-off copy still opens."""
    encode = Encode(replace(VIDEO, encoder="copy"), replace(AUDIO, encoder="copy"), "mp4", None, None)
    target = studio / "faststart.mp4"
    encode_file(encode, ffmpeg, clip, target)
    return target.read_bytes()


def encode_file(encode: Encode, ffmpeg: Path, source: Path, target: Path) -> int:
    """Encode with success, and give the number of decode errors."""
    supervised(build_argv(encode, ffmpeg=ffmpeg, source=source, target=target), target.parent)
    return decode_errors((target.parent / "stderr.log").read_text(), encode.streams)


def supervised(argv: tuple[str, ...], folder: Path) -> Completed:
    """Run with success."""
    completed = run(
        argv,
        workspace=folder,
        box=box_of(folder),
        stderr_file=folder / "stderr.log",
        limits=Limits(60, 60, None),
        on_progress=lambda progress: None,
        stop_reason=lambda: None,
    )
    assert completed.exit_code == 0, (folder / "stderr.log").read_text()
    return completed


@pytest.mark.parametrize("kind", ["video", "audio"])
def test_a_truncated_source_is_found_out_though_ffmpeg_ends_with_zero(
    kind: str, ffmpeg: Path, ffprobe: Path, clip: Path, tmp_path: Path
) -> None:
    source = tmp_path / "cut.mp4"
    whole = faststart(tmp_path, ffmpeg, clip)
    source.write_bytes(whole[: len(whole) // 3])
    planned = replace(
        PLANNED,
        video=VIDEO if kind == "video" else None,
        audio=AUDIO if kind == "audio" else None,
        duration_seconds=5.28,
    )
    target = tmp_path / "out.mp4"
    errors = encode_file(planned, ffmpeg, source, target)
    probe, _ = run_probe(ffprobe, target)
    assert code_of(probe, decode_errors=errors, planned=planned) == "source_truncated"


def test_a_source_damaged_all_over_is_found_out(
    ffmpeg: Path, ffprobe: Path, clip: Path, tmp_path: Path
) -> None:
    data = bytearray(faststart(tmp_path, ffmpeg, clip))
    for position in range(60_000, len(data), 9_973):
        data[position] ^= 0xFF
    source, target = tmp_path / "damaged.mp4", tmp_path / "out.mp4"
    source.write_bytes(data)
    planned = replace(PLANNED, audio=None, duration_seconds=5.28)
    errors = encode_file(planned, ffmpeg, source, target)
    probe, _ = run_probe(ffprobe, target)
    assert code_of(probe, decode_errors=errors, planned=planned) == "source_damaged"
