"""Headless Chromium, and a server of a folder and of the page that plays from it."""

import json
import os
import queue
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PAGE = Path(__file__).with_name("player.html")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--mute-audio",
    "--autoplay-policy=no-user-gesture-required",
    "--no-first-run",
    "--disable-background-networking",
)
SECONDS = 60

MARKS = (
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
)
"""Of every module that asks a browser."""


class Handler(SimpleHTTPRequestHandler):
    """A folder over HTTP with byte ranges, the page, and the place where it posts its result."""

    protocol_version = "HTTP/1.1"
    results: "queue.Queue[dict[str, Any]]"

    def __init__(self, *args, results, **kwargs) -> None:
        self.results = results
        super().__init__(*args, **kwargs)

    def log_message(self, *args: object) -> None:
        pass

    def do_POST(self) -> None:
        self.results.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        file = PAGE if path == "/player.html" else Path(self.translate_path(path))
        if not file.is_file():
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        data, status = file.read_bytes(), 200
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if wanted:
            first, last = int(wanted[1]), int(wanted[2] or len(data) - 1)
            status, whole, data = 206, len(data), data[first : last + 1]
        self.send_response(status)
        if wanted:
            self.send_header("Content-Range", f"bytes {first}-{first + len(data) - 1}/{whole}")
        kind = {
            ".m3u8": "application/vnd.apple.mpegurl",
            ".mpd": "application/dash+xml",
            ".html": "text/html",
            ".vtt": "text/vtt",
        }
        self.send_header("Content-Type", kind.get(file.suffix, "video/mp4"))
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        try:
            self.wfile.write(data)
        except OSError:
            self.close_connection = True  # the browser has heard enough


@dataclass
class Browser:
    """Headless, with a profile of its own for each page."""

    profile: Path
    results: "queue.Queue[dict[str, Any]]" = field(default_factory=queue.Queue)

    def play(self, folder: Path, query: str) -> dict[str, Any]:
        """What the page posts after it has played `query` from `folder`."""
        with self.opened(folder, query):
            return self.result()

    def result(self) -> dict[str, Any]:
        return self.results.get(timeout=SECONDS)

    @contextmanager
    def opened(self, folder: Path, query: str) -> Iterator[None]:
        """The page is open and plays, whatever is done meanwhile."""
        server = ThreadingHTTPServer(
            ("127.0.0.1", 0), partial(Handler, directory=str(folder), results=self.results)
        )
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/player.html?{query}"
        argv = [str(CHROMIUM), *FLAGS, f"--user-data-dir={self.profile}", url]
        process = subprocess.Popen(
            argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            server.shutdown()
            thread.join()
            server.server_close()
            shutil.rmtree(self.profile, ignore_errors=True)
