"""The whole stack as real processes: web, conductor, Celery workers, on services of its own."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest
import redis
import requests

from config.embedded.ports import free_ports
from config.embedded.programs import conductor, few_workers, web
from config.embedded.stack import Stack

SECONDS = 90.0
LADDER = {
    "packaging": "hls",
    "rungs": [
        {"name": "240p", "height": 240, "speed": "ultrafast"},
        {"name": "120p", "height": 120, "speed": "ultrafast"},
    ],
    "audio": {"bitrate_kbps": 64},
}
# Long enough to be caught at work.
SLOW_LADDER = {"packaging": "hls", "rungs": [{"name": "480p", "height": 480, "speed": "slower"}]}


class Customer:
    """Talks to the running stack as a customer does, and looks at its tables as an operator does."""

    def __init__(self, stack: Stack) -> None:
        self.environment = stack.environment
        self.url = f"{stack.url}/api/v1"
        self.headers = {"Authorization": f"Bearer {self.environment['REELCHORD_API_KEY']}"}

    def upload(self, file: Path) -> str:
        client = boto3.client(
            "s3",
            endpoint_url=self.environment["S3_ENDPOINT_URL"],
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
            region_name="us-east-1",
        )
        client.upload_file(str(file), "sources", f"demo/{file.name}")
        return f"s3://sources/demo/{file.name}"

    def submit(self, source: str, ladder: dict[str, Any]) -> str:
        body = {"source": {"url": source}, "ladder": ladder}
        response = requests.post(f"{self.url}/jobs", json=body, headers=self.headers, timeout=5)
        assert response.status_code == 202, response.text
        return str(response.json()["id"])

    def job(self, job_id: str) -> Any:
        return requests.get(f"{self.url}/jobs/{job_id}", headers=self.headers, timeout=5).json()

    def finished(self, job_id: str) -> Any:
        return until(lambda: (job := self.job(job_id))["finished_at"] and job, f"job {job_id} did not end")

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.environment["DATABASE_URL"]) as connection:
            return connection.execute(query, parameters).fetchall()


def until(condition: Callable[[], Any], message: str) -> Any:
    """Poll until `condition` gives something; its value."""
    deadline = time.monotonic() + SECONDS
    while not (value := condition()):
        assert time.monotonic() < deadline, message
        time.sleep(0.05)
    return value


@pytest.fixture(scope="session")
def stack(tmp_path_factory) -> Iterator[Stack]:
    [port] = free_ports(1)
    programs = (web(port), conductor(), *few_workers(2))
    with Stack(tmp_path_factory.mktemp("stack"), port=port, programs=programs) as running:
        running.start(lambda name: None)
        yield running


@pytest.fixture
def customer(stack) -> Customer:
    return Customer(stack)


def encoding_process(job_id: str, customer: Customer) -> int:
    """The pid of the FFmpeg that works for a job, once there is one."""

    def find() -> int | None:
        steps = {str(step) for (step,) in customer.rows("SELECT id FROM jobs_step WHERE job_id = %s", job_id)}
        for process in Path("/proc").glob("[0-9]*"):
            try:
                command = (process / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if "-progress" in command and any(step in command for step in steps):
                return int(process.name)
        return None

    return int(until(find, "no FFmpeg started"))


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def committed(job_id: str, customer: Customer) -> list[tuple[str, int]]:
    """How many committed outputs each rendition of a job has."""
    return customer.rows(
        "SELECT r.key, count(o.id) FROM jobs_rendition r LEFT JOIN jobs_output o"
        " ON o.rendition_id = r.id AND o.state = 'committed' WHERE r.job_id = %s GROUP BY r.key ORDER BY r.key",
        job_id,
    )


def test_a_job_posted_over_http_becomes_a_ladder_that_anyone_can_play(customer, clip):
    job = customer.finished(customer.submit(customer.upload(clip), LADDER))
    assert job["state"] == "succeeded"
    assert committed(job["id"], customer) == [("120p", 1), ("240p", 1), ("audio", 1)]
    master = requests.get(job["manifest"]["public_url"], timeout=5)
    assert master.text.startswith("#EXTM3U")
    assert master.headers["Content-Type"] == "application/vnd.apple.mpegurl"
    assert job["encoder_revision"].startswith("ffmpeg-9")
    attempts = customer.rows("SELECT count(*) FROM jobs_attempt WHERE job_id = %s", job["id"])
    assert attempts == [(6,)], "ingest, plan, three renditions, manifest: one attempt each"


def test_a_ladder_with_a_gate_is_measured_and_sent_back_by_workers_that_know_nothing_of_it(customer, clip):
    bad = {
        "name": "120p",
        "height": 120,
        "crf": 45,
        "speed": "ultrafast",
        "min_quality": 99,
        "required": False,
    }
    wish = {
        "rungs": [LADDER["rungs"][0], bad],
        "quality": {"minimum": 20},
        "detections": ["black", "silence"],
    }
    job = customer.finished(customer.submit(customer.upload(clip), {**LADDER, **wish}))
    assert job["state"] == "partial"
    good, bad, _ = job["renditions"]
    assert (good["state"], good["attempts"], good["quality"]["passed"]) == ("succeeded", 1, True)
    assert (bad["state"], bad["attempts"], bad["quality"]["passed"]) == ("dead_letter", 2, False)
    assert bad["fault"]["code"] == "quality_below_threshold"
    assert committed(job["id"], customer) == [("120p", 0), ("240p", 1), ("audio", 1)]


def test_a_worker_process_killed_at_work_costs_time_and_no_job(customer, clip):
    job_id = customer.submit(customer.upload(clip), SLOW_LADDER)
    encoder = encoding_process(job_id, customer)
    os.kill(parent_of(encoder), signal.SIGKILL)
    until(lambda: not Path(f"/proc/{encoder}").exists(), "FFmpeg outlived its worker")
    # Nobody waits half a minute in a test: the lease is made to run out now.
    until(
        lambda: customer.rows(
            "UPDATE jobs_step SET lease_until = now() WHERE job_id = %s AND state = 'running' RETURNING id",
            job_id,
        ),
        "no lease to expire",
    )
    job = customer.finished(job_id)
    assert job["state"] == "succeeded"
    assert committed(job_id, customer) == [("480p", 1)]
    states = customer.rows(
        "SELECT state FROM jobs_attempt WHERE job_id = %s AND rendition_id IS NOT NULL ORDER BY epoch", job_id
    )
    assert states == [("lost",), ("succeeded",)]


def test_a_worker_tells_what_its_gpu_cannot_do_and_a_rung_for_one_is_made_by_its_fallback(customer, clip):
    if list(Path("/dev").glob("nvidia*")) or list(Path("/dev/dri").glob("renderD*")):
        pytest.skip("there is a GPU on this machine")
    [(proven, unproven)] = until(
        lambda: customer.rows(
            "SELECT proven_encoders, unproven FROM jobs_worker"
            " WHERE 'transcode-gpu' = ANY(queues) AND proven_at IS NOT NULL"
        ),
        "no worker told of its GPU",
    )
    assert (proven, unproven["h264_nvenc"]) == ([], "Cannot load libcuda.so.1")
    rung = {
        "name": "240p",
        "height": 240,
        "encoder": "h264_nvenc",
        "fallback": "libx264",
        "fallback_speed": "ultrafast",
    }
    job = customer.finished(customer.submit(customer.upload(clip), {"packaging": "mp4", "rungs": [rung]}))
    assert job["state"] == "succeeded"
    attempts = customer.rows(
        "SELECT queue, state, fault_code FROM jobs_attempt WHERE job_id = %s AND rendition_id IS NOT NULL"
        " ORDER BY epoch",
        job["id"],
    )
    assert attempts == [
        ("transcode-gpu", "failed", "encoder_not_proven"),
        ("transcode-cpu", "succeeded", ""),
    ]


def test_a_broker_emptied_while_jobs_wait_and_run_loses_none(customer, clip):
    source = customer.upload(clip)
    jobs = [customer.submit(source, LADDER) for _ in range(4)]
    with redis.Redis.from_url(customer.environment["REDIS_URL"]) as broker:
        broker.flushall()
    assert [customer.finished(job_id)["state"] for job_id in jobs] == ["succeeded"] * 4


def test_a_cancelled_job_stops_its_encode_and_leaves_no_file(customer, clip):
    job_id = customer.submit(customer.upload(clip), SLOW_LADDER)
    encoder = encoding_process(job_id, customer)
    response = requests.post(f"{customer.url}/jobs/{job_id}/cancel", headers=customer.headers, timeout=5)
    assert response.json()["state"] == "cancelled"
    until(lambda: not Path(f"/proc/{encoder}").exists(), "FFmpeg outlived the cancel")
    work = Path(customer.environment["WORK_DIR"]) / "attempts"
    until(lambda: not any(work.rglob("*.mp4")), "a workspace is left")


def test_maintenance_leaves_a_row_for_the_operators(customer):
    from config.celery import celery_url

    script = (
        "from celery import Celery; import sys;"
        "Celery(broker=sys.argv[1]).send_task('jobs.prune_idempotency_keys', queue='control')"
    )
    import subprocess
    import sys

    broker = celery_url(customer.environment["REDIS_URL"])
    subprocess.run([sys.executable, "-c", script, broker], check=True, timeout=30)
    until(
        lambda: customer.rows(
            "SELECT 1 FROM django_celery_results_taskresult"
            " WHERE task_name = 'jobs.prune_idempotency_keys' AND status = 'SUCCESS'"
        ),
        "no row of the maintenance task",
    )
