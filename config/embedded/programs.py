"""Reelchord's own processes: what each is called, how it is started, and how it says that it is ready."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
# A worker that is told to stop lets its attempts go on for a while (`worker_soft_shutdown_timeout`), then
# hands them back; the grace is above both together.
WORKER_GRACE_SECONDS = 45.0
GRACE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Program:
    """`arguments` follow the Python interpreter.

    It is ready when its log holds `ready_line`, or else when a GET of `ready_url` answers 200.
    """

    name: str
    arguments: tuple[str, ...]
    ready_line: str = ""
    ready_url: str = ""
    grace_seconds: float = GRACE_SECONDS


def manage(*command: str) -> tuple[str, ...]:
    return (str(ROOT / "manage.py"), *command)


def web(port: int) -> Program:
    """The API and the admin: gunicorn with two sync workers, which suit short requests best."""
    options = ("--bind", f"127.0.0.1:{port}", "--workers", "2", "--preload", "--no-control-socket")
    return Program(
        name="web",
        arguments=("-m", "gunicorn", *options, "config.wsgi"),
        ready_url=f"http://127.0.0.1:{port}/health/ready",
    )


def conductor() -> Program:
    return Program(name="conductor", arguments=manage("conductor"), ready_line="conductor ready")


def worker(name: str, queues: str, processes: int, *, pool: str = "prefork") -> Program:
    """A Celery worker on `queues` (comma-separated); `processes` is how many steps it runs at once."""
    options = ("-n", f"{name}@%h", "-Q", queues, "-c", str(processes), "-P", pool, "-l", "INFO")
    # It needs nothing that the others know: to ask them takes a second of its start.
    alone = ("--without-mingle", "--without-gossip")
    return Program(
        name=name,
        arguments=("-m", "config.worker", *options, *alone),
        ready_line=" ready.",
        grace_seconds=WORKER_GRACE_SECONDS,
    )


def webhooks_worker() -> Program:
    """One process that has many requests in flight. Of its threads one sends; the others take hints and wake it."""
    return worker("webhooks", "webhooks", 2, pool="threads")


def beat() -> Program:
    return Program(
        name="beat",
        arguments=("-m", "celery", "-A", "config", "beat", "-l", "INFO", "--pidfile", ""),
        ready_line="beat: Starting...",
    )


def flower(port: int) -> Program:
    """A window on the queues. The password comes by the environment (FLOWER_BASIC_AUTH): argv is public."""
    options = ("--address=127.0.0.1", f"--port={port}")
    return Program(
        name="flower",
        arguments=("-m", "celery", "-A", "config", "flower", *options),
        ready_url=f"http://127.0.0.1:{port}/healthcheck",
    )


def all_workers(cores: int) -> tuple[Program, ...]:
    """A worker for each kind of load, as production has them, so that none can starve another."""
    return (
        worker("cpu", "transcode-cpu", cores),
        worker("gpu", "transcode-gpu", 1),
        worker("control", "control", 2),
        worker("files", "files", 2),
        webhooks_worker(),
        worker("outward", "delivery,mail,inbound", 2),
    )


def few_workers(cores: int) -> tuple[Program, ...]:
    """The same queues by two workers, which are there sooner."""
    return (
        worker("transcode", "transcode-cpu,transcode-gpu", cores),
        webhooks_worker(),
        worker("rest", "control,files,delivery,mail,inbound", 2),
    )
