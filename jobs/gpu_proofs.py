"""What this machine's GPU has proven, for all of its processes.

The answer lies in a file of the work folder, so that each process knows what another has found out. A GPU that fails
is doubted: the file goes, and whoever needs it next proves anew. A driver may die, and come back.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings

from adapters.ffmpeg.encoders import GPU_ENCODERS, video_encoder
from adapters.ffmpeg.gpu_proof import Proof, prove_all
from adapters.ffmpeg.gpu_sessions import NoSession, session
from adapters.ffmpeg.identity import identify
from adapters.ffmpeg.sandbox.box import gpu_devices

# A proof is believed so long; one that found nothing though there is a GPU is soon made again.
_BELIEVED_SECONDS = 600.0
_DISBELIEVED_SECONDS = 60.0
# To prove needs a session too. Where all are taken the GPU is alive, and work goes before looking.
_PROOF_WAIT_SECONDS = 2.0


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
            with session(folder(), settings.GPU_SESSIONS, wait_seconds=_PROOF_WAIT_SECONDS) as held:
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


def folder() -> Path:
    """Where this machine's processes keep what they know of its GPU, and its sessions."""
    found: Path = settings.WORK_DIR / "gpu"
    return found


def _record() -> Path:
    """Of this build: another one may have other encoders."""
    identity = identify(settings.FFMPEG_BINARY, settings.CONTAINER_DIGEST)
    return folder() / f"proven-{identity.sha256[:16]}.json"


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
