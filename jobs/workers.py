"""A Celery worker's signs of life: the row that says what it serves, and with which encoder."""

import gc
import threading
from datetime import UTC, datetime
from typing import Any

import structlog
from celery.signals import task_prerun, worker_init, worker_process_init, worker_ready, worker_shutdown
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections, connection
from django.db.models.functions import Now

from adapters.ffmpeg.encoders import GPU_ENCODERS
from adapters.ffmpeg.gpu_sessions import NoSession
from adapters.ffmpeg.identity import NotFFmpeg, identify
from adapters.ffmpeg.sandbox import launch, layers
from adapters.imaging import identity as imaging
from adapters.imaging.imager import ImagingFailed
from audit.recorder import record_identity
from jobs import gpu_proofs, pruning, stores
from jobs.models import Worker
from jobs.routing import CONTROL, DELIVERY, FILES, INBOUND, MAIL, QUEUE_OF_POOL, TRANSCODE_GPU, WEBHOOKS

log = structlog.get_logger(__name__)

SIGN_SECONDS = 10.0
# Who serves these alone never opens a customer's file. Of a queue that we do not know, nobody can say so.
_WITHOUT_FILES = frozenset({CONTROL, DELIVERY, WEBHOOKS, MAIL, INBOUND})
_stop = threading.Event()


@worker_init.connect
def know_the_encoder(sender: Any, **_: Any) -> None:
    """Hash the binary once, before the pool forks: its processes inherit the answer."""
    if _queues(sender) <= _WITHOUT_FILES | {FILES}:
        return
    try:
        identify(settings.FFMPEG_BINARY, settings.CONTAINER_DIGEST)
    except (OSError, NotFFmpeg) as error:
        # It will say so with every attempt.
        log.warning("no encoder", binary=str(settings.FFMPEG_BINARY), error=str(error))


@worker_init.connect
def keep_ffmpeg_in_its_box(sender: Any, **_: Any) -> None:
    """Try to get out, and do not start where that succeeds: a customer would succeed too."""
    if _queues(sender) <= _WITHOUT_FILES:
        return
    try:
        trial = layers.try_out(settings.FFMPEG_BINARY)
    except layers.SandboxMissing as error:
        raise SystemExit(f"worker not started: {error}") from error
    finally:
        launch.close()
    if layers.chosen() == layers.NONE:
        log.warning("ffmpeg runs without a sandbox, as SANDBOX=none asks for")
    elif trial.escaped:
        raise SystemExit(f"worker not started: from its sandbox, FFmpeg {', '.join(trial.escaped)}")


@worker_init.connect
def prove_the_gpu(sender: Any, **_: Any) -> None:
    """See what the GPU can do, where GPUs are served. Without anything proven the worker starts all the same: it ends
    what it is given at once, with the reason, and each rung that may goes to its fallback."""
    if TRANSCODE_GPU not in _queues(sender):
        return
    try:
        found = gpu_proofs.proven(anew=True)
    except (OSError, NoSession, NotFFmpeg) as error:
        log.error("GPU not proven", error=str(error))  # noqa: TRY400 - the sentence says it all
    else:
        if found.encoders:
            log.info("GPU proven", encoders=found.encoders, unproven=found.problems)
        else:
            log.error("no GPU encoder works here", unproven=found.problems)
    finally:
        launch.close()


@worker_init.connect
def know_the_imager(sender: Any, **_: Any) -> None:
    """Hash and ask it once, too, where images and documents are opened. Without it, their attempts say so."""
    if FILES not in _queues(sender):
        return
    try:
        imaging.identify(settings.CONTAINER_DIGEST)
    except (OSError, ImagingFailed) as error:
        log.warning("no imager", error=str(error))
    finally:
        launch.close()


def _queues(sender: Any) -> frozenset[str]:
    return frozenset(sender.app.amqp.queues.consume_from)


@worker_init.connect
def know_the_storages(**_: Any) -> None:
    stores.prepare()


@worker_init.connect
def leave_the_imports_alone(**_: Any) -> None:
    """What was imported lives as long as the process: the garbage collector need not walk it, nor unshare its pages."""
    gc.collect()
    gc.freeze()


@worker_process_init.connect
def be_ready(**_: Any) -> None:
    """Connect, and have a launcher, before the first task comes."""
    launch.warm()
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        log.warning("database away", error=str(error))


@task_prerun.connect
def renew_the_connection(**_: Any) -> None:
    """As Django does before each request: a connection that is broken or too old is replaced, others stay."""
    close_old_connections()


@worker_ready.connect
def appear(sender: Any, **_: Any) -> None:
    queues = sorted(sender.task_consumer.queues, key=str)
    names = [queue if isinstance(queue, str) else queue.name for queue in queues]
    arguments = (sender.hostname, names, sender.controller.concurrency or sender.pool.limit)
    threading.Thread(target=_show, args=arguments, name="signs-of-life", daemon=True).start()
    if TRANSCODE_GPU in names:
        threading.Thread(target=_keep_proven, name="gpu", daemon=True).start()


@worker_shutdown.connect
def disappear(sender: Any, **_: Any) -> None:
    _stop.set()
    try:
        Worker.objects.filter(name=sender.hostname).delete()
    except DatabaseError as error:
        log.warning("row of a stopped worker stays", worker=sender.hostname, error=str(error))


def _show(name: str, queues: list[str], slots: int) -> None:
    while True:
        try:
            encodes = not set(QUEUE_OF_POOL.values()).isdisjoint(queues)
            identity = (
                record_identity(identify(settings.FFMPEG_BINARY, settings.CONTAINER_DIGEST))
                if encodes
                else None
            )
            shown = {"queues": queues, "slots": slots, "encoder_identity": identity, "seen_at": Now()}
            if TRANSCODE_GPU in queues:
                shown |= _of_gpu()
            Worker.objects.update_or_create(name=name, defaults=shown)
            # A worker that was killed here left its workspace; nobody else can reach this machine's disk.
            if pruned := pruning.prune_workspaces():
                log.warning("workspaces pruned", worker=name, count=pruned)
        except DatabaseError as error:
            log.warning("sign of life missed", worker=name, error=str(error))
            connection.close()
        except (OSError, NotFFmpeg) as error:
            log.warning("no encoder", worker=name, error=str(error))
        if _stop.wait(SIGN_SECONDS):
            connection.close()
            return


def _of_gpu() -> dict[str, Any]:
    """What the row tells of the GPU."""
    found = gpu_proofs.last()
    if found is None:
        return {
            "proven_encoders": [],
            "unproven": dict.fromkeys(GPU_ENCODERS, "being proven"),
            "proven_at": None,
        }
    at = datetime.fromtimestamp(found.at, UTC)
    return {"proven_encoders": found.encoders, "unproven": found.problems, "proven_at": at}


def _keep_proven() -> None:
    """Prove the GPU again when its time has come. Not where the signs of life come from: a driver may hang."""
    while not _stop.wait(SIGN_SECONDS):
        try:
            gpu_proofs.proven()
        except (OSError, NoSession, NotFFmpeg) as error:
            log.warning("GPU not proven", error=str(error))
