"""GPU encoders, where there is no GPU: whole command lines, options that FFmpeg knows, and failures for real."""

import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import pytest

from adapters.ffmpeg.command import build_argv
from adapters.ffmpeg.encode import Encode, VideoEncode
from adapters.ffmpeg.encoders import GPU_ENCODERS, Gpu, video_encoder
from adapters.ffmpeg.gpu_proof import prove_all
from adapters.ffmpeg.gpu_sessions import NoSession, Session, session
from adapters.ffmpeg.limits import Limits
from adapters.ffmpeg.rlimits import resource_limits
from adapters.ffmpeg.sandbox.box import Box, grants
from adapters.ffmpeg.stderr import diagnose
from adapters.ffmpeg.supervisor import supervise

NODE = "/dev/dri/renderD129"
HOLD = (
    "import sys, time, pathlib\n"
    "from adapters.ffmpeg.gpu_sessions import session\n"
    "with session(pathlib.Path(sys.argv[1]), int(sys.argv[2]), wait_seconds=10):\n"
    "    print('held', flush=True)\n"
    "    time.sleep(600)\n"
)


def wish(name: str, **changes) -> VideoEncode:
    encoder = video_encoder(name)
    settings = {
        "stream_index": 0, "encoder": name, "width": 1280, "height": 720, "frame_rate": None, "gop_frames": 50,
        "crf": 26.0, "bitrate_kbps": None, "maxrate_kbps": None, "bufsize_kbps": None,
        "speed": encoder.default_speed, "codec_profile": encoder.default_codec_profile, "level": None,
        "pixel_format": "yuv420p", "tune": None,
    }  # fmt: skip
    return VideoEncode(**{**settings, **changes})


def line(name: str, gpu: Gpu | None = None, **changes) -> str:
    """The command without what all commands have: from the device to the sound."""
    planned = Encode(wish(name, **changes), None, "cmaf", Fraction(2), 10.0)
    argv = build_argv(planned, ffmpeg=Path("/ffmpeg"), source=Path("/in"), target=Path("/out"), gpu=gpu)
    text = " ".join(argv[argv.index("0.5") + 1 : argv.index("-an")])
    whitelist = argv[argv.index("-format_whitelist") + 1]
    return text.replace(whitelist, "DEMUXERS")


INPUT = "-max_alloc 1073741824 -protocol_whitelist file -format_whitelist DEMUXERS -max_pixels 67108864"
SCALED = "-map 0:0 -filter:v scale=1280:720:flags=bicubic,setsar=1"


def test_nvenc_takes_pictures_from_memory() -> None:
    assert line("h264_nvenc") == (
        f"{INPUT} -i file:/in {SCALED} -c:v h264_nvenc -preset p4 -profile:v high -pix_fmt yuv420p -rc:v vbr -cq 26 "
        "-b:v 0 -g 50 -no-scenecut 1 -forced-idr 1 -strict_gop 1"
    )
    assert line("h264_nvenc", Gpu(decodes=True)).startswith(
        f"{INPUT} -hwaccel cuda -i file:/in {SCALED} -c:v"
    )


def test_quick_sync_opens_its_device_before_the_source() -> None:
    assert line("hevc_qsv", Gpu(NODE), level="4.1", maxrate_kbps=4000, bufsize_kbps=8000) == (
        f"-init_hw_device qsv=gpu:hw_any,child_device={NODE} {INPUT} -i file:/in {SCALED} "
        "-c:v hevc_qsv -preset medium -profile:v main -level:v 41 -pix_fmt nv12 -global_quality:v 26 -b:v 3999k "
        "-maxrate:v 4000k -bufsize:v 8000k -tier main -idr_interval 0 -tag:v hvc1 "
        "-g 50 -adaptive_i 0 -adaptive_b 0 -forced_idr 1"
    )
    ten_bits = line(
        "hevc_qsv", codec_profile="main10", pixel_format="yuv420p10le", crf=None, bitrate_kbps=900
    )
    assert "-profile:v main10 -pix_fmt p010le -b:v 900k -tier" in ten_bits
    decoding = line("av1_qsv", Gpu(NODE, decodes=True))
    assert f"67108864 -hwaccel vaapi -hwaccel_device {NODE} -i file:/in" in decoding


def test_va_api_gets_its_pictures_on_the_gpu() -> None:
    assert line("h264_vaapi", Gpu(NODE), level="4.0", codec_profile="baseline", maxrate_kbps=4000) == (
        f"-vaapi_device {NODE} {INPUT} -i file:/in {SCALED},format=nv12,hwupload "
        "-c:v h264_vaapi -profile:v constrained_baseline -level:v 4 -rc_mode QVBR -global_quality:v 26 -b:v 4000k "
        "-maxrate:v 4000k -g 50 -idr_interval 0"
    )
    ten_bits = line("av1_vaapi", pixel_format="yuv420p10le", crf=None, bitrate_kbps=900)
    assert (
        "setsar=1,format=p010,hwupload -c:v av1_vaapi -profile:v main -rc_mode VBR -b:v 900k -g 50"
        in ten_bits
    )


# What every encoder has, see `ffmpeg -h full`, or FFmpeg itself.
EVERYWHERE = {"-c:v", "-pix_fmt", "-global_quality", "-b", "-maxrate", "-bufsize", "-tag", "-g", "-level"}


@pytest.mark.parametrize("name", GPU_ENCODERS)
def test_ffmpeg_lists_every_option_that_a_gpu_encoder_gets(name: str, ffmpeg: Path) -> None:
    asked = subprocess.run([ffmpeg, "-v", "quiet", "-h", f"encoder={name}"], capture_output=True, text=True)
    listed = {text.split()[0] for text in asked.stdout.splitlines() if text.startswith("  -")}
    words = {text.split()[0] for text in asked.stdout.splitlines() if text.startswith("     ")}
    encoder = video_encoder(name)
    for profile in encoder.codec_profiles:
        level = encoder.levels[-1] if encoder.levels else None
        arguments = encoder.arguments(wish(name, maxrate_kbps=500, codec_profile=profile, level=level))
        options = {arguments[at].partition(":")[0] for at in range(2, len(arguments), 2)}
        assert options - EVERYWHERE <= listed
        if "-profile:v" in arguments:
            assert arguments[arguments.index("-profile:v") + 1] in words
    for level in encoder.levels if name.endswith("_vaapi") else ():
        arguments = encoder.arguments(wish(name, level=level))
        assert arguments[arguments.index("-level:v") + 1] in words
    assert set(encoder.speeds) <= words


def test_a_proof_says_of_every_encoder_why_not(ffmpeg: Path) -> None:
    if list(Path("/dev").glob("nvidia*")) or list(Path("/dev/dri").glob("renderD*")):
        pytest.skip("there is a GPU on this machine")
    found = {proof.encoder: proof.problem for proof in prove_all(ffmpeg, Session(()), decoding=True)}
    no_node = "No VA display found for device /dev/dri/renderD128."
    cuda = dict.fromkeys(GPU_ENCODERS[:3], "Cannot load libcuda.so.1")
    assert found == cuda | dict.fromkeys(GPU_ENCODERS[3:], no_node)


def test_the_address_space_is_left_open_with_a_gpu_alone() -> None:
    limits = Limits(wall_seconds=1, stall_seconds=1, output_bytes=1, memory_bytes=1 << 30)
    assert resource.RLIMIT_AS in resource_limits(limits)
    without = resource_limits(limits, uses_gpu=True)
    assert resource.RLIMIT_AS not in without
    assert without.keys() == resource_limits(limits).keys() - {resource.RLIMIT_AS}


def said_in(box: Box, folder: Path, *command: str) -> str:
    said = bytearray()

    def take(data: bytes) -> bool:
        said.extend(data)
        return True

    completed = supervise(
        command,
        workspace=folder,
        box=box,
        stderr_file=folder / "stderr",
        limits=Limits(wall_seconds=10, stall_seconds=10, output_bytes=1 << 20, memory_bytes=1 << 30),
        on_output=take,
        stop_reason=lambda: None,
    )
    return said.decode() if completed.exit_code == 0 else f"exit code {completed.exit_code}"


def test_a_process_with_a_gpu_has_all_the_address_space_and_sees_itself(tmp_path: Path) -> None:
    plain, gpu = Box(), Box(devices=(Path("/dev/zero"),))
    assert said_in(gpu, tmp_path, "/bin/sh", "-c", "ulimit -v") == "unlimited\n"
    assert int(said_in(plain, tmp_path, "/bin/sh", "-c", "ulimit -v")) == (6 << 30) // 1024
    itself = ("/bin/sh", "-c", "read line < /proc/self/status && echo $line")
    assert said_in(gpu, tmp_path, *itself) == "Name: sh\n"
    assert said_in(plain, tmp_path, *itself).startswith("exit code")


def test_a_box_with_a_gpu_has_its_drivers_libraries_and_no_other_has_them(tmp_path: Path) -> None:
    static = tmp_path / "ffmpeg"
    static.write_bytes(b"\x7fELF")
    plain, gpu = grants(Box(), static), grants(Box(devices=(Path("/dev/null"),)), static)
    assert plain.execute == (str(static),)
    assert set(gpu.execute) > {str(static), "/usr/lib"}
    assert set(gpu.read) - set(plain.read) >= {"/proc/self", "/proc/meminfo"}
    assert gpu.write == plain.write == ()


_NVENC, _OPEN = "[h264_nvenc @ 0x1]", "OpenEncodeSessionEx failed:"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f"{_NVENC} [error] {_OPEN} out of memory (10): (no details)", "gpu_session_limit"),
        (f"{_NVENC} [error] {_OPEN} incompatible client key (21): ", "gpu_session_limit"),
        (f"{_NVENC} [error] {_OPEN} unsupported device (2): ", "gpu_missing"),
        (f"{_NVENC} [error] cuCtxCreate(&a) failed -> CUDA_ERROR_OUT_OF_MEMORY: out of memory", "gpu_session_limit"),
        (f"{_NVENC} [error] cu->cuInit(0) failed -> CUDA_ERROR_NO_DEVICE: no device", "gpu_missing"),
        (f"{_NVENC} [error] InitializeEncoder failed: invalid param (8): Preset P1 not supported", "gpu_missing"),
        (f"{_NVENC} [fatal] No capable devices found", "gpu_missing"),
        ("[h264_qsv @ 0x1] [error] Error creating a MFX session: -9.", "gpu_missing"),
        ("[av1_qsv @ 0x1] [error] Error initializing the encoder: unsupported (-3)", "gpu_missing"),
        ("[h264_qsv @ 0x1] [error] Selected ratecontrol mode is unsupported", "gpu_missing"),
        ("[av1_vaapi @ 0x1] [error] No usable encoding profile found.", "gpu_missing"),
        ("[h264_vaapi @ 0x1] [error] Driver does not support QVBR RC mode.", "gpu_missing"),
        ("[hevc_vaapi @ 0x1] [error] Failed to create encode pipeline configuration: 12 (x).", "gpu_missing"),
        ("[VAAPI @ 0x1] [error] Failed to initialise VAAPI connection: -1 (unknown libva error).", "gpu_missing"),
    ],
)  # fmt: skip
def test_what_drivers_say_becomes_a_code(text: str, code: str) -> None:
    stderr = f"{text}\n[vost#0:0 @ 0x2] [error] Error while opening encoder - maybe incorrect parameters\n"
    assert diagnose(stop_reason=None, signal=None, exit_code=187, stderr=stderr).code == code
    # The limit goes before the line that follows it.
    after = f"{text}\n[h264_nvenc @ 0x1] [fatal] No capable devices found\n"
    assert diagnose(stop_reason=None, signal=None, exit_code=187, stderr=after).code == code


def test_a_build_that_aborts_for_want_of_a_library_is_no_crash(ffmpeg: Path) -> None:
    argv = (
        ffmpeg,
        "-v",
        "level+warning",
        "-init_hw_device",
        "qsv=gpu",
        "-f",
        "lavfi",
        "-i",
        "nullsrc",
        "-f",
        "null",
        "-",
    )
    ended = subprocess.run(argv, capture_output=True, text=True)
    if ended.returncode != -signal.SIGABRT:
        pytest.skip("this machine has VA-API's libraries")
    diagnosis = diagnose(stop_reason=None, signal=signal.SIGABRT, exit_code=None, stderr=ended.stderr)
    assert diagnosis.code == "gpu_missing"
    assert diagnosis.detail.startswith("libva")
    assert (
        diagnose(stop_reason=None, signal=signal.SIGABRT, exit_code=None, stderr="").code == "ffmpeg_crashed"
    )


def test_there_are_no_more_sessions_than_allowed_and_a_killed_process_frees_its_own(tmp_path: Path) -> None:
    others = [
        subprocess.Popen([sys.executable, "-c", HOLD, tmp_path, "2"], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]

    def take(wait_seconds: float, wanted: bool = True) -> None:
        with session(tmp_path, 2, wait_seconds=wait_seconds, is_wanted=lambda: wanted):
            pass

    try:
        assert [other.stdout and other.stdout.readline() for other in others] == ["held\n"] * 2
        with pytest.raises(NoSession, match="all 2 GPU sessions of this machine were taken"):
            take(0.3)
        with pytest.raises(NoSession):
            take(600, wanted=False)
        os.kill(others[0].pid, signal.SIGKILL)
        with session(tmp_path, 2, wait_seconds=10), pytest.raises(NoSession):
            take(0)
        take(0)
    finally:
        for other in others:
            other.kill()
            other.communicate()


ENCODE = (
    "import sys\n"
    "from pathlib import Path\n"
    "from adapters.ffmpeg.gpu_sessions import session\n"
    "from adapters.ffmpeg.supervisor import Box, Limits, run\n"
    "folder, ffmpeg = Path(sys.argv[1]), sys.argv[2]\n"
    "argv = (ffmpeg, '-v', 'error', '-progress', 'pipe:1', '-re', '-f', 'lavfi', '-i', 'nullsrc', '-f', 'null', '-')\n"
    "with session(folder, 1, wait_seconds=10) as held:\n"
    "    run(argv, workspace=folder, box=Box(devices=held.devices), stderr_file=folder / 'stderr',\n"
    "        limits=Limits(600, 600, 1 << 20), on_progress=lambda seen: print('encodes', flush=True),\n"
    "        stop_reason=lambda: None)\n"
)


def children_of(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(stat.parent.name))
    return found


def test_a_worker_killed_amid_its_encode_leaves_neither_a_session_nor_an_encoder(
    ffmpeg: Path, tmp_path: Path
) -> None:
    argv = [sys.executable, "-c", ENCODE, str(tmp_path), str(ffmpeg)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "encodes\n"
        children = children_of(worker.pid)
        assert len(children) == 2, "the launcher, and FFmpeg"
        worker.kill()
    with session(tmp_path, 1, wait_seconds=10):
        pass
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in children):
        assert time.monotonic() < deadline, "FFmpeg outlived its worker"
        time.sleep(0.02)


def test_without_a_limit_there_are_no_files(tmp_path: Path) -> None:
    with session(tmp_path / "slots", 0, wait_seconds=0), session(tmp_path / "slots", 0, wait_seconds=0):
        assert not (tmp_path / "slots").exists()
