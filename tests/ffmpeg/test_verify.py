from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from adapters.ffmpeg.command import AudioEncode, Encode, VideoEncode, build_argv
from adapters.ffmpeg.probe import Probe, parse_probe, run_probe
from adapters.ffmpeg.stderr import decode_errors
from adapters.ffmpeg.supervisor import Limits, run
from adapters.ffmpeg.verify import verify_output

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
    return parse_probe({"format": {"duration": duration}, "streams": list(streams or (PICTURE, SOUND))})


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
    stderr_file = target.with_suffix(".log")
    completed = run(
        build_argv(encode, ffmpeg=ffmpeg, source=source, target=target),
        workspace=target.parent,
        stderr_file=stderr_file,
        limits=Limits(60, 60, None),
        on_progress=lambda progress: None,
        stop_reason=lambda: None,
    )
    assert completed.exit_code == 0
    return decode_errors(stderr_file.read_text())


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
