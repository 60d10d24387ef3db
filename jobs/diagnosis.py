"""What this machine can do, tried out: everything that a worker needs, and what it can do without."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, TypeVar

import redis
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection

from adapters.ffmpeg import inventory
from adapters.ffmpeg.encoders import GPU_ENCODERS
from adapters.ffmpeg.gpu_proof import Proof, prove
from adapters.ffmpeg.gpu_sessions import NoSession, Session, session
from adapters.ffmpeg.identity import Identity, NotFFmpeg, identify
from adapters.ffmpeg.memory import memory_layers
from adapters.ffmpeg.sandbox import layers
from adapters.imaging import identity as imaging
from adapters.imaging.imager import ImagingFailed
from adapters.storage.base import StorageError
from jobs import gpu_proofs, stores

Level = Literal["ok", "note", "warning", "missing"]
"""`note`: is not there, and nobody misses it. `missing`: a worker needs it."""

# What the shipped presets are made with.
_NEEDED_ENCODERS = frozenset({"libx264", "aac"})
_LITTLE_ROOM_BYTES = 20 << 30
_GIBIBYTE = 1 << 30
_SESSION_SECONDS = 5.0
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Finding:
    """One line for an operator. `milliseconds`: what the look took, where that tells something."""

    area: str
    name: str
    level: Level
    detail: str
    milliseconds: float | None = None


def examine() -> Iterator[Finding]:
    """Everything, each as soon as it is known; some 3 s. Call from the main thread."""
    for look in (
        _binaries,
        _sandbox,
        _memory,
        _encoders,
        _gpu,
        _images,
        _fonts,
        _database,
        _broker,
        _storages,
        _disk,
    ):
        yield from look()


def _binaries() -> Iterator[Finding]:
    for name, binary in (("ffmpeg", settings.FFMPEG_BINARY), ("ffprobe", settings.FFPROBE_BINARY)):
        try:
            identity = identify(binary, settings.CONTAINER_DIGEST)
        except (OSError, NotFFmpeg) as error:
            yield Finding("programs", name, "missing", f"{binary}: {error}")
        else:
            detail = f"version {identity.version}, sha256 {identity.sha256[:16]}…, {binary}"
            detail = f"{identity.revision}: {detail}" if name == "ffmpeg" else detail
            yield Finding("programs", name, "ok", detail)
            if name == "ffmpeg":
                yield _libvmaf(identity)


def _libvmaf(identity: Identity) -> Finding:
    if identity.has_libvmaf:
        return Finding("programs", "libvmaf", "ok", "VMAF is measured here")
    return Finding(
        "programs", "libvmaf", "note", "this FFmpeg lacks it: VMAF is measured by other workers, if at all"
    )


def _sandbox() -> Iterator[Finding]:
    try:
        used = layers.chosen()
        for layer in layers.layers():
            yield Finding("sandbox", layer.name, "ok" if layer.is_active else "note", layer.detail)
        if used == layers.NONE:
            yield Finding(
                "sandbox",
                "way out",
                "missing",
                "SANDBOX=none: a customer's command has the worker's own rights.",
            )
            return
        trial, milliseconds = _timed(lambda: layers.try_out(settings.FFMPEG_BINARY))
        if not trial.works:
            yield Finding("sandbox", "way out", "missing", "FFmpeg does not start in its box.")
            return
        if trial.escaped:
            yield Finding(
                "sandbox", "way out", "missing", f"From its box, FFmpeg {', '.join(trial.escaped)}."
            )
        else:
            detail = "None: no foreign file was read or written, no port reached."
            yield Finding("sandbox", "way out", "ok", detail, milliseconds)
        cost = layers.cost_ms(settings.FFMPEG_BINARY)
        yield Finding("sandbox", "cost", "ok", f"{cost:.1f} ms for each process.")
    except OSError as error:  # SandboxMissing is one
        yield Finding("sandbox", "way out", "missing", str(error))


def _memory() -> Iterator[Finding]:
    for layer in memory_layers():
        yield Finding("memory", layer.name, "ok" if layer.is_active else "note", layer.detail)


def _encoders() -> Iterator[Finding]:
    for name in inventory.encoders():
        try:
            problem, milliseconds = _timed(partial(inventory.try_encoder, settings.FFMPEG_BINARY, name))
        except OSError as error:
            problem, milliseconds = str(error), 0.0
        if problem is None:
            yield Finding("encoders", name, "ok", "Encodes.", milliseconds)
        else:
            yield Finding("encoders", name, "missing" if name in _NEEDED_ENCODERS else "note", problem)


def _gpu() -> Iterator[Finding]:
    """By the argument list of a rung, one picture each. Not of the machine's record: this is a look of its own."""
    try:
        with session(gpu_proofs.folder(), settings.GPU_SESSIONS, wait_seconds=_SESSION_SECONDS) as held:
            for name in GPU_ENCODERS:
                found, milliseconds = _timed(partial(_prove, name, held))
                detail = "Encodes." if not found.decodes else "Encodes and decodes."
                where = f" {found.node}." if found.node else ""
                if found.problem is None:
                    yield Finding("gpu", name, "ok", f"{detail}{where}", milliseconds)
                else:
                    yield Finding("gpu", name, "note", found.problem)
    except (OSError, NoSession) as error:
        yield Finding("gpu", "proof", "note", str(error))


def _prove(name: str, held: Session) -> Proof:
    return prove(settings.FFMPEG_BINARY, name, held, decoding=settings.GPU_DECODE)


def _images() -> Iterator[Finding]:
    try:
        identity, milliseconds = _timed(lambda: imaging.identify(settings.CONTAINER_DIGEST))
    except (OSError, ImagingFailed) as error:
        yield Finding("images", "imager", "missing", str(error))
        return
    detail = ", ".join(f"{name} {version}" for name, version in identity.libraries.items())
    yield Finding("images", "imager", "ok", f"{identity.revision}: {detail}", milliseconds)
    yield Finding("images", "formats", "ok", f"Opens {', '.join(identity.formats)}.")
    for name, why in identity.missing.items():
        yield Finding("images", name, "note", f"Cannot be opened: {why}.")


def _fonts() -> Iterator[Finding]:
    found = inventory.fonts(settings.FFMPEG_BINARY)
    if found:
        names = ", ".join(font.name for font in found[:3])
        yield Finding("fonts", "fonts", "ok", f"{len(found)} files: {names}{' …' if len(found) > 3 else ''}")
    else:
        detail = "None: text and subtitles are drawn only with a font that a command brings along."
        yield Finding("fonts", "fonts", "warning", detail)


def _database() -> Iterator[Finding]:
    def ask() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            return str(cursor.fetchone()[0])

    try:
        connection.ensure_connection()
        version, milliseconds = _timed(ask)
    except DatabaseError as error:
        yield Finding("services", "database", "missing", _first_line(error))
    else:
        yield Finding("services", "database", "ok", f"PostgreSQL {version}.", milliseconds)


def _broker() -> Iterator[Finding]:
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as broker:
            broker.ping()
            _, milliseconds = _timed(broker.ping)
            known = broker.info("server")
    except redis.RedisError as error:
        yield Finding("services", "broker", "missing", _first_line(error))
    else:
        version = known.get("valkey_version") or known.get("redis_version", "")
        yield Finding(
            "services", "broker", "ok", f"{known.get('server_name', 'redis')} {version}.", milliseconds
        )


def _storages() -> Iterator[Finding]:
    if not settings.DESTINATION_ROOTS:
        yield Finding(
            "storage", "destinations", "missing", "DESTINATION_ROOTS is empty: nothing can be stored."
        )
    for folder in map(Path, settings.FILE_ROOTS):
        usable = folder.is_dir() and os.access(folder, os.R_OK | os.W_OK)
        detail = "Can be read and written." if usable else "Is no folder that can be read and written."
        yield Finding("storage", f"file://{folder}", "ok" if usable else "missing", detail)
    # A root may name the account in it: what stands before that is what can be asked for.
    roots = [root.partition("{account}")[0] for root in (*settings.SOURCE_ROOTS, *settings.DESTINATION_ROOTS)]
    for prefix in sorted({root.rpartition("/")[0] + "/" for root in roots if root.startswith("s3://")}):
        try:
            _, milliseconds = _timed(partial(_ask, prefix))
        except StorageError as error:
            yield Finding("storage", prefix, "missing", error.message)
        else:
            yield Finding("storage", prefix, "ok", "Answers.", milliseconds)


def _ask(prefix: str) -> None:
    next(iter(stores.storages().for_url(prefix).list(prefix)), None)


def _disk() -> Iterator[Finding]:
    folder = settings.WORK_DIR
    while not folder.exists():
        folder = folder.parent
    usage = shutil.disk_usage(folder)
    detail = f"{usage.free / _GIBIBYTE:.1f} GiB free of {usage.total / _GIBIBYTE:.1f} at {settings.WORK_DIR}."
    if not os.access(folder, os.W_OK):
        yield Finding("disk", "WORK_DIR", "missing", f"{settings.WORK_DIR} cannot be written.")
    elif usage.free < _LITTLE_ROOM_BYTES:
        yield Finding("disk", "WORK_DIR", "warning", f"{detail} A source and what is made of it have to fit.")
    else:
        yield Finding("disk", "WORK_DIR", "ok", detail)


def _timed(act: Callable[[], _T]) -> tuple[_T, float]:
    began = time.perf_counter()
    result = act()
    return result, round(1000 * (time.perf_counter() - began), 1)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
