# ruff: noqa: PTH101, PTH102, PTH104, PTH108, PTH118, PTH120, PTH123, PTH208, PTH211, S103, S606, T201
"""What somebody tries who runs code of his own in FFmpeg's place; the program that runs in the box.

`python -I -S attacker.py SPEC`: SPEC is JSON (see `victims.py`). Every attack runs in a child of its own. On
stdout comes one JSON object: attack > [errno, what it read]; errno 0 where it succeeded, -1 where it died.
"""

import ctypes
import fcntl
import json
import mmap
import os
import platform
import resource
import signal
import socket
import struct
import sys
from collections.abc import Callable
from typing import Any

SPEC: dict[str, Any] = json.loads(sys.argv[1]) if __name__ == "__main__" else {}
NUMBERS = {
    "x86_64": {
        "clone": 56,
        "ptrace": 101,
        "syslog": 103,
        "setpriority": 141,
        "tgkill": 234,
        "mq_open": 240,
        "add_key": 248,
        "ioprio_set": 251,
        "inotify_init1": 294,
        "process_vm_readv": 310,
        "shmget": 29,
        "rt_sigqueueinfo": 129,
    },
    "aarch64": {
        "clone": 220,
        "ptrace": 117,
        "syslog": 116,
        "setpriority": 140,
        "tgkill": 131,
        "mq_open": 180,
        "add_key": 217,
        "ioprio_set": 30,
        "inotify_init1": 26,
        "process_vm_readv": 270,
        "shmget": 194,
        "rt_sigqueueinfo": 138,
    },
}[platform.machine()]
NUMBERS |= {"pidfd_open": 434, "pidfd_send_signal": 424, "pidfd_getfd": 438, "io_uring_setup": 425}
libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p


def checked(result: int) -> int:
    if result == -1:
        raise OSError(ctypes.get_errno(), "refused")
    return result


def call(name: str, *arguments: Any) -> int:
    return checked(
        libc.syscall(NUMBERS[name], *(ctypes.c_long(a) if isinstance(a, int) else a for a in arguments))
    )


def foreign(name: str = "secret") -> str:
    """Another tenant's file, one for each attack."""
    return os.path.join(SPEC["foreign"], SPEC["attack"], name)


def mine(name: str) -> str:
    return os.path.join(SPEC["out"], f"{SPEC['attack']}-{name}")


def read(path: str) -> str:
    with open(path, "rb") as file:
        return file.read(65536).decode("utf-8", "replace")


def make(path: str) -> str:
    with open(path, "wb") as file:
        file.write(b"planted")
    return path


# --- files ---
def read_a_foreign_file() -> str:
    return read(foreign())


def read_a_foreign_file_by_a_way_through_its_own_folder() -> str:
    return read(os.path.join(SPEC["out"], os.path.relpath(foreign(), SPEC["out"])))


def read_passwd() -> str:
    return read("/etc/passwd")


def read_the_workers_environment() -> str:
    return read(f"/proc/{SPEC['worker']}/environ")


def read_its_own_folder_in_proc() -> str:
    return read("/proc/self/maps")


def list_a_foreign_folder() -> str:
    return " ".join(os.listdir(os.path.dirname(foreign())))


def watch_a_foreign_folder() -> None:
    descriptor = call("inotify_init1", 0)
    checked(libc.inotify_add_watch(descriptor, os.path.dirname(foreign()).encode(), 0x100))


def write_beside_its_folder() -> None:
    make(foreign("planted"))


def write_into_a_foreign_file() -> None:
    os.close(os.open(foreign(), os.O_WRONLY | os.O_TRUNC))


def truncate_a_foreign_file() -> None:
    os.truncate(foreign(), 0)


def empty_what_it_may_read() -> None:
    os.close(os.open(SPEC["readable"], os.O_RDONLY | os.O_TRUNC))


def remove_a_foreign_file() -> None:
    os.unlink(foreign())


def move_a_foreign_file_in() -> None:
    os.rename(foreign(), mine("moved"))


def move_a_file_out() -> None:
    os.rename(make(mine("made")), foreign("moved"))


def change_a_foreign_files_mode() -> None:
    os.chmod(foreign(), 0o777)


def change_a_foreign_files_owner() -> None:
    os.chown(foreign(), SPEC["uid"], SPEC["gid"] + (os.getuid() == 0))


def change_a_foreign_files_times() -> None:
    os.utime(foreign(), (1, 1))


def give_a_foreign_file_an_attribute() -> None:
    os.setxattr(foreign(), "user.planted", b"1")


# --- what an output folder should not hold ---
def make_a_symbolic_link() -> None:
    os.symlink(foreign(), mine("link"))


def make_a_hard_link_to_a_foreign_file() -> None:
    os.link(foreign(), mine("link"))


def make_a_hard_link_in_its_folder() -> None:
    os.link(make(mine("made")), mine("link"))


def make_a_folder() -> None:
    """Thousands within each other are more than most programs can remove."""
    os.mkdir(mine("folder"))


def put_a_link_in_its_folders_place() -> None:
    os.rename(SPEC["inner"], SPEC["inner"] + "-moved")
    os.symlink(os.path.dirname(foreign()), SPEC["inner"])


def make_a_pipe() -> None:
    os.mkfifo(mine("pipe"))


def make_a_device() -> None:
    os.mknod(mine("device"), 0o20666, os.makedev(1, 3))


def make_a_socket() -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(mine("socket"))


# --- the network ---
def connect_by_tcp() -> None:
    socket.create_connection(("127.0.0.1", SPEC["tcp"]), timeout=2).close()


def send_by_udp() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.sendto(b"secret", ("127.0.0.1", SPEC["udp"]))


def connect_to_a_unix_socket() -> None:
    with socket.socket(socket.AF_UNIX) as out:
        out.connect(SPEC["unix"])


def connect_to_an_abstract_socket() -> None:
    with socket.socket(socket.AF_UNIX) as out:
        out.connect("\0" + SPEC["abstract"])


def listen_for_tcp() -> None:
    socket.create_server(("127.0.0.1", 0)).close()


def talk_to_the_kernels_routing() -> None:
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0).close()


def make_an_io_uring() -> None:
    call("io_uring_setup", 4, ctypes.create_string_buffer(120))


def make_a_socket_as_a_32_bit_program() -> None:
    """int 0x80 with the 32-bit table's number of `socket` (359): AF_UNIX, SOCK_STREAM."""
    if platform.machine() != "x86_64":
        raise OSError(38, "no such thing")
    code = bytes.fromhex("53 b867010000 bb01000000 b901000000 ba00000000 cd80 5b c3".replace(" ", ""))
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(code)
    function = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
    result = function()
    if result < 0:
        raise OSError(-result, "refused")


# --- other processes ---
def kill_a_foreign_process() -> None:
    os.kill(SPEC["victims"][SPEC["attack"]], signal.SIGKILL)


def kill_by_thread() -> None:
    victim = SPEC["victims"][SPEC["attack"]]
    call("tgkill", victim, victim, signal.SIGKILL)


def kill_by_descriptor() -> None:
    descriptor = call("pidfd_open", SPEC["victims"][SPEC["attack"]], 0)
    call("pidfd_send_signal", descriptor, signal.SIGKILL, None, 0)


def kill_by_queue() -> None:
    information = ctypes.create_string_buffer(struct.pack("iii", signal.SIGKILL, 0, -1), 128)
    call("rt_sigqueueinfo", SPEC["victims"][SPEC["attack"]], signal.SIGKILL, information)


def kill_as_the_owner_of_a_socket() -> None:
    one, other = socket.socketpair()
    with one, other:
        fcntl.fcntl(one, 8, SPEC["victims"][SPEC["attack"]])  # F_SETOWN
        fcntl.fcntl(one, 10, signal.SIGKILL)  # F_SETSIG
        fcntl.fcntl(one, fcntl.F_SETFL, os.O_ASYNC)
        os.write(other.fileno(), b"x")


def signal_the_worker() -> None:
    os.kill(SPEC["worker"], signal.SIGURG)


def trace_a_foreign_process() -> None:
    victim = SPEC["victims"][SPEC["attack"]]
    call("ptrace", 0x4206, victim, 0, 0)  # PTRACE_SEIZE


def read_the_workers_memory() -> str:
    size = SPEC["secret_bytes"]
    buffer = ctypes.create_string_buffer(size)
    local = struct.pack("PN", ctypes.addressof(buffer), size)
    remote = struct.pack("PN", SPEC["secret_address"], size)
    call("process_vm_readv", SPEC["worker"], local, 1, remote, 1, 0)
    return buffer.raw.decode("utf-8", "replace")


def take_the_workers_descriptor() -> None:
    call("pidfd_getfd", call("pidfd_open", SPEC["worker"], 0), 0, 0)


def limit_a_foreign_process() -> None:
    resource.prlimit(SPEC["victims"][SPEC["attack"]], resource.RLIMIT_NOFILE, (1, 1))


def slow_a_foreign_process_down() -> None:
    os.setpriority(os.PRIO_PROCESS, SPEC["victims"][SPEC["attack"]], 19)


def slow_a_foreign_processs_disk_down() -> None:
    call("ioprio_set", 1, SPEC["victims"][SPEC["attack"]], 3 << 13)


def pin_a_foreign_process() -> None:
    os.sched_setaffinity(SPEC["victims"][SPEC["attack"]], {0})


def leave_the_group_that_is_killed() -> None:
    os.setsid()


def leave_a_child_with_the_worker() -> None:
    pid = call("clone", 0x8000 | signal.SIGCHLD, 0, 0, 0, 0)  # CLONE_PARENT
    if pid == 0:
        os._exit(0)


# --- the kernel ---
def attach_foreign_memory() -> str:
    identifier = call("shmget", SPEC["shared_memory_key"], 0, 0)
    address = libc.shmat(identifier, None, 0o10000)  # SHM_RDONLY
    return ctypes.string_at(address, SPEC["secret_bytes"]).decode("utf-8", "replace")


def open_a_message_queue() -> None:
    call("mq_open", f"reelchord-{os.getpid()}".encode(), os.O_RDWR | os.O_CREAT, 0o600, None)
    libc.mq_unlink(f"/reelchord-{os.getpid()}".encode())


def keep_a_key() -> None:
    call("add_key", b"user", b"planted", b"1", 1, -2)  # KEY_SPEC_PROCESS_KEYRING


def read_the_kernels_log() -> None:
    call("syslog", 3, ctypes.create_string_buffer(64), 64)


def enter_a_user_namespace() -> None:
    checked(libc.unshare(0x10000000))


def clone_into_a_user_namespace() -> None:
    if call("clone", 0x10000000 | signal.SIGCHLD, 0, 0, 0, 0) == 0:
        os._exit(0)


def enter_a_mount_namespace() -> None:
    checked(libc.unshare(0x00020000))


def mount_something() -> None:
    checked(libc.unshare(0x00020000))
    checked(libc.mount(b"none", SPEC["out"].encode(), b"tmpfs", 0, None))


def change_the_root() -> None:
    os.chroot(SPEC["out"])


def raise_its_limits() -> None:
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (100_000, 100_000))
    except ValueError as error:
        raise OSError(1, "not allowed") from error


def take_capabilities() -> None:
    header, every = struct.pack("Ii", 0x20080522, 0), struct.pack("6I", *[0xFFFFFFFF, 0xFFFFFFFF, 0] * 2)
    held = ctypes.create_string_buffer(24)
    checked(libc.capget(header, held))
    if struct.unpack("6I", held.raw)[0] == 0:
        checked(libc.capset(header, every))


# --- other programs ---
def run_a_shell() -> None:
    os.execv("/bin/sh", ["sh", "-c", "true"])


def run_what_it_wrote() -> None:
    os.execv(copy(mine("program")), [SPEC["python"], "-I", "-S", "-c", ""])


def run_a_program_in_memory_that_reads_a_foreign_file() -> str:
    """Whoever runs code can run a program in memory: it must be in the same box."""
    descriptor = os.memfd_create("program", 0)
    with open(SPEC["python"], "rb") as source:
        os.sendfile(descriptor, source.fileno(), 0, os.fstat(source.fileno()).st_size)
    code = f"print(open({foreign()!r}).read())"
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.dup2(writer, 1)
        os.execve(descriptor, [SPEC["python"], "-I", "-S", "-c", code], {})
    os.close(writer)
    said = os.read(reader, 65536).decode()
    os.waitpid(pid, 0)
    if not said:
        raise OSError(13, "nothing was read")
    return said


def copy(target: str) -> str:
    with open(SPEC["python"], "rb") as source, open(target, "wb") as made:
        os.sendfile(made.fileno(), source.fileno(), 0, os.fstat(source.fileno()).st_size)
        os.fchmod(made.fileno(), 0o700)
    return target


def open_devices() -> str:
    opened = []
    for name in (
        "kmsg",
        "mem",
        "kvm",
        "fuse",
        "net/tun",
        "tty",
        "ptmx",
        "zero",
        "full",
        "loop-control",
        "vda",
    ):
        try:
            os.close(os.open(f"/dev/{name}", os.O_RDWR | os.O_NOCTTY))
            opened.append(name)
        except OSError:
            pass
    # bwrap has a /dev of its own with what harms nobody.
    harmful = set(opened) - {"zero", "full", "tty", "ptmx"} if SPEC["layer"] == "bubblewrap" else set(opened)
    if not harmful:
        raise OSError(13, "none could be opened")
    return " ".join(harmful)


def write_into_shared_memory() -> None:
    path = f"/dev/shm/reelchord-{os.getpid()}"
    make(path)
    if SPEC["layer"] == "bubblewrap":
        raise OSError(13, "a /dev/shm of its own")
    os.unlink(path)


ATTACKS: dict[str, Callable[[], str | None]] = {
    function.__name__: function
    for function in (
        read_a_foreign_file, read_a_foreign_file_by_a_way_through_its_own_folder, read_passwd,
        read_the_workers_environment, read_its_own_folder_in_proc, list_a_foreign_folder, watch_a_foreign_folder,
        write_beside_its_folder, write_into_a_foreign_file, truncate_a_foreign_file, empty_what_it_may_read,
        remove_a_foreign_file, move_a_foreign_file_in, move_a_file_out, change_a_foreign_files_mode,
        change_a_foreign_files_owner, change_a_foreign_files_times, give_a_foreign_file_an_attribute,
        make_a_symbolic_link, make_a_hard_link_to_a_foreign_file, make_a_hard_link_in_its_folder,
        make_a_folder, put_a_link_in_its_folders_place, make_a_pipe, make_a_device,
        make_a_socket, connect_by_tcp, send_by_udp, connect_to_a_unix_socket,
        connect_to_an_abstract_socket, listen_for_tcp, talk_to_the_kernels_routing, make_an_io_uring,
        make_a_socket_as_a_32_bit_program, kill_a_foreign_process, kill_by_thread, kill_by_descriptor,
        kill_by_queue, kill_as_the_owner_of_a_socket, signal_the_worker, trace_a_foreign_process,
        read_the_workers_memory, take_the_workers_descriptor, limit_a_foreign_process,
        slow_a_foreign_process_down, slow_a_foreign_processs_disk_down, pin_a_foreign_process,
        leave_the_group_that_is_killed, leave_a_child_with_the_worker, attach_foreign_memory,
        open_a_message_queue, keep_a_key, read_the_kernels_log, enter_a_user_namespace,
        clone_into_a_user_namespace, enter_a_mount_namespace, mount_something, change_the_root,
        raise_its_limits, take_capabilities, run_a_shell, run_what_it_wrote,
        run_a_program_in_memory_that_reads_a_foreign_file, open_devices, write_into_shared_memory,
    )
}  # fmt: skip


def attempt(name: str) -> tuple[int, str]:
    """Run an attack in a child of its own: errno and what it read."""
    SPEC["attack"] = name
    if ATTACKS[name] is leave_a_child_with_the_worker:  # from a child, this process would get it
        try:
            leave_a_child_with_the_worker()
        except OSError as error:
            return error.errno or -1, ""
        return 0, ""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        signal.alarm(5)
        try:
            answer = (0, ATTACKS[name]() or "")
        except OSError as error:
            answer = (error.errno or -1, "")
        os.write(writer, json.dumps(answer).encode())
        os._exit(0)
    os.close(writer)
    said = bytearray()
    while data := os.read(reader, 65536):
        said += data
    os.close(reader)
    _, status = os.waitpid(pid, 0)
    if said:
        number, leaked = json.loads(said)
        return number, leaked
    return (0, "") if status == 0 else (-1, "")  # another program took its place, and ended well


def state() -> dict[str, object]:
    """What the process sees of itself."""
    held = ctypes.create_string_buffer(24)
    libc.capget(struct.pack("Ii", 0x20080522, 0), held)
    descriptors = []
    for number in range(resource.getrlimit(resource.RLIMIT_NOFILE)[0]):
        try:
            os.fstat(number)
            descriptors.append(number)
        except OSError:
            continue
    return {
        "capabilities": sum(struct.unpack("6I", held.raw)),
        "no_new_privileges": libc.prctl(39, 0, 0, 0, 0),
        "environment": dict(os.environ),
        "descriptors": descriptors,
        "stdin_is_null": os.fstat(0).st_rdev == os.makedev(1, 3),
    }


if __name__ == "__main__":
    found: dict[str, object] = {"state": state()}
    found |= {name: attempt(name) for name in ATTACKS}
    print(json.dumps(found), flush=True)
