"""The two commands of the README, as a person runs them: real processes, a real clip, HTTP in between."""

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest
import requests

from config.embedded.playback import playlists
from config.embedded.ports import free_ports

ROOT = Path(__file__).resolve().parents[2]
COMMAND: list[str | Path] = [sys.executable, "-m", "config.embedded"]


def processes_of(folder: Path) -> list[str]:
    """The command lines of processes that know `folder` by an argument or by their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            arguments, environment = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue  # it ended while we looked, or is somebody else's
        if bytes(folder) in arguments + environment:
            found.append(arguments.replace(b"\0", b" ").decode(errors="replace"))
    return found


@pytest.mark.stack
def test_the_demo_leaves_a_ladder_that_plays_from_disk(tmp_path: Path, clip: Path, ffprobe: Path) -> None:
    output, data = tmp_path / "ladder", tmp_path / "data"
    command = [*COMMAND, "demo", "--input", clip, "--data", data, "--output", output]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr

    name, _, url = done.stdout.splitlines()[-1].partition(": ")
    assert name == "manifest"
    manifest = Path(unquote(urlparse(url).path))
    assert manifest.is_relative_to(output)
    for playlist in playlists(manifest.read_text(), url):
        shown: list[str | Path] = [
            ffprobe,
            "-v",
            "error",
            "-show_entries",
            "format=duration",
            "-of",
            "csv=p=0",
            playlist,
        ]
        duration = subprocess.run(shown, capture_output=True, text=True, check=True).stdout
        assert float(duration) == pytest.approx(5.28, abs=0.1)
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=output, check=True)
    assert processes_of(data) == []


@pytest.mark.stack
def test_a_running_stack_serves_a_second_terminal_and_stops_in_order(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    command = [*COMMAND, "run", "--port", str(port), "--data", tmp_path]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as stack:
        assert stack.stdout is not None
        said = []
        for line in stack.stdout:
            said.append(line)
            if line.startswith("Logs:"):
                break
        variables = dict(re.findall(r"^export (\w+)='?([^'\n]*)'?$", (tmp_path / "env").read_text(), re.M))
        address = variables["REELCHORD_URL"]
        key = {"Authorization": f"Bearer {variables['REELCHORD_API_KEY']}"}
        jobs = requests.get(f"{address}/api/v1/jobs", headers=key, timeout=30)
        stack.send_signal(signal.SIGINT)
        said += stack.stdout.readlines()
    assert stack.returncode == 0, "".join(said)
    assert address == f"http://127.0.0.1:{port}"
    assert jobs.json()["results"] == []
    assert requests.codes.ok == jobs.status_code
    assert "Stopped." in said[-1]
    # The database was the last to go, and went by itself.
    assert "database system is shut down" in (tmp_path / "log" / "postgres.log").read_text()
    assert processes_of(tmp_path) == []


def test_a_demo_of_a_missing_file_says_so_before_anything_starts(tmp_path: Path) -> None:
    command = [*COMMAND, "demo", "--input", "no-such.mp4", "--data", tmp_path / "data"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stdout == "no-such.mp4: no such file\n"
    assert not (tmp_path / "data").exists()


def test_a_demo_never_empties_a_folder_that_is_not_its_own(tmp_path: Path, clip: Path) -> None:
    precious = tmp_path / "precious.txt"
    precious.write_text("mine")
    command = [*COMMAND, "demo", "--input", clip, "--data", tmp_path / "data", "--output", tmp_path]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "holds something else" in done.stdout
    assert list(tmp_path.iterdir()) == [precious]


def test_a_stack_on_a_taken_port_says_so(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        command = [*COMMAND, "run", "--port", str(port), "--data", tmp_path / "data"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stdout == f"port {port} is taken: choose another\n"
