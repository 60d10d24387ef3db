"""`python -m tests.bench.webhook_receiver`: answers every POST with 204, as fast as one process of Python can.

Its first line of output is its port. GET answers with what came since the last GET: the times of arrival, and of the
event by its `created_at` (seconds since 1970).
"""

import asyncio
import json
import time
from datetime import datetime

_ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"
_seen: list[tuple[float, float]] = []


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            if head.startswith(b"GET"):
                body = json.dumps(_seen).encode()
                _seen.clear()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
                await writer.drain()
                continue
            length = next(
                int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")
            )
            arrived = time.time()
            body = await reader.readexactly(length)
            writer.write(_ANSWER)
            created = datetime.fromisoformat(json.loads(body)["created_at"]).timestamp()
            _seen.append((arrived, created))
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main() -> None:
    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
