"""The box from the inside: code of an attacker's own, and the real FFmpeg, in each of the layers.

Without a layer each attack has to succeed: otherwise it would prove nothing.
"""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.ffmpeg import process
from adapters.ffmpeg.sandbox import bubblewrap, landlock, launch, layers, seccomp
from adapters.ffmpeg.sandbox.box import Box
from adapters.ffmpeg.supervisor import Limits, supervise
from tests.ffmpeg import attacker, kernel
from tests.ffmpeg.boxes import box_of
from tests.ffmpeg.victims import PYTHON, Raid, raid

ROOT = Path(__file__).resolve().parents[2]
LIMITS = Limits(wall_seconds=60, stall_seconds=60, output_bytes=None)
BOXES = ("landlock", "bubblewrap")
# What some kernels do not have, and some users may not do, box or no box.
NOT_EVERYWHERE = {
    "make_a_device", "make_an_io_uring", "make_a_socket_as_a_32_bit_program", "open_a_message_queue", "keep_a_key",
    "read_the_kernels_log", "enter_a_user_namespace", "clone_into_a_user_namespace", "enter_a_mount_namespace",
    "mount_something", "change_the_root", "raise_its_limits", "take_capabilities", "open_devices",
    "change_a_foreign_files_owner", "give_a_foreign_file_an_attribute", "trace_a_foreign_process",
    "read_the_workers_memory", "take_the_workers_descriptor", "run_what_it_wrote", "write_into_shared_memory",
}  # fmt: skip


def why_not(layer: str) -> str | None:
    if layer == "landlock":
        return None if landlock.version() else "the kernel has no Landlock"
    return bubblewrap.why_not() if layer == "bubblewrap" else None


@pytest.fixture(scope="module")
def raided(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Raid]:
    """All attacks from within a layer, made once."""
    done: dict[str, Raid] = {}

    def of(layer: str) -> Raid:
        if reason := why_not(layer):
            pytest.skip(reason)
        if layer not in done:
            done[layer] = raid(layer, tmp_path_factory.mktemp(layer))
        return done[layer]

    return of


@pytest.mark.parametrize("attack", attacker.ATTACKS)
def test_an_attack_succeeds_without_a_box(attack: str, raided: Callable[[str], Raid]) -> None:
    outcome = raided("none").outcomes[attack]
    if not outcome.succeeded and attack in NOT_EVERYWHERE:
        pytest.skip(f"not possible here at all: {os.strerror(max(0, outcome.errno))}")
    assert outcome.succeeded


@pytest.mark.parametrize("layer", BOXES)
@pytest.mark.parametrize("attack", attacker.ATTACKS)
def test_an_attack_from_inside_the_box_fails_and_changes_nothing(
    attack: str, layer: str, raided: Callable[[str], Raid]
) -> None:
    outcome = raided(layer).outcomes[attack]
    assert not outcome.succeeded
    assert outcome.harm == ()


def test_what_an_attack_does_is_seen_from_outside(raided: Callable[[str], Raid]) -> None:
    """The eyes of the test above, tried: what each of these did without a box was noticed."""
    outcomes = raided("none").outcomes
    visible = {
        "read_a_foreign_file", "write_beside_its_folder", "write_into_a_foreign_file", "truncate_a_foreign_file",
        "empty_what_it_may_read", "remove_a_foreign_file", "move_a_foreign_file_in", "move_a_file_out",
        "change_a_foreign_files_mode", "change_a_foreign_files_times", "make_a_symbolic_link",
        "make_a_hard_link_to_a_foreign_file", "make_a_hard_link_in_its_folder", "make_a_pipe", "make_a_socket",
        "connect_by_tcp", "send_by_udp", "connect_to_a_unix_socket", "connect_to_an_abstract_socket",
        "kill_a_foreign_process", "kill_by_thread", "kill_by_descriptor", "kill_by_queue",
        "kill_as_the_owner_of_a_socket", "signal_the_worker", "limit_a_foreign_process",
        "slow_a_foreign_process_down", "attach_foreign_memory", "leave_a_child_with_the_worker",
        "run_a_program_in_memory_that_reads_a_foreign_file",
    }  # fmt: skip
    assert {name for name in visible if not outcomes[name].harm} == set()


@pytest.mark.parametrize("layer", BOXES)
def test_a_process_in_a_box_has_no_right_and_no_secret(layer: str, raided: Callable[[str], Raid]) -> None:
    state = raided(layer).state
    # bwrap sets PWD to the folder it was told to start in.
    environment = {name: value for name, value in state["environment"].items() if name != "PWD"}
    assert environment == {"LANG": "C.UTF-8"}
    assert (state["capabilities"], state["no_new_privileges"]) == (0, 1)
    assert state["descriptors"] == [0, 1, 2]
    assert state["stdin_is_null"]


# --- the real FFmpeg ---
ESCAPES = {
    "a foreign file": ("-i", "file:{foreign}", "-f", "null", "-"),
    "a playlist that names a foreign file": (
        *("-f", "hls", "-allowed_extensions", "ALL", "-extension_picky", "0"),
        *("-i", "file:{playlist}", "-f", "null", "-"),
    ),
    "a list that names a foreign file": (
        "-f",
        "concat",
        "-safe",
        "0",
        "-i",
        "file:{list}",
        "-f",
        "null",
        "-",
    ),
    "a filter that reads a foreign file": ("-f", "lavfi", "-i", "amovie={foreign}", "-f", "null", "-"),
    "a file beside the folder": ("-f", "lavfi", "-t", "0.1", "-i", "anullsrc", "-f", "wav", "file:{planted}"),
    "a report beside the folder": (
        *("-f", "lavfi", "-t", "0.1", "-i", "anullsrc", "-progress", "file:{planted}", "-f", "null", "-"),
    ),
    "a TCP port": ("-rw_timeout", "500000", "-i", "tcp://127.0.0.1:{tcp}", "-f", "null", "-"),
    "a web server": ("-rw_timeout", "500000", "-i", "http://127.0.0.1:{tcp}/x", "-f", "null", "-"),
    "progress by HTTP": (
        *(
            "-f",
            "lavfi",
            "-t",
            "0.1",
            "-i",
            "anullsrc",
            "-progress",
            "http://127.0.0.1:{tcp}/",
            "-f",
            "null",
            "-",
        ),
    ),
    "a UDP port": ("-f", "lavfi", "-t", "0.1", "-i", "anullsrc", "-f", "wav", "udp://127.0.0.1:{udp}"),
    "a Unix socket": ("-f", "lavfi", "-t", "0.1", "-i", "anullsrc", "-f", "wav", "unix:{unix}"),
}


@pytest.mark.parametrize("layer", ["none", *BOXES])
@pytest.mark.parametrize("escape", ESCAPES)
def test_ffmpeg_itself_reaches_nothing_outside_its_box(
    escape: str, layer: str, ffmpeg: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it is told: no whitelist is given here, so the box stands alone."""
    if reason := why_not(layer):
        pytest.skip(reason)
    monkeypatch.setattr(process, "chosen", lambda: layer)
    with kernel.listeners() as listening:
        foreign, planted, inside = tmp_path / "foreign.wav", tmp_path / "planted", tmp_path / "in"
        inside.mkdir()
        foreign.write_bytes(layers._a_second_of_silence())
        (inside / "playlist").write_text(f"#EXTM3U\n#EXTINF:1,\n{foreign}\n#EXT-X-ENDLIST\n")
        (inside / "list").write_text(f"file '{foreign}'\n")
        places = {
            "foreign": foreign,
            "planted": planted,
            "playlist": inside / "playlist",
            "list": inside / "list",
        }
        argv = [word.format(**places, **listening.places) for word in ESCAPES[escape]]
        completed = supervise(
            (str(ffmpeg), "-nostdin", "-v", "error", "-y", *argv),
            workspace=inside,
            box=Box(readable=(inside,), writable=(inside,)),
            stderr_file=tmp_path / "stderr",
            limits=LIMITS,
            on_output=lambda data: True,
            stop_reason=lambda: None,
        )
        reads = "read" in escape or "names" in escape or escape == "a foreign file"
        happened = planted.exists() or listening.contacted() or (reads and completed.exit_code == 0)
        assert happened is (layer == "none"), (tmp_path / "stderr").read_text()


@pytest.mark.parametrize("layer", BOXES)
def test_the_trial_of_a_worker_finds_that_the_box_holds(
    layer: str, ffmpeg: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if reason := why_not(layer):
        pytest.skip(reason)
    monkeypatch.setattr(layers, "_wish", layer)
    assert layers.try_out(ffmpeg) == layers.Trial(escaped=(), works=True)


def test_the_trial_of_a_worker_finds_every_way_out(ffmpeg: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "_wish", "none")
    everything = ("read a foreign file", "wrote a foreign file", "connected to a port")
    assert layers.try_out(ffmpeg) == layers.Trial(escaped=everything, works=True)


def test_a_child_that_wants_to_outlive_ffmpeg_dies_with_it(tmp_path: Path) -> None:
    script = (
        "import os, pathlib, time\n"
        "if os.fork() == 0:\n"
        "    try: os.setsid()\n"
        "    except OSError: pass\n"
        "    pathlib.Path('child').write_text(str(os.getpid()))\n"
        "    os.rename('child', 'ready')\n"
        "    time.sleep(600)\n"
        "while not os.path.exists('ready'): time.sleep(0.01)\n"
    )
    completed = supervise(
        (sys.executable, "-I", "-S", "-c", script),
        workspace=tmp_path,
        box=box_of(tmp_path),
        stderr_file=tmp_path / "stderr",
        limits=LIMITS,
        on_output=lambda data: True,
        stop_reason=lambda: None,
    )
    assert completed.exit_code == 0, (tmp_path / "stderr").read_text()
    child = int((tmp_path / "ready").read_text())
    deadline = time.monotonic() + 5  # it is killed, and dies in its own time
    while not kernel.is_gone(child) and time.monotonic() < deadline:
        os.sched_yield()
    assert kernel.is_gone(child)


# --- the filter of system calls ---
MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


@pytest.mark.parametrize("machine", MACHINES)
def test_system_calls_that_only_an_attacker_needs_are_refused(machine: str) -> None:
    filter_program = seccomp.program(own_pid=None, machine=machine)
    numbers = kernel.numbers(kernel.REFUSED, machine)
    answers = {
        name: kernel.run(filter_program, MACHINES[machine], number) for name, number in numbers.items()
    }
    assert answers == dict.fromkeys(numbers, errno.EPERM)


@pytest.mark.parametrize("machine", MACHINES)
def test_no_other_system_call_is_refused(machine: str) -> None:
    """Those whose arguments decide aside: a list that grows by mistake breaks FFmpeg on some machine."""
    filter_program = seccomp.program(own_pid=None, machine=machine)
    refused = {number for number in range(600) if kernel.run(filter_program, MACHINES[machine], number)}
    by_argument = kernel.numbers(("clone3", "openat2"), machine)
    assert refused == {*kernel.numbers(kernel.REFUSED, machine).values(), *by_argument.values()}


@pytest.mark.parametrize("machine", MACHINES)
def test_calls_of_another_architecture_are_all_refused(machine: str) -> None:
    filter_program = seccomp.program(own_pid=None, machine=machine)
    for arch in (0x40000003, 0x40000028, *(set(MACHINES.values()) - {MACHINES[machine]})):
        assert {kernel.run(filter_program, arch, number) for number in range(600)} == {errno.EPERM}


def test_calls_of_the_x32_interface_are_all_refused() -> None:
    filter_program = seccomp.program(own_pid=None, machine="x86_64")
    numbers = (0x40000000, 0x40000001, 0x40000209, 0x7FFFFFFF, 0xFFFFFFFF)
    assert {kernel.run(filter_program, MACHINES["x86_64"], number) for number in numbers} == {errno.EPERM}


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(
    ("name", "arguments", "answer"),
    [
        ("clone", (0x003D0F00,), 0),  # a thread, as C libraries make it
        ("clone", (0x01200011,), 0),  # a fork
        *((("clone", (1 << bit | signal.SIGCHLD,), errno.EPERM)) for bit in (17, 25, 26, 27, 28, 29, 30)),
        ("clone", (0x8000 | signal.SIGCHLD,), errno.EPERM),
        ("clone3", (0,), errno.ENOSYS),
        ("openat2", (0,), errno.ENOSYS),
        ("prlimit64", (0, 7), 0),
        ("prlimit64", (4321, 7), errno.EPERM),
        ("sched_setaffinity", (0,), 0),
        ("sched_setaffinity", (4321,), errno.EPERM),
        ("fcntl", (3, 2), 0),
        *(("fcntl", (3, command), errno.EPERM) for command in (8, 10, 15)),
        ("ioctl", (3, 0x5401), 0),
        *(("ioctl", (3, command), errno.EPERM) for command in (0x8901, 0x8902)),
        ("openat", (3, 0, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 0),
        ("openat", (3, 0, os.O_RDWR | os.O_TRUNC), 0),
        ("openat", (3, 0, os.O_RDONLY), 0),
        ("openat", (3, 0, os.O_RDONLY | os.O_TRUNC), errno.EPERM),
        ("open", (0, os.O_WRONLY | os.O_TRUNC), 0),
        ("open", (0, os.O_RDONLY | os.O_TRUNC), errno.EPERM),
    ],
)
def test_what_a_call_is_told_decides(
    name: str, arguments: tuple[int, ...], answer: int, machine: str
) -> None:
    for number in kernel.numbers((name,), machine).values():
        for own_pid in (None, 4321):
            filter_program = seccomp.program(own_pid=own_pid, machine=machine)
            assert kernel.run(filter_program, MACHINES[machine], number, arguments) == answer


@pytest.mark.parametrize("machine", MACHINES)
def test_where_signals_are_not_scoped_they_reach_only_the_process_itself(machine: str) -> None:
    scoped = seccomp.program(own_pid=None, machine=machine)
    filter_program = seccomp.program(own_pid=4321, machine=machine)
    for name, arguments, answer in (
        ("tgkill", (4321, 4322, signal.SIGABRT), 0),
        ("tgkill", (1, 1, signal.SIGKILL), errno.EPERM),
        ("kill", (1, signal.SIGKILL), errno.EPERM),
        ("kill", (4321, signal.SIGKILL), errno.EPERM),
        ("tkill", (4321, signal.SIGKILL), errno.EPERM),
    ):
        (number,) = kernel.numbers((name,), machine).values()
        assert kernel.run(filter_program, MACHINES[machine], number, arguments) == answer
        assert kernel.run(scoped, MACHINES[machine], number, arguments) == 0


def test_no_filter_is_made_for_an_unknown_machine() -> None:
    with pytest.raises(seccomp.Unsupported, match="riscv64"):
        seccomp.program(own_pid=None, machine="riscv64")


# --- the launcher, and what happens without a box ---
def exit_code_of(folder: Path, *argv: str) -> int | None:
    completed = supervise(
        argv,
        workspace=folder,
        box=box_of(folder),
        stderr_file=folder / "stderr",
        limits=LIMITS,
        on_output=lambda data: True,
        stop_reason=lambda: None,
    )
    return completed.exit_code


def test_a_launcher_that_died_is_replaced(tmp_path: Path) -> None:
    python = (str(PYTHON), "-I", "-S", "-c")
    assert exit_code_of(tmp_path, *python, "raise SystemExit(3)") == 3
    first = launch._launcher()
    for child in kernel.children(os.getpid()):
        if b"sandbox.launcher" in Path(f"/proc/{child}/cmdline").read_bytes():
            os.kill(child, signal.SIGKILL)
    assert exit_code_of(tmp_path, *python, "raise SystemExit(4)") == 4
    assert launch._launcher() is not first


def test_without_any_box_nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landlock, "version", lambda: 0)
    monkeypatch.setattr(bubblewrap, "binary", lambda: None)
    monkeypatch.setattr(layers, "_wish", "auto")
    layers._choose.cache_clear()
    try:
        with pytest.raises(layers.SandboxMissing, match=r"no Landlock .* bwrap is not installed"):
            exit_code_of(tmp_path, str(PYTHON), "-c", "open('ran', 'w')")
    finally:
        layers._choose.cache_clear()
    assert not (tmp_path / "ran").exists()


def test_bubblewrap_that_may_make_no_namespaces_is_no_box(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub = tmp_path / "bwrap"
    stub.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    stub.chmod(0o755)
    monkeypatch.setattr(landlock, "version", lambda: 0)
    monkeypatch.setattr(bubblewrap, "binary", lambda: str(stub))
    monkeypatch.setattr(layers, "_wish", "auto")
    layers._choose.cache_clear()
    try:
        with pytest.raises(layers.SandboxMissing, match="No permissions to create new namespace"):
            layers.chosen()
    finally:
        layers._choose.cache_clear()


def test_a_wish_that_is_no_layer_is_refused() -> None:
    with pytest.raises(ValueError, match="it can be one of: auto, landlock, bubblewrap, none"):
        layers.wish("chroot")


def test_a_box_that_cannot_be_put_on_ends_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "chosen", lambda: "paper")
    assert exit_code_of(tmp_path, str(PYTHON), "-c", "open('ran', 'w')") == 127
    assert (tmp_path / "stderr").read_text() == (
        "[fatal] launcher: sandbox: [Errno 0] unknown layer 'paper'\n"
    )
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("queues", ["files,control", "a-queue-of-tomorrow"])
def test_a_worker_without_a_box_does_not_start_where_files_may_come(queues: str, tmp_path: Path) -> None:
    command = (
        "import sys; from adapters.ffmpeg.sandbox import bubblewrap; bubblewrap.binary = lambda: None;"
        f"from config.worker import main; sys.argv[1:] = ['-P', 'solo', '-Q', '{queues}']; sys.exit(main())"
    )
    environment = os.environ | {"SANDBOX": "bubblewrap", "SECRET_KEY": "unused", "WORK_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", command], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode != 0
    assert done.stderr.strip().splitlines()[-1] == (
        "worker not started: FFmpeg would run without a sandbox (SANDBOX=bubblewrap). bwrap is not installed."
        " SANDBOX=none runs it all the same, at your own risk."
    )
