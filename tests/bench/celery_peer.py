"""The least that a job queue of one's own would be: a Celery worker that starts FFmpeg, and nothing else.

Late acknowledgement and a prefetch of 1, as anybody sets them for long tasks; results in Redis, so that the
sender knows when a task has ended.
"""

import os
import subprocess

from celery import Celery

app = Celery("peer", broker=os.environ["PEER_URL"], backend=os.environ["PEER_URL"])
app.conf.update(task_acks_late=True, worker_prefetch_multiplier=1)


@app.task(name="peer.run")
def run(argv: list[str]) -> int:
    null = subprocess.DEVNULL
    return subprocess.run(argv, stdin=null, stdout=null, stderr=null).returncode
