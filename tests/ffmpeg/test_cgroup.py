"""Control groups: what the kernel's files say, on a tree of files; and a real one where the machine lends it."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.ffmpeg.cgroup import Delegation, MemoryGroup, delegation, delegation_of, own_group
from adapters.ffmpeg.process import ChildProcess
from adapters.ffmpeg.supervisor import Limits, StopReason, supervise
from tests.ffmpeg.boxes import box_of

MIB = 1 << 20
UNIFIED = (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified"))
MOUNTINFO = """\
22 28 0:20 / /proc rw,nosuid shared:5 - proc proc rw
31 30 0:27 / /sys/fs/cgroup rw,nosuid,nodev shared:9 - cgroup2 cgroup2 rw,nsdelegate
"""


@pytest.mark.parametrize(
    ("cgroup", "mountinfo", "expected"),
    [
        ("0::/system.slice/cpu.service/main\n", MOUNTINFO, "/sys/fs/cgroup/system.slice/cpu.service/main"),
        ("5:memory:/a\n0::/b\n", MOUNTINFO, "/sys/fs/cgroup/b"),
        # A bind mount of a part of the tree, as in a container without a namespace of its own.
        ("0::/docker/4711/main\n", MOUNTINFO.replace(" / /sys", " /docker/4711 /sys"), "/sys/fs/cgroup/main"),
        ("5:memory:/a\n", MOUNTINFO, None),
        ("0::/b\n", "22 28 0:20 / /proc rw - proc proc rw\n", None),
        ("", "", None),
    ],
)
def test_the_own_group_is_found(cgroup: str, mountinfo: str, expected: str | None) -> None:
    assert own_group(cgroup, mountinfo) == (Path(expected) if expected else None)


@pytest.fixture
def service(tmp_path: Path) -> Path:
    """A delegated group with the worker in its leaf, as systemd lays it out."""
    folder = tmp_path / "cpu.service"
    (folder / "main").mkdir(parents=True)
    (folder / "cgroup.controllers").write_text("cpu memory pids\n")
    (folder / "cgroup.subtree_control").write_text("memory\n")
    (folder / "cgroup.procs").write_text("")
    (folder / "main" / "cgroup.type").write_text("domain\n")
    if os.geteuid() == 0:
        try:
            os.setxattr(folder, "user.delegate", b"1")
        except OSError:
            pytest.skip("this file system keeps no extended attributes")
    return folder


def test_groups_may_be_made_beside_the_worker_in_what_was_given_to_it(service: Path) -> None:
    assert delegation_of(service / "main").parent == service


def test_the_controller_is_handed_on_if_it_was_not_yet(service: Path) -> None:
    (service / "cgroup.subtree_control").write_text("")
    assert delegation_of(service / "main").parent == service
    assert (service / "cgroup.subtree_control").read_text() == "+memory"


def test_without_delegation_the_reason_is_told(service: Path) -> None:
    def reason() -> str:
        answer = delegation_of(service / "main")
        assert answer.parent is None
        return answer.detail

    (service / "cgroup.controllers").write_text("cpu\n")
    assert reason() == f"{service} has no memory controller."
    (service / "cgroup.controllers").write_text("memory\n")
    if os.geteuid() == 0:
        os.removexattr(service, "user.delegate")
    else:
        (service / "cgroup.procs").chmod(0o444)
    assert reason() == f"{service} is not delegated to this worker."
    (service / "main" / "cgroup.type").unlink()
    assert reason() == "The worker is in the root of its control groups: it needs a leaf of its own."


def test_a_group_is_set_up_before_its_process_read_after_it_and_emptied(service: Path) -> None:
    with MemoryGroup(service, 100 * MIB) as group:
        assert group.procs == group.path / "cgroup.procs"
        settings = {file.name: file.read_text() for file in group.path.iterdir()}
        assert settings == {"memory.max": str(100 * MIB), "memory.oom.group": "1", "memory.swap.max": "0"}
        events = group.path / "memory.events"
        events.write_text("low 0\nhigh 0\nmax 12\noom 1\noom_kill 3\noom_group_kill 1\n")
        assert group.oom_kills() == 3
    # Only the kernel removes a folder with its files; that it stays here is no error.
    assert (group.path / "cgroup.kill").read_text() == "1"


def test_a_group_without_its_controller_is_refused_and_leaves_nothing() -> None:
    unified = next((path for path in UNIFIED if (path / "cgroup.procs").exists()), None)
    if unified is None or not os.access(unified, os.W_OK):
        pytest.skip("no writable cgroup v2 here")
    if "memory" in (unified / "cgroup.subtree_control").read_text():
        pytest.skip("every group has the memory controller here")
    group = MemoryGroup(unified, MIB)
    with pytest.raises(OSError), group:
        pass
    assert not group.path.exists()


def test_two_groups_have_two_names(service: Path) -> None:
    assert MemoryGroup(service, 1).path != MemoryGroup(service, 1).path


def test_this_machine_answers() -> None:
    answer = delegation()
    assert isinstance(answer, Delegation)
    assert answer.detail.endswith(".")


@pytest.fixture
def delegated() -> Iterator[None]:
    if delegation().parent is None:
        pytest.skip(delegation().detail)
    yield


@pytest.mark.usefixtures("delegated")
def test_a_process_over_its_memory_is_killed_by_the_kernel_and_the_group_is_gone(tmp_path: Path) -> None:
    completed = supervise(
        (sys.executable, "-c", "held = bytearray(b'x') * 500_000_000"),
        workspace=tmp_path,
        box=box_of(tmp_path),
        stderr_file=tmp_path / "stderr.log",
        limits=Limits(30, 30, None, memory_bytes=64 * MIB),
        on_output=lambda data: True,
        stop_reason=lambda: None,
    )
    assert completed.signal == signal.SIGKILL
    assert completed.stop_reason is StopReason.OUT_OF_MEMORY
    assert completed.stop_detail == "killed by the kernel: over memory.max of its control group"
    parent = delegation().parent
    assert parent is not None
    assert list(parent.glob(f"ffmpeg-{os.getpid()}-*")) == []


def test_a_process_is_in_its_group_before_it_becomes_ffmpeg(tmp_path: Path) -> None:
    unified = next((path for path in UNIFIED if (path / "cgroup.procs").exists()), None)
    group = (unified or tmp_path) / f"reelchord-test-{os.getpid()}"
    if unified is None or not os.access(unified, os.W_OK):
        pytest.skip("no writable cgroup v2 here")
    group.mkdir()
    try:
        with (
            (tmp_path / "stderr.log").open("wb") as stderr,
            ChildProcess(
                ("/bin/cat", "/proc/self/cgroup"),
                workspace=tmp_path,
                box=box_of(tmp_path),
                stderr=stderr,
                group=group / "cgroup.procs",
            ) as child,
        ):
            answer = child.stdout.read().decode()
    finally:
        group.rmdir()
    assert f"0::/{group.name}\n" in answer


def test_a_process_whose_group_is_gone_does_not_start(tmp_path: Path) -> None:
    with (
        (tmp_path / "stderr.log").open("wb") as stderr,
        ChildProcess(
            ("/bin/true",), workspace=tmp_path, box=box_of(tmp_path), stderr=stderr, group=tmp_path / "gone"
        ) as child,
    ):
        assert child.reap().exit_code == 127
    assert (tmp_path / "stderr.log").read_text().startswith("[fatal] launcher: ")
