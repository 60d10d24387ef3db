"""This machine's GPU, for all of its processes: what it has proven, who may use it now, and who had better.

What was proven lies in a file of the work folder, so that each process knows what another has found out. A GPU that
fails is doubted: the file goes, and whoever needs it next proves anew. A driver may die, and come back.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import structlog
from django.conf import settings
from django.db.models.functions import Now

from adapters.ffmpeg.encode import Encode
from adapters.ffmpeg.encoders import GPU_ENCODERS, Gpu, video_encoder
from adapters.ffmpeg.gpu_proof import Proof, prove_all
from adapters.ffmpeg.gpu_sessions import NoSession, Session, session
from adapters.ffmpeg.identity import NotFFmpeg, identify
from adapters.ffmpeg.probe import parse_probe
from adapters.ffmpeg.sandbox.box import gpu_devices
from jobs import admission, dispatch, faults
from jobs.attempts import Faulted, HandedBack, Running
from jobs.faults import Bucket, Fault
from jobs.leases import LeaseLost
from jobs.models import Attempt, Rendition, Source, Step
from jobs.routing import TRANSCODE_GPU
from jobs.states import StepState

log = structlog.get_logger(__name__)

# A proof is believed so long; one that found nothing though there is a GPU is soon made again.
_BELIEVED_SECONDS = 600.0
_DISBELIEVED_SECONDS = 60.0
# To prove needs a session too. Where all are taken the GPU is alive, and work goes before looking.
_PROOF_WAIT_SECONDS = 2.0
_HANDED_BACK_SECONDS = 5.0
_TIMES_HANDED_BACK = 10
_FULL = "gpu_session_limit"
_DOUBTFUL = frozenset({Bucket.OPERATIONAL, Bucket.STALLED})


@dataclass(frozen=True, slots=True)
class Proven:
    """What came of the last proof. `at` is in seconds since 1970."""

    at: float
    proofs: tuple[Proof, ...]
    decoding: bool

    @property
    def encoders(self) -> list[str]:
        return [proof.encoder for proof in self.proofs if proof.problem is None]

    @property
    def problems(self) -> dict[str, str]:
        """Why not, for each of the others."""
        return {proof.encoder: proof.problem for proof in self.proofs if proof.problem is not None}

    def of(self, encoder: str) -> Proof:
        return next(proof for proof in self.proofs if proof.encoder == encoder)

    def decodes(self, codec: str, like: str) -> bool:
        """Whether the GPU that runs the encoder `like` has decoded this codec too."""
        family = video_encoder(like).hardware
        for proof in self.proofs:
            encoder = video_encoder(proof.encoder)
            if proof.decodes and encoder.hardware is family and encoder.codec == codec:
                return True
        return False


@dataclass(frozen=True, slots=True)
class Lent:
    """What one encode may use; nothing, if its encoder is the CPU's."""

    gpu: Gpu | None
    devices: tuple[Path, ...]


def proven(*, anew: bool = False) -> Proven:
    """What this machine's GPU can do, proven again where that was too long ago or has been doubted; or `anew`.

    Raises NoSession where all sessions are taken and nothing is known, NotFFmpeg, OSError.
    """
    record = _record()
    if not anew and (found := _read(record)):
        return found
    began = time.time()
    with _alone(record):
        found = _read(record)
        # Whoever had to wait takes what was found meanwhile.
        if found and (not anew or found.at >= began):
            return found
        try:
            with session(_folder(), settings.GPU_SESSIONS, wait_seconds=_PROOF_WAIT_SECONDS) as held:
                proofs = prove_all(settings.FFMPEG_BINARY, held, decoding=settings.GPU_DECODE)
        except NoSession:
            if found := _read(record, at_any_age=True):
                return found
            raise
        made = Proven(time.time(), proofs, settings.GPU_DECODE)
        _write(record, made)
        return made


def last() -> Proven | None:
    """What was proven last, however long ago; None where it was doubted. It proves nothing by itself."""
    return _read(_record(), at_any_age=True)


def doubt() -> None:
    """Forget what was proven: something has failed that should not have."""
    with suppress(FileNotFoundError):
        _record().unlink()


@contextmanager
def lent(running: Running, encode: Encode) -> Iterator[Lent]:
    """The GPU for one encode, if its encoder needs it: proven, and one of its sessions. The heartbeat runs meanwhile.

    Raises Faulted where the encoder is not proven here, HandedBack where no session came free, LeaseLost.
    """
    name = encode.video.encoder if encode.video else ""
    if name not in GPU_ENCODERS:
        yield Lent(None, ())
        return
    gpu = _gpu(running, encode, name)
    with _session(running) as held:
        try:
            yield Lent(gpu, held.devices)
        except Faulted as error:
            if error.fault.code == _FULL:
                _be_patient(running, error.fault)
            elif error.fault.bucket in _DOUBTFUL:
                log.warning("GPU doubted", encoder=name, fault=error.fault.code, detail=error.fault.detail)
                doubt()
            raise


def _be_patient(running: Running, fault: Fault) -> None:
    """The GPU works, and is full of what we do not count: without a fallback the step tries its luck a few times more.

    Raises HandedBack, later and later; nothing once that is enough.
    """
    step = Step.objects.get(id=running.claim.step_id)
    since = step.epoch - step.attempts - _TIMES_HANDED_BACK
    earlier = Attempt.objects.filter(step=step, epoch__gt=since, fault_code=_FULL).count()
    if not step.has_fallback and earlier < _TIMES_HANDED_BACK:
        raise HandedBack(fault, delay_seconds=_HANDED_BACK_SECONDS * (earlier + 1))


def is_for_another(step_id: UUID, worker: str) -> bool:
    """Whether this step had better be left to a worker that has proven its encoder; then it is due again in a moment.

    Where no live worker has, one may come back: a step without a fallback gives it GPU_WAIT_SECONDS. After that, or
    with a fallback, whoever comes takes the step, and says so with the attempt.
    """
    name = (
        Rendition.objects.filter(step_id=step_id, step__state=StepState.READY, step__queue=TRANSCODE_GPU)
        .values_list("spec__encode__video__encoder", flat=True)
        .first()
    )
    if name not in GPU_ENCODERS:
        return False
    try:
        if proven().of(name).problem is None:
            return False
    except (NoSession, NotFFmpeg, OSError) as error:
        log.warning("GPU not proven", error=str(error))
    may_wait = Step.objects.filter(
        id=step_id, has_fallback=False, ready_at__gt=Now() - timedelta(seconds=settings.GPU_WAIT_SECONDS)
    )
    if not admission.has_proven(name, besides=worker) and not may_wait.exists():
        return False
    dispatch.take_back([Step(id=step_id)])
    return True


def _gpu(running: Running, encode: Encode, name: str) -> Gpu:
    try:
        found = proven()
    except NoSession as error:
        raise HandedBack(faults.fault(_FULL, str(error)), delay_seconds=_HANDED_BACK_SECONDS) from error
    except NotFFmpeg as error:
        raise Faulted(faults.fault("binary_missing", str(error))) from error
    proof = found.of(name)
    if proof.problem is not None:
        raise Faulted(faults.fault("encoder_not_proven", f"{name}: {proof.problem}"))
    codec = _source_codec(running, encode) if settings.GPU_DECODE else None
    return Gpu(proof.node or Gpu().node, decodes=codec is not None and found.decodes(codec, like=name))


def _source_codec(running: Running, encode: Encode) -> str | None:
    probe = parse_probe(Source.objects.get(job_id=running.claim.job_id, position=0).probe)
    index = encode.video.stream_index if encode.video else None
    return next((stream.codec for stream in probe.video if stream.index == index), None)


@contextmanager
def _session(running: Running) -> Iterator[Session]:
    wait = settings.GPU_WAIT_SECONDS
    try:
        with session(_folder(), settings.GPU_SESSIONS, wait_seconds=wait, is_wanted=running.is_held) as held:
            yield held
    except NoSession as error:
        if not running.is_held():
            raise LeaseLost("while it waited for a session of the GPU") from error
        raise HandedBack(faults.fault(_FULL, str(error)), delay_seconds=_HANDED_BACK_SECONDS) from error


# --- the file ---------------------------------------------------------------------------------------------
def _folder() -> Path:
    folder: Path = settings.WORK_DIR / "gpu"
    return folder


def _record() -> Path:
    """Of this build: another one may have other encoders."""
    identity = identify(settings.FFMPEG_BINARY, settings.CONTAINER_DIGEST)
    return _folder() / f"proven-{identity.sha256[:16]}.json"


def _read(record: Path, *, at_any_age: bool = False) -> Proven | None:
    try:
        document = json.loads(record.read_text(encoding="utf-8"))
        proofs = tuple(Proof(**proof) for proof in document["proofs"])
        found = Proven(document["at"], proofs, document["decoding"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    if {proof.encoder for proof in proofs} != set(GPU_ENCODERS) or found.decoding != settings.GPU_DECODE:
        return None
    believed = _DISBELIEVED_SECONDS if gpu_devices() and not found.encoders else _BELIEVED_SECONDS
    return found if at_any_age or 0 <= time.time() - found.at < believed else None


def _write(record: Path, made: Proven) -> None:
    partial = record.with_suffix(f".{os.getpid()}")
    partial.write_text(json.dumps(asdict(made)), encoding="utf-8")
    partial.rename(record)


@contextmanager
def _alone(record: Path) -> Iterator[None]:
    """One proof at a time on a machine: two would take each other's sessions, and find less than there is."""
    record.parent.mkdir(parents=True, exist_ok=True)
    with record.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(lock, fcntl.LOCK_UN)  # said aloud, as a session is given back
