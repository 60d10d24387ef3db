"""An HTTP origin that announces a whole clip and sends one byte of it a second."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Origin:
    """Serves `clip` at two URLs: `patience` is answered in full once it is released, `forever` never."""

    def __init__(self, clip: Path) -> None:
        content, released, closed = clip.read_bytes(), threading.Event(), threading.Event()
        self._released, self._closed = released, closed

        class Drip(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "video/mp4")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                sent = 0
                enough = closed if self.path.startswith("/forever") else released
                try:
                    while not enough.wait(1.0):
                        self.wfile.write(content[sent : sent + 1])
                        sent += 1
                    if not closed.is_set():
                        self.wfile.write(content[sent:])
                except ConnectionError:
                    pass  # the customer cancelled, or the worker died

            def log_message(self, *_: object) -> None:
                """Silent: the table is what people look at."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Drip)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.patience = f"http://127.0.0.1:{self.port}/patience.mp4"
        self.forever = f"http://127.0.0.1:{self.port}/forever.mp4"
        threading.Thread(target=self._server.serve_forever, name="origin", daemon=True).start()

    def release(self) -> None:
        """Send the rest of every `patience`, now and from now on."""
        self._released.set()

    def close(self) -> None:
        self._closed.set()
        self._released.set()
        self._server.shutdown()
        self._server.server_close()
