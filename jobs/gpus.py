"""Who may use this machine's GPU: an encode that needs it, where it was proven, while a session is free."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import structlog
from django.conf import settings
from django.db.models.functions import Now

from adapters.ffmpeg.encode import Encode
from adapters.ffmpeg.encoders import GPU_ENCODERS, Gpu
from adapters.ffmpeg.gpu_sessions import NoSession, Session, session
from adapters.ffmpeg.identity import NotFFmpeg
from adapters.ffmpeg.probe import parse_probe
from jobs import admission, dispatch, faults
from jobs.attempts import Faulted, HandedBack, Running
from jobs.faults import Bucket, Fault
from jobs.gpu_proofs import doubt, folder, proven
from jobs.leases import LeaseLost
from jobs.models import Attempt, Rendition, Source, Step
from jobs.routing import TRANSCODE_GPU
from jobs.states import StepState

log = structlog.get_logger(__name__)

_HANDED_BACK_SECONDS = 5.0
_TIMES_HANDED_BACK = 10
_FULL = "gpu_session_limit"
_DOUBTFUL = frozenset({Bucket.OPERATIONAL, Bucket.STALLED})


@dataclass(frozen=True, slots=True)
class Lent:
    """What one encode may use; nothing, if its encoder is the CPU's."""

    gpu: Gpu | None
    devices: tuple[Path, ...]


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
        with session(folder(), settings.GPU_SESSIONS, wait_seconds=wait, is_wanted=running.is_held) as held:
            yield held
    except NoSession as error:
        if not running.is_held():
            raise LeaseLost("while it waited for a session of the GPU") from error
        raise HandedBack(faults.fault(_FULL, str(error)), delay_seconds=_HANDED_BACK_SECONDS) from error
