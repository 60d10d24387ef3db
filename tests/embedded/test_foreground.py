"""What `make run` leaves for a second terminal."""

import stat
import subprocess
from pathlib import Path

from config.embedded.foreground import write_environment


def test_a_shell_reads_the_environment_file_exactly(tmp_path: Path) -> None:
    awkward = 'it\'s $HOME `and` "more" \\ &'
    file = write_environment(tmp_path, {"REELCHORD_URL": "http://127.0.0.1:8000", "AWKWARD": awkward})
    script = f'. {file} && printf "%s|%s" "$REELCHORD_URL" "$AWKWARD"'
    said = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
    assert said == f"http://127.0.0.1:8000|{awkward}"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
