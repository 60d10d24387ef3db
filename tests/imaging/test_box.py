"""The child from the inside, as code of an attacker's own would find it; and what the worker believes of it."""

import json
import os
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.ffmpeg import process
from adapters.ffmpeg.sandbox import bubblewrap, landlock
from adapters.ffmpeg.supervisor import Box, Completed, StopReason
from adapters.imaging import identity, imager
from adapters.imaging.encode import Picture
from adapters.imaging.imager import Answer, ImagingFailed, judge
from jobs.faults import SPECS
from tests.imaging import boxed
from tests.imaging.makers import corners, encoded, pdf

ROOT = Path(__file__).resolve().parents[2]
FLAGS = ("-I", "-S", "-B", "-c")
ATTACKS = """
import json, os, socket, sys
foreign, port, out = sys.argv[1], int(sys.argv[2]), sys.argv[3]
def attempt(act):
    try:
        act()
    except Exception as error:
        return type(error).__name__
    return "done"
def connect():
    socket.create_connection(("127.0.0.1", port), timeout=2)
print(json.dumps({"done": {
    "read a foreign file": attempt(lambda: open(foreign).read()),
    "read the checkout's settings": attempt(lambda: open(sys.argv[4]).read()),
    "read /etc/passwd": attempt(lambda: open("/etc/passwd").read()),
    "read the worker's environment": attempt(lambda: open(f"/proc/{os.getppid()}/environ").read()),
    "list the root": attempt(lambda: os.listdir("/")),
    "open a socket": attempt(connect),
    "run a program": attempt(lambda: os.execv("/bin/true", ["true"])),
    "write beside its folder": attempt(lambda: open(os.path.join(os.path.dirname(foreign), "planted"), "w")),
    "write into its own program": attempt(lambda: open(sys.argv[5], "a")),
    "make a link": attempt(lambda: os.symlink(foreign, os.path.join(out, "link"))),
    "kill the worker": attempt(lambda: os.kill(os.getppid(), 9)),
    "write in its folder": attempt(lambda: open(os.path.join(out, "fine"), "w")),
    "environment": dict(os.environ),
}}))
"""


def raid(folder: Path, *, boxed_in: bool) -> dict[str, object]:
    out = folder / "out"
    out.mkdir()
    foreign = folder / "foreign"
    foreign.write_text("secret")
    program = ROOT / "adapters" / "imaging" / "program" / "pictures.py"
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        places = map(str, (foreign, listener.getsockname()[1], out, ROOT / "config" / "settings.py", program))
        if boxed_in:
            argv = (str(imager.interpreter()), *FLAGS, ATTACKS, *places)
            completed, answer, stderr = boxed.run(argv, out, Box(writable=(out,)))
            return dict(judge(completed, answer, stderr))
        harmless = ATTACKS.replace("os.getppid(), 9", "os.getppid(), 0").replace(
            '"/bin/true", ["true"]', '"/x", ["x"]'
        )
        argv = (sys.executable, *FLAGS, harmless, *places)
        done = subprocess.run(argv, capture_output=True, check=True, timeout=30)
        return dict(json.loads(done.stdout)["done"])


def test_what_an_attacker_would_want_from_the_child_is_refused(tmp_path):
    found = raid(tmp_path, boxed_in=True)
    assert (found.pop("write in its folder"), found.pop("environment")) == ("done", {"LANG": "C.UTF-8"})
    assert set(found.values()) == {"PermissionError"}, found
    assert not (tmp_path / "planted").exists()


def test_the_same_attacks_succeed_without_a_box(tmp_path):
    found = raid(tmp_path, boxed_in=False)
    refused = {name for name, outcome in found.items() if name != "environment" and outcome != "done"}
    assert refused == {"run a program"}, found


@pytest.mark.parametrize("layer", ["landlock", "bubblewrap"])
def test_the_child_finds_all_that_it_needs_in_either_box(layer, tmp_path, monkeypatch):
    why_not = bubblewrap.why_not() if layer == "bubblewrap" else None if landlock.version() else "no Landlock"
    if why_not is not None:
        pytest.skip(why_not)
    monkeypatch.setattr(process, "chosen", lambda: layer)
    pictures = [Picture("image", 48, 32)], [Picture("page", 200, 100, 1)]
    for content, wish in zip((encoded(corners(), "AVIF"), pdf()), pictures, strict=True):
        made = boxed.make(content, tmp_path, wish, format="webp")
        assert made.fault is None, made.detail
    assert {file.name for file in (tmp_path / "out").iterdir()} == {"image", "page"}


def test_nothing_of_pillow_or_pdfium_is_loaded_in_the_worker():
    """Not by what the worker imports, and not by its asking who the child is."""
    code = (
        "import sys; from adapters.imaging.identity import identify; identify();"
        "print([name for name in sys.modules if name.split('.')[0] in ('PIL', 'pypdfium2', 'pi_heif')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_the_identity_names_every_library_and_is_the_same_with_each_look():
    found = identity.identify()
    assert {"python", "pillow", "libheif", "pdfium", "libwebp", "lcms2"} <= set(found.libraries)
    assert set(found.formats) == {"avif", "gif", "heic", "jpeg", "pdf", "png", "tiff", "webp"}
    assert found.revision == f"pillow-{found.libraries['pillow']}-{found.sha256[:8]}"
    assert identity._hash() == found.sha256


# --- what is believed ---
def ended(**how: object) -> Completed:
    values = {"exit_code": 0, "signal": None, "stop_reason": None, **how}
    return Completed(
        **values,  # type: ignore[arg-type]  # by name
        wall_seconds=0.1, cpu_seconds=0.1, peak_rss_bytes=1, started_at=datetime.now(UTC), last_progress=None,
    )  # fmt: skip


def said(*lines: object) -> Answer:
    answer = Answer(lambda _: None)
    for line in lines:
        answer.take((line if isinstance(line, str) else json.dumps(line)).encode() + b"\n")
    return answer


@pytest.mark.parametrize(
    ("how", "lines", "stderr", "code"),
    [
        ({"exit_code": 1}, [{"fault": "source_unreadable"}], "", "source_unreadable"),
        ({"exit_code": 1}, [{"fault": "worker_stopping"}], "", "imaging_failed"),
        ({"exit_code": 1}, [{"fault": ["x"]}], "Traceback\nKeyError: 'x'", "imaging_failed"),
        ({"exit_code": 1}, [{"done": {}}], "", "imaging_failed"),
        ({}, [], "", "imaging_failed"),
        ({}, ["not json", "[1]", '{"done": 7}', "[" * 100_000], "", "imaging_failed"),
        ({"exit_code": None, "signal": signal.SIGSEGV}, [{"done": {}}], "", "imaging_crashed"),
        ({"exit_code": None, "signal": signal.SIGKILL}, [{"done": {}}], "", "imaging_killed"),
        ({"exit_code": 128 + signal.SIGXCPU}, [{"done": {}}], "", "source_too_complex"),
        ({"exit_code": 128 + signal.SIGSEGV}, [{"done": {}}], "", "imaging_crashed"),
        ({"stop_reason": StopReason.OUT_OF_MEMORY}, [{"done": {}}], "", "out_of_memory"),
        ({"exit_code": 127}, [], "[fatal] launcher: sandbox: no", "sandbox_unavailable"),
        ({"exit_code": 127}, [], "[fatal] launcher: cannot execute /x", "imaging_unavailable"),
    ],
)
def test_the_child_is_judged_by_how_it_ended_before_what_it_says(how, lines, stderr, code):
    with pytest.raises(ImagingFailed) as failed:
        judge(ended(**how), said(*lines), stderr)
    assert failed.value.code == code
    assert len(failed.value.detail) <= 500


def test_an_answer_without_end_is_cut_off():
    answer = Answer(lambda _: None)
    while not answer.is_too_long:
        answer.take(b"x" * 65_536)
    assert len(answer._rest) <= 1 << 20


def test_every_fault_of_the_child_has_a_row_in_the_table():
    assert set(SPECS) >= imager.CODES
