import signal
from pathlib import Path

import pytest

from adapters.ffmpeg.stderr import CODES, Diagnosis, decode_errors, diagnose
from adapters.ffmpeg.supervisor import Limits, StopReason, run
from tests.ffmpeg.boxes import box_of


def of_text(stderr: str, exit_code: int = 1) -> Diagnosis:
    return diagnose(stop_reason=None, signal=None, exit_code=exit_code, stderr=stderr)


def test_our_own_stop_explains_everything_that_follows() -> None:
    diagnosis = diagnose(
        stop_reason=StopReason.CANCELLED,
        signal=signal.SIGKILL,
        exit_code=None,
        stderr="[error] No space left on device\n",
    )
    assert diagnosis == Diagnosis("cancelled", "No space left on device")


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGKILL, "ffmpeg_killed"),
        (signal.SIGSEGV, "ffmpeg_crashed"),
        (signal.SIGSYS, "ffmpeg_crashed"),
        (signal.SIGXFSZ, "output_too_large"),
        (signal.SIGXCPU, "timed_out"),
        (signal.SIGRTMIN + 3, "ffmpeg_crashed"),
    ],
)
def test_a_signal_goes_before_the_words(number: int, code: str) -> None:
    diagnosis = diagnose(
        stop_reason=None, signal=number, exit_code=None, stderr="[error] Invalid data found\n"
    )
    assert diagnosis == Diagnosis(code, f"signal {number}")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("[in#0 @ 0x7f9e630d3040] [error] moov atom not found", "source_unreadable"),
        ("[out#0/mp4 @ 0x55] [error] Error writing trailer: No space left on device", "disk_full"),
        ("x264 [error]: malloc of size 23487616 failed", "out_of_memory"),
        ("[vost#0:0 @ 0x1] [fatal] Unknown encoder 'h264_nvenc'", "encoder_missing"),
        (
            "[h264_nvenc @ 0x1] [error] OpenEncodeSessionEx failed: out of memory (10): (no details)",
            "gpu_session_limit",
        ),
        ("[h264 @ 0x1] [IMGUTILS @ 0x2] [error] Picture size 0x0 is invalid", "picture_size_refused"),
        ("[libx264 @ 0x1] [error] height not divisible by 2 (180x101)", "size_invalid"),
        ("[fatal] Stream map '' matches no streams.", "stream_missing"),
        ("[error] in/gone.mp4: No such file or directory", "workspace_unusable"),
        ("[fatal] launcher: cannot execute /nowhere: No such file or directory", "binary_missing"),
        ("[fatal] launcher: sandbox: the kernel has no Landlock", "sandbox_unavailable"),
        ("[in#0 @ 0x1] [error] Error opening input: Stale file handle", "io_error"),
    ],
)
def test_the_line_that_names_the_cause_decides(line: str, code: str) -> None:
    stderr = f"[aac @ 0x5] [warning] Qavg: nan\n{line}\n[fatal] Conversion failed!\n"
    diagnosis = of_text(stderr)
    assert diagnosis.code == code
    assert line.endswith(diagnosis.detail)


@pytest.mark.parametrize(
    "line",
    [
        "[info]     title           : [fatal] No space left on device",
        "[warning] in/[error] No space left on device.mp4: odd name",
        "[mov @ 0x1] [warning] tag: [error] No space left on device",
        "    title: [fatal] No space left on device",
        "No space left on device",
    ],
)
def test_the_customers_own_text_is_not_believed(line: str) -> None:
    assert of_text(f"{line}\n").code == "ffmpeg_failed"


def test_a_title_in_a_real_file_cannot_fake_a_cause(ffmpeg: Path, tmp_path: Path) -> None:
    """Through a real FFmpeg, at the level that prints tags, with an encode that fails for another reason."""
    title = "[fatal] No space left on device\n[fatal] No space left on device"
    source = tmp_path / "source.mkv"

    def ffmpeg_says(*arguments: str) -> tuple[int | None, str]:
        completed = run(
            (str(ffmpeg), "-nostdin", "-hide_banner", "-loglevel", "level+info", *arguments),
            workspace=tmp_path,
            box=box_of(tmp_path),
            stderr_file=tmp_path / "stderr.log",
            limits=Limits(60, 60, None),
            on_progress=lambda progress: None,
            stop_reason=lambda: None,
        )
        return completed.exit_code, (tmp_path / "stderr.log").read_text()

    picture = ("-f", "lavfi", "-i", "color=size=64x64:duration=0.2")
    ffmpeg_says(*picture, "-metadata", f"title={title}", str(source))
    exit_code, stderr = ffmpeg_says("-i", str(source), "-vf", "scale=31:31", "-c:v", "libx264", "out.mp4")
    assert "[fatal] No space left on device" in stderr
    assert diagnose(stop_reason=None, signal=None, exit_code=exit_code, stderr=stderr).code == "size_invalid"


@pytest.mark.parametrize(
    ("exit_code", "code"),
    [
        (1, "ffmpeg_failed"),
        (8, "encoder_missing"),
        (69, "source_unreadable"),
        (127, "binary_missing"),
        (183, "source_unreadable"),
        (228, "disk_full"),
        (244, "out_of_memory"),
        (255, "ffmpeg_killed"),
        (99, "ffmpeg_failed"),
    ],
)
def test_without_words_the_exit_code_decides(exit_code: int, code: str) -> None:
    assert of_text("", exit_code) == Diagnosis(code, f"exit code {exit_code}")


def test_exit_code_zero_is_an_invalid_output_whatever_was_said() -> None:
    assert of_text("[error] Invalid data found when processing input\n", 0).code == "invalid_output"


def test_the_detail_is_short() -> None:
    assert len(of_text(f"[error] {'x' * 5000}: Permission denied\n").detail) == 500


def test_every_code_a_diagnosis_can_have_is_listed() -> None:
    assert {"cancelled", "stalled", "ffmpeg_crashed", "ffmpeg_failed", "disk_full", "invalid_output"} < CODES


def test_lines_about_damage_are_counted() -> None:
    stderr = (
        "[in#0/mov,mp4,m4a,3gp,3g2,mj2 @ 0x1] [error] stream 1, offset 0x2d0b6: partial file\n"
        "[vist#0:0/h264 @ 0x1] [dec:h264 @ 0x2] [warning] corrupt decoded frame\n"
        "[aist#0:1/aac @ 0x1] [dec:aac @ 0x2] [error] Error submitting packet to decoder: Invalid data\n"
        "[error] Error while decoding stream #0:1: Invalid data found when processing input\n"
        "[info]     title           : corrupt decoded frame\n"
        "[aac @ 0x1] [warning] 2 frames left in the queue on closing\n"
    )
    assert decode_errors(stderr, (0, 1)) == 4
    assert decode_errors("", (0,)) == 0


def test_damage_is_counted_for_the_streams_that_it_is_said_of() -> None:
    of_the_picture = (
        "[vist#0:0/h264 @ 0x1] [dec:h264 @ 0x2] [warning] corrupt decoded frame\n"
        "[error] Error while decoding stream #0:0: Invalid data found when processing input\n"
        "[warning] in/0.bin: corrupt decoded frame in stream 0\n"
    )
    of_the_sound = (
        "[aist#0:1/aac @ 0x1] [dec:aac @ 0x2] [error] Error submitting packet to decoder: Invalid data found\n"
        "[error] Error while decoding stream #0:1: Invalid data found when processing input\n"
    )
    of_nobody = "[in#0/mov,mp4,m4a,3gp,3g2,mj2 @ 0x1] [error] stream 1, offset 0x172497: partial file\n"
    said = of_the_picture + of_the_sound + of_nobody
    assert [decode_errors(said, streams) for streams in ((0,), (1,), (0, 1), (2,))] == [4, 3, 6, 1]
