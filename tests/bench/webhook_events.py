"""`python -m tests.bench.webhook_events PORT ENDPOINTS`: commits events on command, for an account of its own.

It reads lines of `COUNT SECONDS`: so many transactions, so far apart, each with one event for every endpoint. It
answers each with `done`.
"""

import sys
import time
from uuid import uuid4

import django


def main() -> None:
    django.setup()
    from webhooks import endpoints, outbox

    port, count = int(sys.argv[1]), int(sys.argv[2])
    account = uuid4()
    for number in range(count):
        endpoints.make(account, f"http://127.0.0.1:{port}/{number}", actor="bench")
    print("ready", flush=True)  # noqa: T201
    for line in sys.stdin:
        transactions, pause = line.split()
        for _ in range(int(transactions)):
            data = {"job": {"id": str(uuid4()), "state": "succeeded", "outputs": []}}
            outbox.record(account, uuid4(), [("job.succeeded", data)], listening=True)
            time.sleep(float(pause))
        print("done", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
